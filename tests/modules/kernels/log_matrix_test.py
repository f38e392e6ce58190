import math

import pytest
import torch

from dts_ee.modules.kernels.log_matrix import LogMatrix


def test_a_product_by_hand():
    # (2, 3) times ((1, 4), (5, 0.5)).
    matrix = LogMatrix(torch.tensor([[1.0, 4.0], [5.0, 0.5]]).log())
    product = matrix.product(torch.tensor([2.0, 3.0]).log())
    assert product.exp().tolist() == pytest.approx([17.0, 9.5])


def test_a_vector_is_multiplied_the_same_beside_others():
    matrix = LogMatrix(torch.tensor([[1.0, 4.0], [5.0, 0.5]]).double().log())
    vector = torch.tensor([2.0, 3.0]).double().log()
    likely, unlikely = matrix.product(torch.stack([vector, vector - 1000.0]))
    assert likely.exp().tolist() == pytest.approx([17.0, 9.5])
    assert (unlikely + 1000.0).exp().tolist() == pytest.approx([17.0, 9.5])


def test_values_and_gradients_are_those_of_logsumexp():
    torch.manual_seed(0)
    # Shape: (batch_size, num_inputs) and (num_inputs, num_outputs)
    scores, logarithms = torch.randn(5, 7).double() * 50, torch.randn(7, 3).double() * 50
    results = []
    for product in (
        lambda scores, logarithms: LogMatrix(logarithms).product(scores),
        lambda scores, logarithms: torch.logsumexp(scores.unsqueeze(-1) + logarithms, dim=-2),
    ):
        inputs = [tensor.clone().requires_grad_() for tensor in (scores, logarithms)]
        sums = product(*inputs)
        results.append([sums, *torch.autograd.grad(sums.pow(2).sum(), inputs)])
    for actual, expected in zip(*results, strict=True):
        torch.testing.assert_close(actual, expected)


def test_huge_and_tiny_numbers_have_finite_logarithms_and_gradients():
    scores = torch.tensor([0.0, -1e4], requires_grad=True)
    # The likely input does not lead to the second output.
    logarithms = torch.tensor([[500.0, -1e4], [0.0, 300.0]], requires_grad=True)
    product = LogMatrix(logarithms).product(scores)
    gradients = torch.autograd.grad(product.sum(), (scores, logarithms))
    assert product[0].item() == pytest.approx(500.0)
    # exp(-1e4) is nothing beside 1 in single precision: the smallest number stands in.
    assert product[1].item() == pytest.approx(300.0 + math.log(torch.finfo().tiny))
    assert all(torch.isfinite(gradient).all() for gradient in gradients)
