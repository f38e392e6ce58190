"""
All that a report says about a model's predictions.
"""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Optional, Sequence

from dts_ee.analysis.candidates import (
    ReliabilityBin,
    ThresholdScore,
    entity_candidates,
    precision_recall_curve,
    relation_candidates,
    reliability,
    scores_at,
)
from dts_ee.analysis.confusion import ConfusionMatrix, TypedMatch, confusion_matrix
from dts_ee.analysis.matching import (
    RIGHT,
    WRONG_BOUNDARY,
    WRONG_DIRECTION,
    Match,
    match_entities,
    match_relations,
)
from dts_ee.document import Document, Entity, Relation
from dts_ee.metrics import EntityF1, RelationF1, Score
from dts_ee.metrics.document_f1 import DocumentF1
from dts_ee.runs.predictions import Prediction

LEAST_PROBABILITY = 0.001
"""Relations between predicted entities that are less probable are left out of the analysis."""

THRESHOLDS = tuple(i / 20 for i in range(1, 20))
"""Those at which precision, recall and F1 are given: 0.05 to 0.95."""


@dataclass(frozen=True)
class ProtocolScore:
    """
    A line of the table of scores.

    # Parameters

    protocol : `str`
        `"strict"`, `"boundaries"` or `"gold_pairs"`.
    average : `str`
        `"micro"` or `"macro"`.
    score : `Score`
        As the metric has it.
    """

    protocol: str
    average: str
    score: Score


@dataclass(frozen=True)
class TypeScore:
    """
    The strict score of one type, and what it is from.

    # Parameters

    type : `str`
        The type.
    gold, predicted, right : `int`
        How many items of it there are.
    score : `Score`
        As the metric has it.
    """

    type: str
    gold: int
    predicted: int
    right: int
    score: Score


@dataclass(frozen=True)
class TaskAnalysis:
    """
    What is to be said about the entities, or about the relations.

    # Parameters

    scores : `list[ProtocolScore]`
        Under each protocol.
    types : `list[TypeScore]`
        Of each type that is gold or predicted, in alphabetical order.
    matches : `list[list[Match]]`
        Of each document.
    confusion : `ConfusionMatrix`
        Which type was taken for which.
    reliability : `list[ReliabilityBin]`
        How often predictions of some probability are right; empty where there are none.
    """

    scores: list[ProtocolScore]
    types: list[TypeScore]
    matches: list[list[Match]]
    confusion: ConfusionMatrix
    reliability: list[ReliabilityBin]

    @property
    def errors(self) -> Counter[str]:
        """How many matches of each kind there are."""
        return Counter(match.kind for listed in self.matches for match in listed)


@dataclass(frozen=True)
class PredictionsAnalysis:
    """
    All that a report says about predictions.

    # Parameters

    predictions : `list[Prediction]`
        What the model predicts.
    entities : `TaskAnalysis`
        The entities.
    relations : `TaskAnalysis`, optional
        The relations; `None` where there are neither gold nor predicted ones.
    relation_threshold : `float`, optional
        The model's Θ.
    curve : `list[ThresholdScore]`
        The scores of the relations at every threshold that makes a difference.
    at_thresholds : `list[ThresholdScore]`
        Those at `THRESHOLDS`.
    """

    predictions: list[Prediction]
    entities: TaskAnalysis
    relations: Optional[TaskAnalysis]
    relation_threshold: Optional[float]
    curve: list[ThresholdScore]
    at_thresholds: list[ThresholdScore]


def analyse_predictions(
    candidates: Sequence[Prediction], relation_threshold: Optional[float]
) -> PredictionsAnalysis:
    """
    # Parameters

    candidates : `Sequence[Prediction]`
        What `predict_candidates` found, with relations from `LEAST_PROBABILITY` on.
    relation_threshold : `float`, optional
        The model's Θ: the relations that do not reach it are none of its predictions. `None` for a
        model without relations.
    """
    predictions = [
        Prediction(_above(each.predicted, relation_threshold), each.gold) for each in candidates
    ]
    relations = None
    curve: list[ThresholdScore] = []
    at_thresholds: list[ThresholdScore] = []
    num_gold = sum(len(each.gold.relations) for each in candidates)
    found = relation_candidates(candidates)
    if relation_threshold is not None and (num_gold or found):
        matches = [match_relations(each) for each in predictions]
        relations = TaskAnalysis(
            *_scores(RelationF1(), predictions, matches),
            matches,
            confusion_matrix(
                _typed(predictions, matches, "relations"), (WRONG_BOUNDARY, WRONG_DIRECTION)
            ),
            reliability(found),
        )
        curve = precision_recall_curve(found, num_gold)
        at_thresholds = scores_at(found, num_gold, THRESHOLDS)
    entity_matches = [match_entities(each) for each in predictions]
    return PredictionsAnalysis(
        predictions,
        TaskAnalysis(
            *_scores(EntityF1(), predictions, entity_matches),
            entity_matches,
            confusion_matrix(_typed(predictions, entity_matches, "entities")),
            reliability(entity_candidates(predictions)),
        ),
        relations,
        relation_threshold,
        curve,
        at_thresholds,
    )


def _above(document: Document, threshold: Optional[float]) -> Document:
    """The document with the relations that reach a threshold."""
    kept = [
        relation
        for relation in document.relations
        if threshold is None or relation.probability is None or relation.probability >= threshold
    ]
    return replace(document, relations=tuple(kept))


def _scores(
    metric: DocumentF1, predictions: Sequence[Prediction], matches: Sequence[Sequence[Match]]
) -> tuple[list[ProtocolScore], list[TypeScore]]:
    metric([each.predicted for each in predictions], [each.gold for each in predictions])
    numbers = metric.get_metric()

    def named(name: str) -> Score:
        return Score(*(numbers[f"{name}_{part}"] for part in ("precision", "recall", "f1")))

    protocols = []
    for protocol in metric.protocols:
        prefix = metric.name if protocol == "strict" else f"{metric.name}_{protocol}"
        protocols.append(ProtocolScore(protocol, "micro", named(prefix)))
        if protocol not in metric.untyped_protocols:
            protocols.append(ProtocolScore(protocol, "macro", named(f"{prefix}_macro")))
    gold: Counter[str] = Counter()
    predicted: Counter[str] = Counter()
    right: Counter[str] = Counter()
    field = "entities" if metric.name == "entity" else "relations"
    for each in _typed(predictions, matches, field):
        gold.update([each.gold_type] if each.gold_type is not None else [])
        predicted.update([each.predicted_type] if each.predicted_type is not None else [])
        if each.match.kind == RIGHT:
            right.update([each.gold_type or ""])
    types = [
        TypeScore(
            type,
            gold[type],
            predicted[type],
            right[type],
            Score.from_counts(right[type], predicted[type], gold[type]),
        )
        for type in sorted(gold.keys() | predicted.keys())
    ]
    return protocols, types


def _typed(
    predictions: Sequence[Prediction], matches: Sequence[Sequence[Match]], field: str
) -> list[TypedMatch]:
    """The matches with types, of `"entities"` or `"relations"`."""

    def type_of(document: Document, index: Optional[int]) -> Optional[str]:
        items: Sequence[Entity | Relation] = getattr(document, field)
        return None if index is None else items[index].type

    return [
        TypedMatch(match, type_of(each.gold, match.gold), type_of(each.predicted, match.predicted))
        for each, listed in zip(predictions, matches, strict=True)
        for match in listed
    ]
