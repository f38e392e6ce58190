"""
The positions of tokens in the text of a sentence.
"""

from typing import Sequence

from dts_ee.characters import is_blank
from dts_ee.document import DocumentError


def align_tokens(tokens: Sequence[str], text: str) -> tuple[tuple[int, int], ...]:
    """
    The character span of each token in `text`; the end is exclusive.

    # Raises

    `DocumentError`
        If the text is not the tokens in their order, with nothing around and between them but white
        space and invisible characters.
    """
    offsets = []
    position = 0
    for i, token in enumerate(tokens):
        while (
            position < len(text)
            and not text.startswith(token, position)
            and is_blank(text[position])
        ):
            position += 1
        if not text.startswith(token, position):
            raise DocumentError(
                f"the tokens do not make up the sentence: tokens[{i}] is {token!r}, but the "
                f"sentence goes on with {text[position : position + len(token)]!r} at character "
                f"{position}",
                "sentence",
            )
        offsets.append((position, position + len(token)))
        position += len(token)
    if not is_blank(text[position:]):
        raise DocumentError(
            f"the tokens do not make up the sentence: {text[position:]!r} is left over", "sentence"
        )
    return tuple(offsets)
