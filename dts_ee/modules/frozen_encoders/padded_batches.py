"""Batches of sequences of different lengths, with little padding."""

from typing import Sequence


def split_into_padded_batches(
    lengths: Sequence[int], max_rows: int, max_tokens: int, call_cost: int
) -> list[list[int]]:
    """
    Splits sequences into padded batches with the least total cost, by dynamic programming.

    The cost of a batch is its number of tokens, padding included, plus `call_cost`.

    # Parameters

    lengths : `Sequence[int]`
        The length of each sequence.
    max_rows : `int`
        The largest number of sequences in a batch; at least 1.
    max_tokens : `int`
        The largest number of tokens, padding included, in a batch of several sequences.
    call_cost : `int`
        The fixed cost of a batch, in tokens.

    # Returns

    `list[list[int]]`
        For each batch, the indices of its sequences in `lengths`. The longest sequences come first.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    # For the first 0, 1, 2, ... sequences in this order: the least cost, and the start of the last
    # batch.
    costs, starts = [0], [0]
    for end in range(1, len(order) + 1):
        candidates: list[tuple[int, int]] = []
        for start in range(end - 1, max(end - max_rows, 0) - 1, -1):
            tokens = (end - start) * lengths[order[start]]
            if tokens > max_tokens and candidates:
                break
            candidates.append((costs[start] + tokens + call_cost, start))
        cost, start = min(candidates)
        costs.append(cost)
        starts.append(start)
    batches = []
    end = len(order)
    while end:
        batches.append(order[starts[end] : end])
        end = starts[end]
    return batches[::-1]
