"""
Characters as a reader sees them: grapheme clusters of one or more code points.
"""

from functools import cached_property
from typing import Optional
from unicodedata import normalize

from dts_ee.characters import without_invisible


class Graphemes:
    """
    The grapheme clusters of a text (Unicode Standard Annex 29): a letter with its combining marks,
    an emoji with its variation selector, skin tone or joined emoji.

    White space is never part of a cluster of several code points.

    # Parameters

    text : `str`
        The text.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _spans_inside(self) -> dict[int, tuple[int, int]]:
        """The span of a cluster by each index inside of it, its ends left out."""
        # Imported where it is used: most texts do not need it.
        import regex

        spans = {}
        for match in regex.finditer(r"\X", self._text):
            start, end = match.span()
            while start < end and self._text[start].isspace():
                start += 1
            for index in range(start + 1, end):
                spans[index] = start, end
        return spans

    def start(self, index: int) -> int:
        """The index, or where the cluster begins that it is inside of."""
        return index if self._text.isascii() else self._spans_inside.get(index, (index, index))[0]

    def end(self, index: int) -> int:
        """The index, or where the cluster ends that it is inside of."""
        return index if self._text.isascii() else self._spans_inside.get(index, (index, index))[1]

    def spans(self) -> list[tuple[int, int]]:
        """The spans of all clusters, in their order."""
        borders = [i for i in range(len(self._text) + 1) if self.start(i) == i]
        return list(zip(borders, borders[1:], strict=False))


def canonical(text: str, written: Optional[str] = None) -> tuple[str, list[int], list[int]]:
    """
    A text in which canonically equal characters are the same (NFC), without invisible ones.

    # Parameters

    text : `str`
        The text.
    written : `str`, optional (default = `None`)
        A text of the same length that stands for it, with other characters in some positions.

    # Returns

    `tuple[str, list[int], list[int]]`
        The text, and for each character of it where the cluster begins and ends in the original
        that it comes from.
    """
    written = text if written is None else written
    if text.isascii():
        return written, list(range(len(text))), list(range(1, len(text) + 1))
    characters: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for start, end in Graphemes(text).spans():
        for character in normalize("NFC", without_invisible(written[start:end])):
            characters.append(character)
            starts.append(start)
            ends.append(end)
    return "".join(characters), starts, ends
