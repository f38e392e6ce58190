"""Features of a pair of entities, which the relation scorer reads."""

from dts_ee.modules.pair_features.bilinear import BilinearFeature
from dts_ee.modules.pair_features.context import ContextFeature
from dts_ee.modules.pair_features.cosine import CosineFeature
from dts_ee.modules.pair_features.distance import DistanceFeature
from dts_ee.modules.pair_features.distmult import DistMultFeature
from dts_ee.modules.pair_features.entity_markers import EntityMarkersFeature
from dts_ee.modules.pair_features.pair_feature import PairFeature

__all__ = [
    "BilinearFeature",
    "ContextFeature",
    "CosineFeature",
    "DistMultFeature",
    "DistanceFeature",
    "EntityMarkersFeature",
    "PairFeature",
]
