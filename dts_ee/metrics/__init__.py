"""Precision, recall and F1 of the entities and relations in `Document`s."""

from dts_ee.metrics.counts import Score, TypedCounts
from dts_ee.metrics.document_f1 import DocumentF1
from dts_ee.metrics.entity_f1 import EntityF1
from dts_ee.metrics.metric_key import MetricKey, Scores
from dts_ee.metrics.relation_f1 import RelationF1
from dts_ee.metrics.unrelated_sentences import UnrelatedSentences

__all__ = [
    "DocumentF1",
    "EntityF1",
    "MetricKey",
    "RelationF1",
    "Score",
    "Scores",
    "TypedCounts",
    "UnrelatedSentences",
]
