"""
The analysis of a model's predictions, as a report shows it.
"""

from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import Any, Optional, Sequence

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
from dts_ee.metrics import MetricKey, Score, UnrelatedSentences
from dts_ee.tasks import ENTITIES, RELATIONS, TASKS, Task

LEAST_PROBABILITY = 0.001
"""Relations between predicted entities that are less probable are left out of the analysis."""

THRESHOLDS = tuple(i / 20 for i in range(1, 20))
"""The thresholds of the table of precision, recall and F1: 0.05 to 0.95."""


@dataclass(frozen=True)
class TypeScore:
    """
    The strict score of one type, and its counts.

    # Parameters

    type : `str`
        The type.
    gold, predicted, right : `int`
        How many items of it there are.
    score : `Score`
        The metric's score.
    """

    type: str
    gold: int
    predicted: int
    right: int
    score: Score


@dataclass(frozen=True)
class TaskAnalysis:
    """
    The analysis of the entities, the relations, or the items of another task.

    # Parameters

    scores : `dict[MetricKey, Score]`
        The averages under each protocol.
    types : `list[TypeScore]`
        The score of each type that is gold or predicted, in alphabetical order.
    matches : `list[list[Match]]`
        The matches of each document.
    confusion : `ConfusionMatrix`
        How often a type was predicted as another.
    reliability : `list[ReliabilityBin]`
        How often predictions of about the same probability are right; empty without predictions.
    """

    scores: dict[MetricKey, Score]
    types: list[TypeScore]
    matches: list[list[Match]]
    confusion: ConfusionMatrix
    reliability: list[ReliabilityBin]

    @property
    def errors(self) -> Counter[str]:
        """How many matches of each kind there are."""
        return Counter(match.kind for matches in self.matches for match in matches)

    def to_json(self) -> dict[str, Any]:
        """The scores, counts and confusion matrix, without the matches of single documents."""
        return {
            "scores": {
                protocol: {
                    key.average: asdict(score)
                    for key, score in self.scores.items()
                    if key.protocol == protocol
                }
                for protocol in dict.fromkeys(key.protocol for key in self.scores)
            },
            "types": [asdict(of_type) for of_type in self.types],
            "errors": dict(self.errors),
            "confusion": asdict(self.confusion),
            "reliability": [asdict(of_bin) for of_bin in self.reliability],
        }


@dataclass(frozen=True)
class PredictionsAnalysis:
    """
    The analysis of predictions.

    # Parameters

    predictions : `list[Prediction]`
        What the model predicts.
    tasks : `dict[str, TaskAnalysis]`
        The analysis of each task, by its name: entities always, other tasks if there are gold or
        predicted items.
    relation_threshold : `float`, optional
        The model's Θ.
    curve : `list[ThresholdScore]`
        The scores of the relations at every threshold that makes a difference.
    at_thresholds : `list[ThresholdScore]`
        The scores at `THRESHOLDS`.
    unrelated : `UnrelatedSentences`
        The sentences in which entities only occur together.
    """

    predictions: list[Prediction]
    tasks: dict[str, TaskAnalysis]
    relation_threshold: Optional[float]
    curve: list[ThresholdScore]
    at_thresholds: list[ThresholdScore]
    unrelated: UnrelatedSentences

    @property
    def entities(self) -> TaskAnalysis:
        """The analysis of the entities."""
        return self.tasks[ENTITIES.name]

    @property
    def relations(self) -> Optional[TaskAnalysis]:
        """The analysis of the relations, if there is one."""
        return self.tasks.get(RELATIONS.name)

    def to_json(self) -> dict[str, Any]:
        """What the report shows, without the documents."""
        return {
            "documents": len(self.predictions),
            "relation_threshold": self.relation_threshold,
            "tasks": {name: task.to_json() for name, task in self.tasks.items()},
            "relations_at_thresholds": [asdict(score) for score in self.at_thresholds],
            "sentences_without_relations": asdict(self.unrelated),
        }


def analyse_predictions(
    candidates: Sequence[Prediction], relation_threshold: Optional[float]
) -> PredictionsAnalysis:
    """
    # Parameters

    candidates : `Sequence[Prediction]`
        What `predict_candidates` returned, with relations from `LEAST_PROBABILITY` on.
    relation_threshold : `float`, optional
        The model's Θ: relations below it are not predictions. `None` for a model without relations.
    """
    predictions = [
        Prediction(_above(candidate.predicted, relation_threshold), candidate.gold)
        for candidate in candidates
    ]
    probable = {ENTITIES.name: entity_candidates(predictions)}
    curve: list[ThresholdScore] = []
    at_thresholds: list[ThresholdScore] = []
    has_relations = False
    if relation_threshold is not None:
        # Relations below the threshold are candidates, too.
        found = probable[RELATIONS.name] = relation_candidates(candidates)
        num_gold = sum(len(candidate.gold.relations) for candidate in candidates)
        has_relations = bool(num_gold or found)
        if has_relations:
            curve = precision_recall_curve(found, num_gold)
            at_thresholds = scores_at(found, num_gold, THRESHOLDS)
    tasks = {}
    for name, task in TASKS.items():
        if name == RELATIONS.name and not has_relations:
            continue
        analysis = _analyse_task(task, predictions, reliability(probable.get(name, [])))
        if name in probable or analysis.types:
            tasks[name] = analysis
    unrelated = UnrelatedSentences()
    for prediction in predictions:
        unrelated.count(prediction.predicted, prediction.gold)
    return PredictionsAnalysis(
        predictions, tasks, relation_threshold, curve, at_thresholds, unrelated
    )


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
