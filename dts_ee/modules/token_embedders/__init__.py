"""Embedders: the vectors of tokens."""

from dts_ee.modules.token_embedders.casing import CasingEmbedder
from dts_ee.modules.token_embedders.distinct_characters import DistinctCharactersEncoder
from dts_ee.modules.token_embedders.fine_tuned_transformer import FineTunedTransformerEmbedder
from dts_ee.modules.token_embedders.frozen_elmo import FrozenElmoEmbedder
from dts_ee.modules.token_embedders.frozen_transformer import FrozenTransformerEmbedder
from dts_ee.modules.token_embedders.spacy_vectors import SpacyVectorsEmbedder

__all__ = [
    "CasingEmbedder",
    "DistinctCharactersEncoder",
    "FineTunedTransformerEmbedder",
    "FrozenElmoEmbedder",
    "FrozenTransformerEmbedder",
    "SpacyVectorsEmbedder",
]
