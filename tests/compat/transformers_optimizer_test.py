import math

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.training.optimizers import Optimizer


def optimizer(parameter: torch.nn.Parameter, **settings: object) -> Optimizer:
    return Optimizer.from_params(
        Params({"type": "huggingface_adamw", **settings}),
        model_parameters=[("weight", parameter)],
    )


def test_two_steps_are_those_of_the_formula():
    parameter = torch.nn.Parameter(torch.tensor([2.0]))
    adamw = optimizer(parameter, lr=0.1, weight_decay=0.5, betas=[0.9, 0.99], eps=1e-8)
    value, first, second = 2.0, 0.0, 0.0
    for step, gradient in enumerate([3.0, -1.0], start=1):
        parameter.grad = torch.tensor([gradient])
        adamw.step()
        # Loshchilov and Hutter 2019, algorithm 2.
        first = 0.9 * first + 0.1 * gradient
        second = 0.99 * second + 0.01 * gradient**2
        mean, square = first / (1 - 0.9**step), second / (1 - 0.99**step)
        value -= 0.1 * (mean / (math.sqrt(square) + 1e-8) + 0.5 * value)
        assert parameter.item() == pytest.approx(value, rel=1e-5)


def test_the_bias_is_always_corrected():
    with pytest.raises(ConfigurationError, match="correct_bias"):
        optimizer(torch.nn.Parameter(torch.zeros(1)), correct_bias=False)
