import pytest
import torch

from dts_ee.modules.kernels.dropout import Dropout, dropout


@pytest.mark.parametrize("probability", [0.1, 0.35, 0.5, 0.9])
def test_drops_as_many_and_keeps_the_expectation(probability):
    torch.manual_seed(0)
    dropped = dropout(torch.ones(1000, 999), probability, training=True)
    assert (dropped == 0).double().mean().item() == pytest.approx(probability, abs=2e-3)
    assert dropped.double().mean().item() == pytest.approx(1.0, abs=5e-3)
    kept = dropped[dropped > 0]
    assert kept.min() == kept.max()
    # The probability is a multiple of 1 / 65,536.
    rounded = round(65_536 * probability) / 65_536
    assert kept[0].item() == pytest.approx(1 / (1 - rounded), rel=1e-6)


def test_elements_are_dropped_independently():
    torch.manual_seed(0)
    zeros = (dropout(torch.ones(200_000, 4), 0.35, training=True) == 0).double()
    correlations = torch.corrcoef(torch.cat([zeros[1:], zeros[:-1]], dim=1).t())
    assert (correlations - torch.eye(8)).abs().max() < 0.01


def test_a_number_of_16_bits_decides():
    torch.manual_seed(0)
    # Of 65,536 numbers one keeps its element: of 1,048,576 elements about 16.
    dropped = dropout(torch.ones(1024, 1024), 65_535 / 65_536, training=True)
    kept = dropped[dropped > 0]
    assert 4 <= len(kept) <= 40
    assert (kept == 65_536).all()


def test_what_is_dropped_has_no_gradient():
    torch.manual_seed(0)
    tensor = torch.ones(7, 3, dtype=torch.float64, requires_grad=True)
    dropped = dropout(tensor, 0.4, training=True)
    dropped.sum().backward()
    assert dropped.dtype == torch.float64
    torch.testing.assert_close(tensor.grad, dropped.detach())


def test_the_seed_decides():
    def draw(seed):
        torch.manual_seed(seed)
        return dropout(torch.ones(50), 0.5, training=True)

    assert torch.equal(draw(1), draw(1))
    assert not torch.equal(draw(1), draw(2))


def test_edges():
    tensor = torch.randn(3, 5)
    assert torch.equal(dropout(tensor, 0.5, training=False), tensor)
    assert torch.equal(dropout(tensor, 0.0, training=True), tensor)
    assert torch.equal(dropout(tensor, 1.0, training=True), torch.zeros(3, 5))
    assert dropout(tensor[:0], 0.5, training=True).shape == (0, 5)


def test_the_module_drops_in_training_alone():
    module = Dropout(0.5)
    tensor = torch.ones(100)
    assert (module(tensor) == 0).any()
    assert torch.equal(module.eval()(tensor), tensor)
    with pytest.raises(ValueError, match="probability"):
        Dropout(1.5)
