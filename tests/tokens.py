"""Tokens for the tests."""

from typing import List, Sequence, Tuple, Union

from allennlp.data.tokenizers import Token

from dts_ee.token_indexers import TokensInContext

Words = Sequence[str]


def tokens_of(words: Union[Words, Tuple[Words, Words, Words]]) -> List[Token]:
    """The tokens of words, or of a triple of the words before, in and after a sentence."""
    if isinstance(words, tuple):
        before, sentence, after = words
        return TokensInContext(map(Token, sentence), before, after)
    return [Token(word) for word in words]
