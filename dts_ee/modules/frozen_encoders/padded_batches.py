"""Batches of sequences of different lengths, with little padding."""

from typing import Sequence


def split_into_padded_batches(
    lengths: Sequence[int], max_rows: int, max_positions: int, call_cost: int
) -> list[list[int]]:
    """
    Splits sequences into batches, each padded to its longest, so that they cost the least in all.

    A batch costs its positions, those of the padding included, and `call_cost` beside them.

    # Parameters

    lengths : `Sequence[int]`
        The length of each sequence.
    max_rows : `int`
        How many sequences a batch holds at most; at least 1.
    max_positions : `int`
        How many positions a batch of several sequences holds at most.
    call_cost : `int`
        What a batch costs whatever its size, in positions.

    # Returns

    `list[list[int]]`
        The positions of each batch's sequences in `lengths`: each once, the longest first.
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
    # For the first 0, 1, 2, ... in this order: the least cost, and where their last batch starts.
    costs, starts = [0], [0]
    for end in range(1, len(order) + 1):
        candidates: list[tuple[int, int]] = []
        for start in range(end - 1, max(end - max_rows, 0) - 1, -1):
            positions = (end - start) * lengths[order[start]]
            if positions > max_positions and candidates:
                break
            candidates.append((costs[start] + positions + call_cost, start))
        cost, start = min(candidates)
        costs.append(cost)
        starts.append(start)
    batches = []
    end = len(order)
    while end:
        batches.append(order[starts[end] : end])
        end = starts[end]
    return batches[::-1]
