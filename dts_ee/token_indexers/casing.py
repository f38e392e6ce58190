"""Indexes tokens by their casing."""

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
"""The classes of `casing_class`."""


def casing_class(word: str) -> str:
    """
    The casing class of a word (Crone 2020, arXiv 2002.06424).

    `numeric`: all characters are digits. `lower`, `upper`, `title`: all characters are letters, in
    this case. `mainly_numeric`: at least half of the characters are digits. `contains_digit`: at
    least one is. `other`: any other word.
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
    Indexes a token by its casing class, for the embedder `casing`.

    Registered as a `TokenIndexer` with name `"casing"`.

    The index is 1 plus the index of the class in `CASING_CLASSES`; 0 is padding. The vocabulary is
    not used.

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
