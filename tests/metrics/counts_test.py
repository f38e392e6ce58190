import pytest

from dts_ee.metrics import Score, TypedCounts


def test_score_of_counts():
    assert Score.from_counts(correct=3, predicted=4, gold=6) == Score(0.75, 0.5, 0.6)


@pytest.mark.parametrize("counts", [(0, 0, 0), (0, 5, 0), (0, 0, 5), (0, 5, 5)])
def test_score_without_anything_to_divide_by_is_0(counts):
    assert Score.from_counts(*counts) == Score(0.0, 0.0, 0.0)


def test_mean_takes_each_number_by_itself():
    mean = Score.mean([Score(1.0, 0.5, 0.6), Score(0.0, 0.0, 0.0)])
    assert mean == Score(0.5, 0.25, 0.3)
    assert Score.mean([]) == Score(0.0, 0.0, 0.0)


def test_types_are_counted_and_averaged():
    counts = TypedCounts()
    counts.count({("A", 1), ("A", 2), ("B", 1)}, {("A", 1), ("A", 3), ("C", 1)})
    more = TypedCounts()
    more.count({("A", 9)}, {("A", 9)})
    counts.add(more)
    # A: 2 right of 3 predicted and 3 gold; B: 1 predicted in vain; C: 1 missed.
    assert counts.by_type() == {
        "A": Score(2 / 3, 2 / 3, 2 / 3),
        "B": Score(0.0, 0.0, 0.0),
        "C": Score(0.0, 0.0, 0.0),
    }
    # 2 right of 4 predicted and 4 gold.
    assert counts.micro() == Score(0.5, 0.5, 0.5)
    macro = counts.macro()
    assert (macro.precision, macro.recall, macro.f1) == pytest.approx((2 / 9, 2 / 9, 2 / 9))
