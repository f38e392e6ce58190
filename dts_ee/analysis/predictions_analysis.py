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
from dts_ee.analysis.matching import Match, Matching, matching_of
from dts_ee.corpora.predictions import Prediction
from dts_ee.document import Document
from dts_ee.metrics import MetricKey, Score
from dts_ee.tasks import ENTITIES, RELATIONS, TASKS, Task

LEAST_PROBABILITY = 0.001
"""Relations between predicted entities that are less probable are left out of the analysis."""

THRESHOLDS = tuple(i / 20 for i in range(1, 20))
"""Those at which precision, recall and F1 are given: 0.05 to 0.95."""


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
    What is to be said about the entities, the relations, or what another task finds.

    # Parameters

    scores : `dict[MetricKey, Score]`
        The averages under each protocol.
    types : `list[TypeScore]`
        Of each type that is gold or predicted, in alphabetical order.
    matches : `list[list[Match]]`
        Of each document.
    confusion : `ConfusionMatrix`
        Which type was taken for which.
    reliability : `list[ReliabilityBin]`
        How often predictions of some probability are right; empty where there are none.
    """

    scores: dict[MetricKey, Score]
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
    tasks : `dict[str, TaskAnalysis]`
        By the names of the tasks: the entities; relations and others where there are gold or
        predicted ones.
    relation_threshold : `float`, optional
        The model's Θ.
    curve : `list[ThresholdScore]`
        The scores of the relations at every threshold that makes a difference.
    at_thresholds : `list[ThresholdScore]`
        Those at `THRESHOLDS`.
    """

    predictions: list[Prediction]
    tasks: dict[str, TaskAnalysis]
    relation_threshold: Optional[float]
    curve: list[ThresholdScore]
    at_thresholds: list[ThresholdScore]

    @property
    def entities(self) -> TaskAnalysis:
        """That of the entities."""
        return self.tasks[ENTITIES.name]

    @property
    def relations(self) -> Optional[TaskAnalysis]:
        """That of the relations, if there is one."""
        return self.tasks.get(RELATIONS.name)


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
    probable = {ENTITIES.name: entity_candidates(predictions)}
    curve: list[ThresholdScore] = []
    at_thresholds: list[ThresholdScore] = []
    has_relations = False
    if relation_threshold is not None:
        # Whatever the threshold is, they are candidates.
        found = probable[RELATIONS.name] = relation_candidates(candidates)
        num_gold = sum(len(candidate.gold.relations) for candidate in candidates)
        has_relations = bool(num_gold or found)
        if has_relations:
            curve = precision_recall_curve(found, num_gold)
            at_thresholds = scores_at(found, num_gold, THRESHOLDS)
    tasks = {}
    for name, task in TASKS.items():
        analysis = _analyse_task(task, predictions, reliability(probable.get(name, [])))
        if {ENTITIES.name: True, RELATIONS.name: has_relations}.get(name, bool(analysis.types)):
            tasks[name] = analysis
    return PredictionsAnalysis(predictions, tasks, relation_threshold, curve, at_thresholds)


def _above(document: Document, threshold: Optional[float]) -> Document:
    """The document with the relations that reach a threshold."""
    kept = [
        relation
        for relation in document.relations
        if threshold is None or relation.probability is None or relation.probability >= threshold
    ]
    return replace(document, relations=tuple(kept))


def _analyse_task(
    task: Task, predictions: Sequence[Prediction], bins: list[ReliabilityBin]
) -> TaskAnalysis:
    metric, matching = task.metric(), matching_of(task)
    metric(
        [prediction.predicted for prediction in predictions],
        [prediction.gold for prediction in predictions],
    )
    counts = metric.counts
    matches = [matching.match(prediction) for prediction in predictions]
    return TaskAnalysis(
        {key: score for key, score in metric.scores().items() if key.average is not None},
        [
            TypeScore(type, counts.gold[type], counts.predicted[type], counts.correct[type], score)
            for type, score in counts.by_type().items()
        ],
        matches,
        confusion_matrix(_typed(predictions, matches, matching), matching.apart),
        bins,
    )


def _typed(
    predictions: Sequence[Prediction], matches: Sequence[Sequence[Match]], matching: Matching
) -> list[TypedMatch]:
    """The matches with types."""
    typed = []
    for prediction, document_matches in zip(predictions, matches, strict=True):
        gold, predicted = matching.types(prediction.gold), matching.types(prediction.predicted)
        typed += [
            TypedMatch(
                match,
                None if match.gold is None else gold[match.gold],
                None if match.predicted is None else predicted[match.predicted],
            )
            for match in document_matches
        ]
    return typed
