"""
Sentences that are there again, with or without small changes.
"""

import math
from collections import Counter
from typing import NamedTuple, Sequence

from dts_ee.document import Document

SHINGLE_LENGTH = 5
"""Of how many characters a shingle is."""


class SimilarPair(NamedTuple):
    """Two texts by their indices, the lower one first, and how alike they are (at most 1)."""

    one: int
    other: int
    similarity: float


def shingles(document: Document) -> frozenset[str]:
    """
    All runs of five characters in the tokens, in lower case and joined by spaces.

    Broder (1997), "On the resemblance and containment of documents", has runs of words; sentences
    are too short for those. A text that is shorter has itself as its one shingle.
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
    frequency = Counter(shingle for each in sets for shingle in each)
    # The smallest first: of those that are indexed already, none is larger.
    order = sorted(range(len(sets)), key=lambda i: (len(sets[i]), i))
    with_shingle: dict[str, list[int]] = {}
    pairs = []
    for i in order:
        each = sets[i]
        rarest_first = sorted(each, key=lambda shingle: (frequency[shingle], shingle))
        # Nothing that shares fewer shingles is so much alike.
        least_shared = _at_least(threshold * len(each))
        prefix = rarest_first[: len(each) - least_shared + 1]
        for j in {j for shingle in prefix for j in with_shingle.get(shingle, ())}:
            if len(sets[j]) >= least_shared:
                shared = len(each & sets[j])
                similarity = shared / (len(each) + len(sets[j]) - shared)
                if similarity >= threshold:
                    pairs.append(SimilarPair(min(i, j), max(i, j), similarity))
        for shingle in prefix:
            with_shingle.setdefault(shingle, []).append(i)
    return sorted(pairs, key=lambda pair: (pair.other, pair.one))


def _at_least(number: float) -> int:
    # What should be a whole number may be a little above it.
    return math.ceil(number - 1e-9)
