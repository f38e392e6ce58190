import math
import random

import pytest

from dts_ee.analysis.candidates import Candidate
from dts_ee.analysis.temperature import HIGHEST, fit_temperature
from dts_ee.predictors.calibration import at_temperature


def drawn(temperature, number=4000):
    """Candidates that are right as often as their probability at a temperature says."""
    generator = random.Random(1)
    candidates = []
    for _ in range(number):
        said = at_temperature(generator.random(), 1 / temperature)
        right = generator.random() < at_temperature(said, temperature)
        candidates.append(Candidate(said, right))
    return candidates


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_is_found(temperature):
    fit = fit_temperature(drawn(temperature))
    assert fit.fitted
    assert fit.temperature == pytest.approx(temperature, rel=0.1)
    assert fit.likelihood_after <= fit.likelihood_before
    assert fit.error_after < 0.03
    if temperature != 1.0:
        assert fit.error_before > 0.08


def test_the_likelihood_is_that_of_the_candidates():
    fit = fit_temperature([Candidate(0.6, True), Candidate(0.9, False)])
    assert fit.likelihood_before == pytest.approx(-(math.log(0.6) + math.log(0.1)) / 2)
    # There is no better temperature than one at which they say nothing.
    assert fit.temperature == pytest.approx(HIGHEST, rel=0.01)
    assert fit.likelihood_after == pytest.approx(math.log(2), abs=0.03)
    assert (fit.candidates, fit.right) == (2, 1)
    assert [b.number for b in fit.bins_before] == [1, 1]


@pytest.mark.parametrize(
    "candidates", [[], [Candidate(0.7, True)], [Candidate(0.7, False), Candidate(1.0, False)]]
)
def test_nothing_is_fitted_to_what_says_nothing(candidates):
    fit = fit_temperature(candidates)
    assert not fit.fitted
    assert fit.temperature == 1.0
    assert fit.error_after == pytest.approx(fit.error_before, abs=1e-6)


def test_probabilities_that_were_rounded_to_0_and_1():
    fit = fit_temperature(
        [Candidate(1.0, True)] * 9 + [Candidate(1.0, False), Candidate(0.0, True)]
    )
    assert math.isfinite(fit.likelihood_before)
    assert fit.temperature > 1.0
    assert fit.error_after < fit.error_before
