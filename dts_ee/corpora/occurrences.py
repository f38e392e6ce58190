"""
Where a mention that is known by its words alone stands in a text.
"""

import re
from typing import Optional

from dts_ee.corpora.text_reading import Spans


def occurrences(text: str, mention: str) -> Spans:
    """
    The character spans of a mention in a text; none if the text does not contain it.

    White space may differ. Occurrences inside of words count if there are no others, and those in
    other letters (small or capital) if there are none at all.

    # Parameters

    text : `str`
        The text.
    mention : `str`
        The mention.
    """
    words = mention.split()
    if not words:
        return []
    pattern = r"\s+".join(map(re.escape, words))
    whole = rf"(?<!\w){pattern}(?!\w)"
    for attempt, flags in ((whole, 0), (pattern, 0), (whole, re.IGNORECASE)):
        spans = [match.span() for match in re.finditer(attempt, text, flags)]
        if spans:
            return spans
    return []


def nearest_pair(heads: Spans, tails: Spans) -> Optional[tuple[tuple[int, int], tuple[int, int]]]:
    """
    The head and the tail with the fewest characters between them; the first such pair of several.

    Those that overlap are taken only if there are no others, and never the same span as both.
    `None` if there is no pair.
    """

    def distance(pair: tuple[tuple[int, int], tuple[int, int]]) -> tuple[bool, int]:
        (start, end), (other_start, other_end) = pair
        gap = max(start, other_start) - min(end, other_end)
        return gap < 0, gap

    pairs = [(head, tail) for head in heads for tail in tails if head != tail]
    return min(pairs, key=distance, default=None)
