"""The fixtures of the benchmarks, and how their figures come to pytest-benchmark and the screen."""

import os
from collections.abc import Iterator
from copy import copy
from itertools import groupby
from operator import attrgetter
from typing import Any

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks.experiments import PROJECT, Folders
from benchmarks.timing import Row, Timer
from dts_ee.runs.machine import Machine

_TIMERS: pytest.StashKey[list[Timer]] = pytest.StashKey()


@pytest.fixture
def folders() -> Folders:
    """The project's."""
    return Folders(PROJECT / "resources", PROJECT / "out" / "bench")


@pytest.fixture
def timer(benchmark: BenchmarkFixture, pytestconfig: pytest.Config) -> Iterator[Timer]:
    """One for as many rounds as `--benchmark-min-rounds` says."""
    timer = Timer(pytestconfig.getoption("benchmark_min_rounds"))
    yield timer
    for row in timer.rows:
        _hand_over(row, benchmark)
    pytestconfig.stash[_TIMERS].append(timer)


def pytest_configure(config: pytest.Config) -> None:
    config.stash[_TIMERS] = []


def pytest_report_header() -> str:
    described = ", ".join(f"{name} {value}" for name, value in _machine().items())
    return f"machine: {described}"


def pytest_benchmark_update_machine_info(machine_info: dict[str, Any]) -> None:
    machine_info.update(_machine())


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What pytest-benchmark's tables have no column for."""
    for timer in terminalreporter.config.stash[_TIMERS]:
        with_figures = [row for row in timer.rows if row.extra]
        for group, rows in groupby(with_figures, attrgetter("group")):
            terminalreporter.section(group)
            for row in rows:
                figures = [f"{name} {_show(name, value)}" for name, value in row.extra.items()]
                terminalreporter.line(f"{row.name}: {', '.join(figures)}")
        for note in timer.notes:
            terminalreporter.line(note)


def _hand_over(row: Row, benchmark: BenchmarkFixture) -> None:
    """
    Makes a row one of the plugin's benchmarks. By itself, it has one for each test, whose rounds
    follow one another.
    """
    own = copy(benchmark)
    own.name, own.group, own.extra_info = row.name, row.group, row.extra
    own.fullname = f"{benchmark.fullname}: {row.group}: {row.name}"
    stats = own._make_stats(row.pieces)
    for seconds in row.seconds:
        stats.update(seconds)


def _machine() -> dict[str, Any]:
    machine = Machine.current()
    return {
        "processor": machine.processor,
        "cores": machine.cores,
        "threads": torch.get_num_threads(),
        "load_average": round(os.getloadavg()[0], 2),
        **machine.versions,
    }


def _show(name: str, value: float) -> str:
    if name.startswith("ratio") and value < 0.5:
        # A twentieth says more than 0.05.
        return f"1/{1 / value:.3g}"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
