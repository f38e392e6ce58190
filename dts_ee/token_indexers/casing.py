"""
How a word is written: its case and its digits.
"""

from typing import Dict, List

from allennlp.data import Token, TokenIndexer, Vocabulary
from allennlp.data.token_indexers.token_indexer import IndexedTokenList

CASING_CLASSES = (
    "numeric",
    "lower",
    "upper",
    "title",
    "mainly_numeric",
    "contains_digit",
    "other",
)
"""The classes of `casing_class`, in the order in which they are tried."""


def casing_class(word: str) -> str:
    """
    The first of these that fits: every character is a digit; every one a letter, and the word lower
    case, upper case, or title case; at least half of its characters are digits; at least one is;
    other.

    The classes follow Crone (2020, arXiv 2002.06424).
    """
    digits = sum(character.isdigit() for character in word)
    if digits:
        if digits == len(word):
            return "numeric"
        return "mainly_numeric" if 2 * digits >= len(word) else "contains_digit"
    if word.isalpha():
        if word.islower():
            return "lower"
        if word.isupper():
            return "upper"
        if word.istitle():
            return "title"
    return "other"


@TokenIndexer.register("casing")
class CasingIndexer(TokenIndexer):
    """
    Indexes a token by how it is written, for the embedder `casing`.

    Registered as a `TokenIndexer` with name `"casing"`.

    The index is 1 more than the index of `casing_class` in `CASING_CLASSES`: 0 is padding. The
    vocabulary is not used.

    # Parameters

    token_min_padding_length : `int`, optional (default = `0`)
        See `TokenIndexer`.
    """

    def count_vocab_items(self, token: Token, counter: Dict[str, Dict[str, int]]) -> None:
        pass

    def tokens_to_indices(self, tokens: List[Token], vocabulary: Vocabulary) -> IndexedTokenList:
        return {
            "tokens": [
                1 + CASING_CLASSES.index(casing_class(token.ensure_text())) for token in tokens
            ]
        }

    def get_empty_token_list(self) -> IndexedTokenList:
        return {"tokens": []}
