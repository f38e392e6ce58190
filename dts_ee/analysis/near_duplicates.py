"""
Near-duplicates: sentences that occur again, with or without small changes.
"""

import math
from collections import Counter
from typing import NamedTuple, Sequence

from dts_ee.document import Document

SHINGLE_LENGTH = 5
"""The number of characters of a shingle."""


class SimilarPair(NamedTuple):
    """The indices of two texts, the lower one first, and their similarity (at most 1)."""

    first: int
    second: int
    similarity: float


def shingles(document: Document) -> frozenset[str]:
    """
    All runs of five characters in the tokens, in lower case and joined by spaces.

    Broder (1997), "On the resemblance and containment of documents", has runs of words; sentences
    are too short for those. A text with fewer characters is its only shingle.
    """
    text = " ".join(document.tokens).lower()
    last = max(len(text) - SHINGLE_LENGTH, 0)
    return frozenset(text[i : i + SHINGLE_LENGTH] for i in range(last + 1))


def similar_pairs(sets: Sequence[frozenset[str]], threshold: float) -> list[SimilarPair]:
    """
    All pairs of sets whose Jaccard similarity reaches a threshold.

    The size of their intersection over the size of their union is compared for those pairs alone
    that share one of their rarest shingles, and are of about the same size: others cannot reach
    the threshold (prefix and size filtering; Bayardo, Ma and Srikant 2007, "Scaling up all pairs
    similarity search"). The result is exact, and the time nearly proportional to the number of sets
    as long as few are alike.

    # Parameters

    sets : `Sequence[frozenset[str]]`
        The sets; none is empty.
    threshold : `float`
        Above 0, at most 1.

    # Returns

    `list[SimilarPair]`
        The pairs, in the order of the second one's index, then the first one's.
    """
    frequency = Counter(shingle for text_shingles in sets for shingle in text_shingles)
    # The smallest first: no set that is indexed already is larger.
    order = sorted(range(len(sets)), key=lambda i: (len(sets[i]), i))
    with_shingle: dict[str, list[int]] = {}
    pairs = []
    for i in order:
        current = sets[i]
        rarest_first = sorted(current, key=lambda shingle: (frequency[shingle], shingle))
        # A set that shares fewer shingles cannot reach the threshold.
        least_shared = _at_least(threshold * len(current))
        prefix = rarest_first[: len(current) - least_shared + 1]
        for j in {j for shingle in prefix for j in with_shingle.get(shingle, ())}:
            if len(sets[j]) >= least_shared:
                shared = len(current & sets[j])
                similarity = shared / (len(current) + len(sets[j]) - shared)
                if similarity >= threshold:
                    pairs.append(SimilarPair(min(i, j), max(i, j), similarity))
        for shingle in prefix:
            with_shingle.setdefault(shingle, []).append(i)
    return sorted(pairs, key=lambda pair: (pair.second, pair.first))


def _at_least(number: float) -> int:
    # Rounding errors may lift a whole number a little.
    return math.ceil(number - 1e-9)
