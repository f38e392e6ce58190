"""
Which sentences to predict together.
"""

from typing import Sequence


def batches_by_length(lengths: Sequence[int], max_tokens: int) -> list[list[int]]:
    """
    Groups sentences of about the same length, so that little of a batch is padding.

    # Parameters

    lengths : `Sequence[int]`
        The number of tokens of each sentence.
    max_tokens : `int`
        The most tokens in a batch, padding included: its number of sentences times the length of
        its longest. A sentence that is longer is a batch of its own.

    # Returns

    `list[list[int]]`
        The batches, each a list of positions in `lengths`; the longest sentences come first, so
        that what needs the most memory does at the start.
    """
    batches: list[list[int]] = []
    longest = 0
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        if batches and (len(batches[-1]) + 1) * longest <= max_tokens:
            batches[-1].append(i)
        else:
            batches.append([i])
            longest = lengths[i]
    return batches
