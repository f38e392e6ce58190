"""Token indexers: the inputs of embedders."""

from dts_ee.token_indexers.casing import CasingIndexer
from dts_ee.token_indexers.spacy_vectors import SpacyVectorsIndexer
from dts_ee.token_indexers.tokens_in_context import TokensInContext
from dts_ee.token_indexers.word_pieces import WordPiecesIndexer

__all__ = ["CasingIndexer", "SpacyVectorsIndexer", "TokensInContext", "WordPiecesIndexer"]
