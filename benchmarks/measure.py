"""What all topics measure with: rows and tables, interleaved timing, and peak memory."""

import ctypes
import gc
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Any, Optional, Union

import torch

_TIME_UNITS = {"s": 1.0, "ms": 1e3, "µs": 1e6}


class MissingResourceError(Exception):
    """A topic needs what is not there; the text says what, and how to get it."""


@dataclass
class Settings:
    """
    What every topic is called with.

    # Parameters

    runs : `int`
        How many times each thing is timed.
    resources : `Path`
        Where corpora and weights are, as `dts-ee fetch` puts them.
    output : `Path`
        Where a topic may keep what it needs again, such as trained models.
    """

    runs: int
    resources: Path
    output: Path

    def require(self, *names: str) -> None:
        """
        # Raises

        `MissingResourceError`
            If `resources` has no folder of one of the names.
        """
        missing = [name for name in names if not (self.resources / name).is_dir()]
        if missing:
            raise MissingResourceError(
                f"{self.resources} has no {', '.join(missing)} (dts-ee fetch {' '.join(missing)})"
            )


@dataclass
class Row:
    """
    Something that was timed.

    # Parameters

    name : `str`
        What it is. Names are unique in a topic.
    seconds : `list[float]`
        The time of each run.
    unit : `str`, optional (default = `"s"`)
        What is shown: `"s"`, `"ms"` or `"µs"`; one of these and `" per …"`, for the time of one
        piece of work; or a rate such as `"sentences/s"`.
    work : `float`, optional (default = `1.0`)
        How many pieces of work one run does.
    baseline : `str`, optional (default = `None`)
        The name of the row of the same topic that this one is compared with. Both were timed in
        turns: the first run of one belongs to the first run of the other.
    peak_mib : `float`, optional (default = `None`)
        By how many MiB the peak of the process's memory grew.
    note : `str`, optional (default = `""`)
        What a reader must know.
    """

    name: str
    seconds: list[float]
    unit: str = "s"
    work: float = 1.0
    baseline: Optional[str] = None
    peak_mib: Optional[float] = None
    note: str = ""

    def __post_init__(self) -> None:
        if not self.seconds:
            raise ValueError(f"{self.name!r} was not run")
        self.figures()

    def figures(self) -> list[float]:
        """Each run in the row's unit."""
        unit, _, per = self.unit.partition(" per ")
        if unit in _TIME_UNITS:
            return [each * _TIME_UNITS[unit] / (self.work if per else 1.0) for each in self.seconds]
        if self.unit.endswith("/s"):
            return [self.work / each for each in self.seconds]
        raise ValueError(f"{self.name!r} has the unit {self.unit!r}, neither a time nor a rate")

    def is_time(self) -> bool:
        """Whether less is better."""
        return not self.unit.endswith("/s")

    def ratio_to(self, baseline: "Row") -> float:
        """The median, over the pairs of runs, of this row's figure over the baseline's."""
        if self.unit != baseline.unit or len(self.seconds) != len(baseline.seconds):
            raise ValueError(
                f"{self.name!r} and {baseline.name!r} were not measured in turns in one unit"
            )
        return median(
            ours / theirs for ours, theirs in zip(self.figures(), baseline.figures(), strict=True)
        )


@dataclass
class Value:
    """A figure that is no time: a share, a count, a size."""

    name: str
    value: float
    unit: str = ""
    note: str = ""


@dataclass
class Table:
    """
    # Parameters

    topic : `str`
        The name of the topic's file.
    title : `str`
        What was measured against what, on what.
    rows : `list[Union[Row, Value]]`, optional (default = `[]`)
        What came out.
    """

    topic: str
    title: str
    rows: list[Union[Row, Value]] = field(default_factory=list)


def time_interleaved(
    calls: Mapping[str, Callable[[], Any]],
    runs: int = 5,
    warm_up: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """
    Times several things in turns, A B A B …, so that whatever else the machine does meets them all.

    # Parameters

    calls : `Mapping[str, Callable[[], Any]]`
        What to time, by name.
    runs : `int`, optional (default = `5`)
        How many times.
    warm_up : `int`, optional (default = `1`)
        How many times each is called beforehand.
    clock : `Callable[[], float]`, optional (default = `time.perf_counter`)
        Wall time, or `time.process_time` for the seconds of all threads on the processor.

    # Returns

    `dict[str, list[float]]`
        The seconds of each run.
    """
    for _ in range(warm_up):
        for call in calls.values():
            call()
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(runs):
        gc.collect()
        for name, call in calls.items():
            start = clock()
            call()
            seconds[name].append(clock() - start)
    return seconds


def peak_memory_mib(call: Callable[[], Any], prepare: Optional[Callable[[], Any]] = None) -> float:
    """
    By how many MiB the peak of the memory grows while something is done.

    It is done in a forked child, which computes with one thread: OpenMP's threads do not survive
    a fork.

    # Parameters

    call : `Callable[[], Any]`
        What is done.
    prepare : `Callable[[], Any]`, optional (default = `None`)
        What is done in the child beforehand, such as reading weights that are mapped from a file:
        they are in no process's memory until it reads them.

    # Raises

    `RuntimeError`
        If the call raised, or the child was killed.
    """
    gc.collect()
    _give_free_memory_back()
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    child = context.Process(target=_measure_growth, args=(call, prepare, sender))
    child.start()
    sender.close()
    try:
        growth, problem = receiver.recv()
    except EOFError:
        growth, problem = None, "it was killed"
    child.join()
    if problem is not None:
        raise RuntimeError(f"what was measured in a child process failed: {problem}")
    return growth


def peak_of_process_mib() -> float:
    """The most memory that this process has had resident so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def _measure_growth(
    call: Callable[[], Any], prepare: Optional[Callable[[], Any]], sender: Connection
) -> None:
    torch.set_num_threads(1)
    # What the first computation of a forked process costs by itself is not the call's.
    torch.ones(1).sum()
    try:
        if prepare is not None:
            prepare()
        before = peak_of_process_mib()
        call()
    except Exception as error:
        sender.send((None, f"{type(error).__name__}: {error}"))
        return
    sender.send((peak_of_process_mib() - before, None))


def _give_free_memory_back() -> None:
    """So that what is measured cannot reuse, uncounted, what was freed before it."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
