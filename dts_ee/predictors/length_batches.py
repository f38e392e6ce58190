"""Groups sentences into batches by length."""

from typing import Sequence


def batches_by_length(lengths: Sequence[int], max_tokens: int) -> list[list[int]]:
    """
    Groups sentences of similar length, so that batches have little padding.

    # Parameters

    lengths : `Sequence[int]`
        The number of tokens of each sentence.
    max_tokens : `int`
        The largest number of tokens in a batch, padding included. A longer sentence is a batch of
        its own.

    # Returns

    `list[list[int]]`
        For each batch, the indices of its sentences in `lengths`. The longest sentences come first,
        so that a lack of memory shows at once.
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
