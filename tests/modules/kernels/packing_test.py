import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dts_ee.modules.kernels.packing import Packing


def mask_of(lengths, num_tokens):
    return torch.arange(num_tokens) < torch.tensor(lengths).unsqueeze(1)


def numbered(lengths, num_tokens):
    """Shape (batch_size, num_tokens, 1): 100 times the sentence's number, and the token's."""
    sentences = torch.arange(len(lengths)).view(-1, 1, 1)
    tokens = torch.arange(num_tokens).view(1, -1, 1)
    return (100 * sentences + tokens).double()


def test_the_order_of_packed_tokens():
    packing = Packing(mask_of([2, 0, 3], 4))
    packed = packing.pack(numbered([2, 0, 3], 4))
    assert packing.batch_sizes == [2, 2, 1]
    assert packing.steps() == [(0, 2), (2, 4), (4, 5)]
    assert packed.flatten().tolist() == [200, 0, 201, 1, 202]
    assert packed[packing.mirror].flatten().tolist() == [202, 1, 201, 0, 200]
    assert packed[packing.previous].flatten().tolist() == [200, 0, 201]


@settings(deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=7), st.integers(0, 3))
def test_packing_and_back(lengths, more):
    num_tokens = max(lengths) + more
    mask = mask_of(lengths, num_tokens)
    padded = numbered(lengths, num_tokens) + 1
    packing = Packing(mask)
    packed = packing.pack(padded)
    assert len(packed) == sum(lengths) == sum(packing.batch_sizes)
    assert torch.equal(packing.unpack(packed), padded * mask.unsqueeze(2))
    mirrored = packing.unpack(packed[packing.mirror])
    for row, length in enumerate(lengths):
        assert torch.equal(mirrored[row, :length], padded[row, :length].flip(0))
    assert torch.equal(packing.mirror[packing.mirror], torch.arange(len(packed)))


def test_gradients_pass_both_ways():
    padded = torch.randn(2, 3, 4, requires_grad=True)
    mask = mask_of([3, 1], 3)
    packing = Packing(mask)
    packing.unpack(packing.pack(padded)).sum().backward()
    torch.testing.assert_close(padded.grad, mask.unsqueeze(2).expand_as(padded).float())
