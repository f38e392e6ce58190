"""
Temperature scaling: the temperature at which a model is calibrated.
"""

import math
from dataclasses import dataclass, replace
from typing import Sequence

import torch
from torch.nn.functional import softplus

from dts_ee.analysis.candidates import (
    Candidate,
    ReliabilityBin,
    expected_calibration_error,
    reliability,
)
from dts_ee.predictors.calibration import LEAST, at_temperature

LOWEST, HIGHEST = 0.05, 20.0
"""The bounds of a temperature."""


@dataclass(frozen=True)
class TemperatureFit:
    """
    A fitted temperature, and its effect.

    # Parameters

    temperature : `float`
        The temperature with the least negative log-likelihood. If there are no candidates, or all
        or none are right, nothing can be fitted, and it is 1, which changes nothing.
    candidates : `int`
        How many candidates there were.
    right : `int`
        How many of them were right.
    likelihood_before, likelihood_after : `float`
        The negative log-likelihood, averaged over the candidates.
    error_before, error_after : `float`
        The expected calibration error, with ten bins.
    bins_before, bins_after : `list[ReliabilityBin]`
        The bins.
    """

    temperature: float
    candidates: int
    right: int
    likelihood_before: float
    likelihood_after: float
    error_before: float
    error_after: float
    bins_before: list[ReliabilityBin]
    bins_after: list[ReliabilityBin]

    @property
    def fitted(self) -> bool:
        """Whether there was anything to fit to."""
        return 0 < self.right < self.candidates


def fit_temperature(candidates: Sequence[Candidate]) -> TemperatureFit:
    """
    Fits a temperature by the likelihood (Guo et al. 2017).

    # Parameters

    candidates : `Sequence[Candidate]`
        The model's candidates for data that it was not trained on.
    """
    right = sum(candidate.right for candidate in candidates)
    log_odds = torch.logit(
        torch.tensor([candidate.probability for candidate in candidates], dtype=torch.double),
        LEAST,
    )
    is_right = torch.tensor([candidate.right for candidate in candidates], dtype=torch.bool)
    # Positive where the probability is on the right side of 0.5.
    margins = torch.where(is_right, log_odds, -log_odds)
    temperature = _best_temperature(margins) if 0 < right < len(candidates) else 1.0
    after = [
        replace(candidate, probability=at_temperature(candidate.probability, temperature))
        for candidate in candidates
    ]
    bins_before, bins_after = reliability(candidates), reliability(after)
    return TemperatureFit(
        temperature=temperature,
        candidates=len(candidates),
        right=right,
        likelihood_before=_likelihood(margins),
        likelihood_after=_likelihood(margins / temperature),
        error_before=expected_calibration_error(bins_before),
        error_after=expected_calibration_error(bins_after),
        bins_before=bins_before,
        bins_after=bins_after,
    )


def _best_temperature(margins: torch.Tensor) -> float:
    # The logarithm is optimised, so that the temperature stays positive.
    exponent = torch.zeros((), dtype=torch.double, requires_grad=True)
    optimizer = torch.optim.LBFGS([exponent], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        value = softplus(-margins * torch.exp(-exponent)).mean()
        value.backward()
        return value

    optimizer.step(loss)
    return min(max(math.exp(exponent.item()), LOWEST), HIGHEST)


def _likelihood(margins: torch.Tensor) -> float:
    """The mean negative log-likelihood; 0 without candidates."""
    return softplus(-margins).sum().item() / max(len(margins), 1)
