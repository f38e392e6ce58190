"""A significance test for the difference in F1 of two systems."""

import numpy

_SHUFFLES_AT_ONCE = 1000


def micro_f1_p_value(
    counts: numpy.ndarray, other_counts: numpy.ndarray, num_shuffles: int = 10_000, seed: int = 0
) -> float:
    """
    The p-value of the difference in micro F1 between two systems.

    The test is a two-sided, paired approximate randomisation test (Noreen 1989; for F1, Yeh 2000,
    "More accurate tests for the statistical significance of result differences"). Each shuffle
    exchanges the predictions of the two systems for random sentences.

    # Parameters

    counts, other_counts : `numpy.ndarray`
        Shape (num_sentences, 3): the numbers of correct, predicted and gold items of each sentence.
        They may be means over several runs of a system.
    num_shuffles : `int`, optional (default = `10_000`)
        The number of shuffles. The p-value is at least `1 / (num_shuffles + 1)`.
    seed : `int`, optional (default = `0`)
        The seed of the shuffles.

    # Returns

    `float`
        The p-value.
    """
    generator = numpy.random.default_rng(seed)
    totals, other_totals = counts.sum(axis=0), other_counts.sum(axis=0)
    differences = other_counts - counts
    # The tolerance is for rounding errors: shuffled sums are in another order.
    observed = abs(_micro_f1(totals) - _micro_f1(other_totals)) - 1e-12
    num_reached = 0
    for first in range(0, num_shuffles, _SHUFFLES_AT_ONCE):
        number = min(_SHUFFLES_AT_ONCE, num_shuffles - first)
        # Shape: (number, num_sentences)
        swapped = generator.integers(0, 2, (number, len(counts)))
        # Shape: (number, 3)
        moved = swapped @ differences
        shuffled = _micro_f1(totals + moved) - _micro_f1(other_totals - moved)
        num_reached += int((numpy.abs(shuffled) >= observed).sum())
    return (num_reached + 1) / (num_shuffles + 1)


def _micro_f1(totals: numpy.ndarray) -> numpy.ndarray:
    """From shape (..., 3) to shape (...)."""
    correct, predicted, gold = numpy.moveaxis(totals, -1, 0)
    # 0 without items, as in `Score`.
    return 2 * correct / numpy.maximum(predicted + gold, numpy.finfo(float).tiny)
