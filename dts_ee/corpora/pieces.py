"""
Entities of several pieces.
"""

from itertools import pairwise
from typing import Optional, Sequence

from dts_ee.corpora.annotated_text import nearest_occurrence

_LINE_END = 2
"""The most characters that a line end is counted as."""


def joined_pieces(
    text: str, pieces: Sequence[tuple[int, int]], quoted: Optional[str]
) -> Optional[tuple[int, int]]:
    """
    The span of pieces that have only white space between them, or `None`.

    brat divides every entity that goes on after the end of a line.

    # Parameters

    text : `str`
        The text.
    pieces : `Sequence[tuple[int, int]]`
        The start and the end (exclusive) of each piece.
    quoted : `Optional[str]`
        The pieces as the source quotes them. If its offsets do not count characters, the gaps
        between the pieces cannot be looked up; then the quotation has to be in the text, and the
        gaps to be as short as the end of a line.
    """
    ordered = sorted(pieces)
    gaps = [(end, start) for (_, end), (start, _) in pairwise(ordered)]
    span = ordered[0][0], max(end for _, end in ordered)
    if all(end <= len(text) and not text[end:start].strip() for end, start in gaps):
        return span
    if (
        quoted is not None
        and all(start - end <= _LINE_END for end, start in gaps)
        and nearest_occurrence(text, quoted, span[0])
    ):
        return span
    return None
