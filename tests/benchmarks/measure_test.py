import os
from functools import partial

import pytest
import torch

from benchmarks.measure import (
    MissingResourceError,
    Row,
    Settings,
    peak_memory_mib,
    time_interleaved,
)


def test_a_row_shows_times_times_of_a_piece_and_rates():
    assert Row("a", [0.5, 2.0]).figures() == [0.5, 2.0]
    assert Row("a", [0.5, 2.0], "ms", work=4).figures() == [500.0, 2000.0]
    assert Row("a", [0.5, 2.0], "ms per batch", work=4).figures() == [125.0, 500.0]
    assert Row("a", [0.5, 2.0], "sentences/s", work=4).figures() == [8.0, 2.0]


@pytest.mark.parametrize("seconds, unit", [([], "s"), ([1.0], "minutes"), ([1.0], "per s")])
def test_a_row_without_runs_or_with_an_unknown_unit_is_an_error(seconds, unit):
    with pytest.raises(ValueError, match="'a'"):
        Row("a", seconds, unit)


def test_a_ratio_is_the_median_over_the_turns():
    # Every turn is slower than the one before, but one is twice as fast in most.
    baseline = Row("baseline", [1.0, 10.0, 100.0])
    row = Row("row", [0.5, 5.0, 200.0])
    assert row.ratio_to(baseline) == 0.5
    faster = Row("row", row.seconds, "items/s", work=3)
    assert faster.ratio_to(Row("baseline", baseline.seconds, "items/s", work=3)) == 2.0


def test_rows_of_different_units_or_numbers_of_runs_have_no_ratio():
    row = Row("row", [1.0, 2.0])
    for other in (Row("other", [1.0]), Row("other", [1.0, 2.0], "ms")):
        with pytest.raises(ValueError, match="'row' and 'other'"):
            row.ratio_to(other)


def test_things_are_timed_in_turns_after_the_warm_up():
    called: list[str] = []
    ticks = iter(range(100))
    seconds = time_interleaved(
        {name: partial(called.append, name) for name in "ab"},
        runs=2,
        warm_up=1,
        clock=lambda: float(next(ticks) ** 2),
    )
    assert called == ["a", "b"] * 3
    assert seconds == {"a": [1.0 - 0.0, 25.0 - 16.0], "b": [9.0 - 4.0, 49.0 - 36.0]}


def test_the_peak_is_that_of_the_call_alone():
    def use(mib):
        return torch.ones(mib << 18).sum()

    # What was used and freed before does not hide what the call uses.
    use(256)
    for mib in (32, 128):
        assert mib <= peak_memory_mib(partial(use, mib)) < mib + 24
    assert peak_memory_mib(partial(use, 64), prepare=partial(use, 64)) < 24


def test_what_fails_in_the_child_is_an_error_here():
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        peak_memory_mib(lambda: 1 / 0)
    with pytest.raises(RuntimeError, match="killed"):
        peak_memory_mib(lambda: os._exit(9))


def test_missing_resources_are_named_with_the_command_that_gets_them(tmp_path):
    (tmp_path / "conll04").mkdir()
    settings = Settings(1, tmp_path, tmp_path)
    settings.require("conll04")
    with pytest.raises(MissingResourceError) as error:
        settings.require("conll04", "minilm", "mpnet")
    assert "dts-ee fetch minilm mpnet" in str(error.value)
