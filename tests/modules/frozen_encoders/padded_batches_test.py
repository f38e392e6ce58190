from itertools import chain, combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dts_ee.modules.frozen_encoders.padded_batches import split_into_padded_batches


def _cost(lengths, batches, call_cost):
    return sum(len(batch) * max(lengths[i] for i in batch) + call_cost for batch in batches)


def _is_allowed(lengths, batch, max_rows, max_positions):
    positions = len(batch) * max(lengths[i] for i in batch)
    return len(batch) <= max_rows and (len(batch) == 1 or positions <= max_positions)


def _least_cost(lengths, max_rows, max_positions, call_cost):
    """Of every way to cut the sequences, sorted by length, into batches."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    cuts = range(1, len(order))
    costs = []
    for chosen in chain.from_iterable(combinations(cuts, n) for n in range(len(order))):
        bounds = [0, *chosen, len(order)]
        batches = [order[bounds[i] : bounds[i + 1]] for i in range(len(bounds) - 1)]
        if all(_is_allowed(lengths, batch, max_rows, max_positions) for batch in batches):
            costs.append(_cost(lengths, batches, call_cost))
    return min(costs)


@settings(max_examples=200, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=8),
    max_rows=st.integers(1, 9),
    max_positions=st.integers(1, 100),
    call_cost=st.integers(0, 60),
)
def test_no_other_split_costs_less(lengths, max_rows, max_positions, call_cost):
    batches = split_into_padded_batches(lengths, max_rows, max_positions, call_cost)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    assert all(_is_allowed(lengths, batch, max_rows, max_positions) for batch in batches)
    assert _cost(lengths, batches, call_cost) == _least_cost(
        lengths, max_rows, max_positions, call_cost
    )
    in_order = [lengths[i] for batch in batches for i in batch]
    assert in_order == sorted(lengths, reverse=True)


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ([], []),
        ([7], [[0]]),
        # A call for the short ones costs less than their padding.
        ([3, 50, 3, 50, 3], [[1, 3], [0, 2, 4]]),
        # Here it costs more.
        ([3, 9, 3, 9, 3], [[1, 3, 0, 2, 4]]),
        # As many positions as are allowed, but a long one by itself.
        ([60, 60, 60, 400], [[3], [0], [1, 2]]),
    ],
)
def test_padding_is_weighed_against_calls(lengths, expected):
    assert split_into_padded_batches(lengths, 32, 120, 40) == expected
