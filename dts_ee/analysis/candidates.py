"""
Candidates: what a model could predict, with its probability, and whether it is right.
"""

from dataclasses import dataclass
from typing import Iterable, Sequence

from dts_ee.corpora.predictions import Prediction
from dts_ee.metrics import EntityF1, RelationF1, Score


@dataclass(frozen=True)
class Candidate:
    """
    One entity or relation.

    # Parameters

    probability : `float`
        The model's probability.
    right : `bool`
        Whether it is gold, under the strict protocol.
    """

    probability: float
    right: bool


@dataclass(frozen=True)
class ThresholdScore:
    """The score of the candidates with at least a probability."""

    threshold: float
    score: Score


@dataclass(frozen=True)
class ReliabilityBin:
    """
    Candidates of about the same probability.

    # Parameters

    lowest, highest : `float`
        The bounds of the probability; the upper bound is exclusive, except in the last bin.
    number : `int`
        How many candidates there are; at least one.
    mean_probability : `float`
        The mean of their probabilities.
    share_right : `float`
        The share of them that is right.
    """

    lowest: float
    highest: float
    number: int
    mean_probability: float
    share_right: float


def entity_candidates(predictions: Iterable[Prediction]) -> list[Candidate]:
    """The predicted entities with a probability; a tagger's and given entities have none."""
    metric = EntityF1()
    candidates = []
    for prediction in predictions:
        _, gold = metric.items("strict", prediction.predicted, prediction.gold)
        candidates += [
            Candidate(entity.probability, (entity.type, entity.span) in gold)
            for entity in prediction.predicted.entities
            if entity.probability is not None
        ]
    return candidates


def relation_candidates(predictions: Iterable[Prediction]) -> list[Candidate]:
    """The predicted relations; to have all candidates, predict with a low threshold."""
    metric = RelationF1()
    candidates = []
    for prediction in predictions:
        entities = prediction.predicted.entities
        _, gold = metric.items("strict", prediction.predicted, prediction.gold)
        candidates += [
            Candidate(
                relation.probability,
                (relation.type, entities[relation.head], entities[relation.tail]) in gold,
            )
            for relation in prediction.predicted.relations
            if relation.probability is not None
        ]
    return candidates


def scores_at(
    candidates: Sequence[Candidate], num_gold: int, thresholds: Iterable[float]
) -> list[ThresholdScore]:
    """
    The micro score at each threshold, as the metrics compute it.

    # Parameters

    candidates : `Sequence[Candidate]`
        All candidates with at least the lowest threshold as their probability.
    num_gold : `int`
        How many gold items there are.
    thresholds : `Iterable[float]`
        The thresholds.
    """
    scores = []
    for threshold in thresholds:
        kept = [c.right for c in candidates if c.probability >= threshold]
        scores.append(ThresholdScore(threshold, Score.from_counts(sum(kept), len(kept), num_gold)))
    return scores


def precision_recall_curve(candidates: Sequence[Candidate], num_gold: int) -> list[ThresholdScore]:
    """
    The scores at every threshold that makes a difference, from the highest on.

    # Parameters

    candidates : `Sequence[Candidate]`
        The candidates.
    num_gold : `int`
        How many gold items there are, including those that are not among the candidates.
    """
    ranked = sorted(candidates, key=lambda candidate: -candidate.probability)
    curve = []
    correct = 0
    for number, candidate in enumerate(ranked, start=1):
        correct += candidate.right
        if number == len(ranked) or ranked[number].probability < candidate.probability:
            score = Score.from_counts(correct, number, num_gold)
            curve.append(ThresholdScore(candidate.probability, score))
    return curve


def average_precision(curve: Sequence[ThresholdScore]) -> float:
    """The area under a precision–recall curve: the precisions, weighted by the gain in recall."""
    recalls = [0.0, *(point.score.recall for point in curve)]
    gains = (after - before for before, after in zip(recalls, recalls[1:], strict=False))
    return sum(gain * point.score.precision for gain, point in zip(gains, curve, strict=True))


def reliability(candidates: Iterable[Candidate], num_bins: int = 10) -> list[ReliabilityBin]:
    """
    How often candidates of about the same probability are right (DeGroot and Fienberg 1983).

    # Parameters

    candidates : `Iterable[Candidate]`
        The candidates.
    num_bins : `int`, optional (default = `10`)
        The number of bins of equal width; empty bins are left out.
    """
    bins: list[list[Candidate]] = [[] for _ in range(num_bins)]
    for candidate in candidates:
        bins[min(int(candidate.probability * num_bins), num_bins - 1)].append(candidate)
    return [
        ReliabilityBin(
            lowest=i / num_bins,
            highest=(i + 1) / num_bins,
            number=len(members),
            mean_probability=sum(candidate.probability for candidate in members) / len(members),
            share_right=sum(candidate.right for candidate in members) / len(members),
        )
        for i, members in enumerate(bins)
        if members
    ]


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """
    The difference of probability and share that is right, averaged over the bins by their sizes
    (Naeini et al. 2015); 0 without bins.
    """
    total = sum(b.number for b in bins)
    gaps = (b.number * abs(b.mean_probability - b.share_right) for b in bins)
    return sum(gaps) / max(total, 1)
