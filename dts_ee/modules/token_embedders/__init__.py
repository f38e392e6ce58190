"""
Token embedders.
"""

from dts_ee.modules.token_embedders.casing import CasingEmbedder
from dts_ee.modules.token_embedders.distinct_characters import DistinctCharactersEncoder
from dts_ee.modules.token_embedders.frozen_elmo import FrozenElmoEmbedder
from dts_ee.modules.token_embedders.frozen_transformer import FrozenTransformerEmbedder
from dts_ee.modules.token_embedders.spacy_vectors import SpacyVectorsEmbedder

__all__ = [
    "CasingEmbedder",
    "DistinctCharactersEncoder",
    "FrozenElmoEmbedder",
    "FrozenTransformerEmbedder",
    "SpacyVectorsEmbedder",
]
