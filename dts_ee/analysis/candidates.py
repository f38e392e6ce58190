"""
What a model could have predicted, with its probabilities, and what was right of it.
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
        The model's.
    right : `bool`
        Whether it is gold, under the strict protocol.
    """

    probability: float
    right: bool


@dataclass(frozen=True)
class ThresholdScore:
    """The score of those candidates whose probability reaches a threshold."""

    threshold: float
    score: Score


@dataclass(frozen=True)
class ReliabilityBin:
    """
    Candidates of about the same probability.

    # Parameters

    lowest, highest : `float`
        The bounds of the probability; the upper one is in the next bin, except in the last.
    number : `int`
        How many candidates there are; at least one.
    mean_probability : `float`
        Their mean.
    share_right : `float`
        How many of them are right, as a share.
    """

    lowest: float
    highest: float
    number: int
    mean_probability: float
    share_right: float


def entity_candidates(predictions: Iterable[Prediction]) -> list[Candidate]:
    """The predicted entities that have a probability: of a tagger's or of given ones, none."""
    metric = EntityF1()
    candidates = []
    for each in predictions:
        _, gold = metric.items("strict", each.predicted, each.gold)
        candidates += [
            Candidate(entity.probability, (entity.type, entity.span) in gold)
            for entity in each.predicted.entities
            if entity.probability is not None
        ]
    return candidates


def relation_candidates(predictions: Iterable[Prediction]) -> list[Candidate]:
    """The predicted relations; all that count, where they were predicted with a low threshold."""
    metric = RelationF1()
    candidates = []
    for each in predictions:
        entities = each.predicted.entities
        _, gold = metric.items("strict", each.predicted, each.gold)
        candidates += [
            Candidate(
                relation.probability,
                (relation.type, entities[relation.head], entities[relation.tail]) in gold,
            )
            for relation in each.predicted.relations
            if relation.probability is not None
        ]
    return candidates


def scores_at(
    candidates: Sequence[Candidate], num_gold: int, thresholds: Iterable[float]
) -> list[ThresholdScore]:
    """
    The micro score at each threshold, as the metrics would have it.

    # Parameters

    candidates : `Sequence[Candidate]`
        All that have at least the lowest of the thresholds as their probability.
    num_gold : `int`
        How many gold items there are.
    thresholds : `Iterable[float]`
        The thresholds.
    """
    scores = []
    for threshold in thresholds:
        kept = [each.right for each in candidates if each.probability >= threshold]
        scores.append(ThresholdScore(threshold, Score.from_counts(sum(kept), len(kept), num_gold)))
    return scores


def precision_recall_curve(candidates: Sequence[Candidate], num_gold: int) -> list[ThresholdScore]:
    """
    The scores at every threshold that makes a difference, from the highest on.

    # Parameters

    candidates : `Sequence[Candidate]`
        The candidates.
    num_gold : `int`
        How many gold items there are, also such as are not among the candidates.
    """
    ranked = sorted(candidates, key=lambda each: -each.probability)
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
        Into how many bins of equal width the probabilities are divided; empty ones are left out.
    """
    bins: list[list[Candidate]] = [[] for _ in range(num_bins)]
    for each in candidates:
        bins[min(int(each.probability * num_bins), num_bins - 1)].append(each)
    return [
        ReliabilityBin(
            lowest=i / num_bins,
            highest=(i + 1) / num_bins,
            number=len(members),
            mean_probability=sum(each.probability for each in members) / len(members),
            share_right=sum(each.right for each in members) / len(members),
        )
        for i, members in enumerate(bins)
        if members
    ]


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """
    How far probability and share are apart on average (Naeini et al. 2015), by the bins' sizes.

    0 where there are no bins.
    """
    total = sum(each.number for each in bins)
    gaps = (each.number * abs(each.mean_probability - each.share_right) for each in bins)
    return sum(gaps) / max(total, 1)
