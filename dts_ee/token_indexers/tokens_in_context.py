"""The tokens of a sentence, with the words around it."""

from typing import Iterable, List, Sequence

from allennlp.data.tokenizers import Token


class TokensInContext(List[Token]):
    """
    The tokens of a sentence, as a `TextField` and its indexers expect them. The indexer
    `word_pieces` takes the words of the neighbouring sentences too.

    # Parameters

    tokens : `Iterable[Token]`
        The tokens of the sentence.
    before, after : `Sequence[str]`
        The words before and after it.
    """

    def __init__(
        self, tokens: Iterable[Token], before: Sequence[str], after: Sequence[str]
    ) -> None:
        super().__init__(tokens)
        self.before = before
        self.after = after
