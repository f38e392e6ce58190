from functools import partial

import pytest

from benchmarks.timing import Row, Timer


def test_a_row_has_the_time_of_a_piece_or_a_rate():
    assert Row("group", "a", [0.5, 2.0], pieces=4).figures() == [0.125, 0.5]
    rate = Row("group", "a", [0.5, 2.0, 4.0], pieces=4, rate="sentences")
    assert rate.figures() == [8.0, 2.0, 1.0]
    assert rate.extra == {"sentences per second": 2.0}


def test_a_ratio_is_the_median_over_the_rounds():
    # Every round is slower than the one before, but one is twice as fast in most.
    baseline, row = (
        Row("group", "baseline", [1.0, 10.0, 100.0]),
        Row("group", "a", [0.5, 5.0, 200.0]),
    )
    row.compare_with(baseline)
    assert row.extra == {"ratio to baseline": 0.5}
    rates = Timer(rounds=3).add(
        "group",
        {"baseline": baseline.seconds, "a": row.seconds},
        baseline="baseline",
        pieces=3,
        rate="items",
    )
    assert rates["a"].extra == {"items per second": 3 / 5.0, "ratio to baseline": 2.0}
    assert "ratio to baseline" not in rates["baseline"].extra
    with pytest.raises(ValueError, match="longer"):
        Row("group", "a", [1.0]).compare_with(baseline)


def test_things_are_timed_in_turns_after_the_warm_up():
    called: list[str] = []
    ticks = iter(range(100))
    timer = Timer(rounds=2)
    rows = timer.time_in_turns(
        "group",
        {name: partial(called.append, name) for name in "ab"},
        clock=lambda: float(next(ticks) ** 2),
        baseline="b",
    )
    assert called == ["a", "b"] * 3
    assert rows["a"].seconds == [1.0 - 0.0, 25.0 - 16.0]
    assert rows["b"].seconds == [9.0 - 4.0, 49.0 - 36.0]
    assert rows["a"].extra["ratio to b"] == pytest.approx((1 / 5 + 9 / 13) / 2)
    assert timer.rows == [rows["a"], rows["b"]]
