from itertools import product

import numpy
import pytest

from dts_ee.metrics.randomisation import micro_f1_p_value


def _f1(counts):
    correct, predicted, gold = counts.sum(axis=0)
    return 2 * correct / (predicted + gold) if predicted + gold else 0.0


def _exact_p_value(one, other):
    """Over all ways to swap, each once."""
    observed = abs(_f1(one) - _f1(other))
    reached = []
    for swaps in product([False, True], repeat=len(one)):
        swapped = numpy.array(swaps)[:, None]
        left, right = numpy.where(swapped, other, one), numpy.where(swapped, one, other)
        reached.append(abs(_f1(left) - _f1(right)) >= observed - 1e-12)
    return sum(reached) / len(reached)


def _random_counts(generator, num_sentences):
    gold = generator.integers(0, 5, num_sentences)
    sides = []
    for _ in range(2):
        predicted = generator.integers(0, 5, num_sentences)
        correct = generator.integers(0, numpy.minimum(gold, predicted) + 1)
        sides.append(numpy.stack([correct, predicted, gold], axis=1).astype(float))
    return sides


@pytest.mark.parametrize("seed", range(5))
def test_it_comes_near_to_the_exact_test(seed):
    one, other = _random_counts(numpy.random.default_rng(seed), 9)
    assert micro_f1_p_value(one, other) == pytest.approx(_exact_p_value(one, other), abs=0.02)


@pytest.mark.parametrize("num_shuffles", [1, 1000, 1500, 3000])
def test_the_same_predictions_do_not_differ(num_shuffles):
    one, _ = _random_counts(numpy.random.default_rng(0), 50)
    assert micro_f1_p_value(one, one, num_shuffles) == 1.0


def test_a_system_that_is_always_better_is_found_out():
    gold = numpy.full(100, 3.0)
    one = numpy.stack([gold - 1, gold, gold], axis=1)
    other = numpy.stack([gold, gold, gold], axis=1)
    assert micro_f1_p_value(one, other, num_shuffles=999) == 1 / 1000
    assert micro_f1_p_value(other, one, num_shuffles=999) == 1 / 1000


def test_the_seed_decides():
    one, other = _random_counts(numpy.random.default_rng(3), 30)
    first, again, another = (
        micro_f1_p_value(one, other, num_shuffles=200, seed=seed) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != another
    assert micro_f1_p_value(one, other) == micro_f1_p_value(one, other, 10_000, seed=0)


def test_without_any_items():
    nothing = numpy.zeros((4, 3))
    assert micro_f1_p_value(nothing, nothing) == 1.0
