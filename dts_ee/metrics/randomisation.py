"""
Whether one system is better than another, or was lucky in its sentences.
"""

import numpy

_SHUFFLES_AT_ONCE = 1000


def micro_f1_p_value(
    counts: numpy.ndarray, other_counts: numpy.ndarray, num_shuffles: int = 10_000, seed: int = 0
) -> float:
    """
    The probability that two systems differ in micro F1 by as much as they do, or more, if which
    of them said what about a sentence is of no account.

    A two-sided, paired test by approximate randomisation (Noreen 1989; for F1, Yeh 2000, "More
    accurate tests for the statistical significance of result differences"): again and again, what
    the two said about a sentence changes sides or does not, as a coin falls.

    # Parameters

    counts, other_counts : `numpy.ndarray`
        Shape (num_sentences, 3): of each sentence, how many items are right, predicted and gold.
        They may be means over several runs of a system.
    num_shuffles : `int`, optional (default = `10_000`)
        How many times to shuffle. The p-value cannot be less than one in one more than that.
    seed : `int`, optional (default = `0`)
        Of the coin.

    # Returns

    `float`
        The p-value.
    """
    generator = numpy.random.default_rng(seed)
    totals, other_totals = counts.sum(axis=0), other_counts.sum(axis=0)
    differences = other_counts - counts
    # As far as the last digits go, sums in another order are the same.
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
    # As `Score` has it, 0 where there is nothing.
    return 2 * correct / numpy.maximum(predicted + gold, numpy.finfo(float).tiny)
