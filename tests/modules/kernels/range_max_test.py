import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dts_ee.modules.kernels.range_max import RangeMax


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_every_range_gives_the_maximum_over_its_tokens(data):
    batch_size = data.draw(st.integers(1, 3))
    num_tokens = data.draw(st.integers(1, 40))
    tokens = torch.randn(batch_size, num_tokens, 4)
    ranges = data.draw(
        st.lists(
            st.tuples(
                st.integers(0, batch_size - 1),
                st.integers(0, num_tokens),
                st.integers(0, num_tokens),
            ),
            min_size=1,
        )
    )
    sentences, starts, ends = torch.tensor(ranges).unbind(1)
    maxima = RangeMax(tokens, longest=num_tokens)(sentences, starts, ends)
    for row, (sentence, start, end) in zip(maxima, ranges):
        expected = tokens[sentence, start:end].amax(0) if end > start else torch.zeros(4)
        torch.testing.assert_close(row, expected)


def test_gradients_reach_the_tokens_that_hold_the_maxima():
    tokens = torch.tensor([[[1.0], [5.0], [3.0], [9.0]]], requires_grad=True)
    zero = torch.tensor([0])
    RangeMax(tokens, longest=3)(zero, zero, torch.tensor([3])).sum().backward()
    assert tokens.grad is not None
    assert tokens.grad.flatten().tolist() == [0.0, 1.0, 0.0, 0.0]


def test_of_two_equal_tokens_the_first_has_the_gradient():
    tokens = torch.tensor([[[5.0], [5.0], [3.0]]], requires_grad=True)
    zero = torch.tensor([0])
    RangeMax(tokens, longest=3)(zero, zero, torch.tensor([3])).sum().backward()
    assert tokens.grad is not None
    assert tokens.grad.flatten().tolist() == [1.0, 0.0, 0.0]


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_gradients_are_those_of_the_maxima_range_by_range(data):
    num_tokens = data.draw(st.integers(1, 20))
    longest = data.draw(st.integers(1, num_tokens))
    tokens = torch.randn(2, num_tokens, 3, dtype=torch.float64, requires_grad=True)
    ranges = data.draw(
        st.lists(
            st.tuples(st.integers(0, 1), st.integers(0, num_tokens - 1), st.integers(0, longest)),
            min_size=1,
        )
    )
    bounds = [(row, start, min(start + length, num_tokens)) for row, start, length in ranges]
    sentences, starts, ends = torch.tensor(bounds).unbind(1)
    weights = torch.randn(len(ranges), 3, dtype=torch.float64)
    (RangeMax(tokens, longest)(sentences, starts, ends) * weights).sum().backward()

    plain = tokens.detach().clone().requires_grad_()
    for (row, start, end), weight in zip(bounds, weights, strict=True):
        if start < end:
            (plain[row, start:end].amax(0) * weight).sum().backward()
    expected = torch.zeros_like(plain) if plain.grad is None else plain.grad
    torch.testing.assert_close(tokens.grad, expected)
