"""What is done in a process of its own, and how much memory it takes there."""

import ctypes
import gc
import multiprocessing
import resource
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import torch


def call_in_new_process(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a function returns in a process that has nothing of this one's memory."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as executor:
        return executor.submit(function, *arguments).result()


def peak_mib() -> float:
    """The most memory that this process has had resident so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def memory_mib(pid: int) -> tuple[int, int]:
    """The private and the shared memory that a process has resident; Linux only."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    kib = {name: int(rest[0]) for name, *rest in map(str.split, lines) if rest[-1] == "kB"}
    private, shared = (
        sum(kib[f"{kind}_{state}:"] for state in ("Clean", "Dirty"))
        for kind in ("Private", "Shared")
    )
    return round(private / 1024), round(shared / 1024)


def last_children(pid: int) -> list[int]:
    """The processes below one that have none below them; none unless on Linux."""
    file = Path(f"/proc/{pid}/task/{pid}/children")
    children = [int(child) for child in file.read_text().split()] if file.exists() else []
    return [last for child in children for last in last_children(child) or [child]]


def peak_growth_mib(call: Callable[[], Any], prepare: Callable[[], Any] = lambda: None) -> float:
    """
    By how many MiB the peak of the resident memory grows by a call in a forked process.

    It computes with one thread: OpenMP's threads do not survive a fork. `prepare` is called there
    beforehand, to read weights, say, that are mapped from a file: they are in no process's memory
    until it reads them.
    """
    gc.collect()
    # So that what is measured cannot reuse, uncounted, what was freed before it.
    if sys.platform == "linux":
        getattr(ctypes.CDLL(None), "malloc_trim", lambda _: None)(0)
    with ProcessPoolExecutor(
        1,
        mp_context=multiprocessing.get_context("fork"),
        # Unlike what is submitted, this is inherited and need not be pickled.
        initializer=_forked_calls.extend,
        initargs=((prepare, call),),
    ) as executor:
        return executor.submit(_peak_growth_mib).result()


_forked_calls: list[Callable[[], Any]] = []


def _peak_growth_mib() -> float:
    prepare, call = _forked_calls
    torch.set_num_threads(1)
    # What the first computation of a forked process costs by itself is not the call's.
    torch.ones(1).sum()
    prepare()
    before = peak_mib()
    call()
    return peak_mib() - before
