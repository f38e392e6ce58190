"""
Counts over entities and relations of `Document`s.
"""

from dts_ee.metrics.counts import Score, TypedCounts
from dts_ee.metrics.entity_f1 import EntityF1
from dts_ee.metrics.relation_f1 import RelationF1

__all__ = ["EntityF1", "RelationF1", "Score", "TypedCounts"]
