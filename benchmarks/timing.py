"""Times things in turns, and compares what came out."""

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Optional


@dataclass
class Row:
    """
    Something that was timed.

    # Parameters

    group, name : `str`
        The table that it stands in, and what it is called there.
    seconds : `list[float]`
        The time of each round.
    pieces : `int`, optional (default = `1`)
        How many pieces of work one round does. The table has the time of one.
    rate : `str`, optional (default = `None`)
        The name of the pieces, where it counts how many there are per second.
    extra : `dict[str, float]`, optional (default = `{}`)
        Further figures.
    """

    group: str
    name: str
    seconds: list[float]
    pieces: int = 1
    rate: Optional[str] = None
    extra: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.rate is not None:
            self.extra[f"{self.rate} per second"] = median(self.figures())

    def figures(self) -> list[float]:
        """Of each round, the seconds of a piece or, with a rate, the pieces per second."""
        if self.rate is None:
            return [seconds / self.pieces for seconds in self.seconds]
        return [self.pieces / seconds for seconds in self.seconds]

    def compare_with(self, baseline: "Row") -> None:
        """
        Adds the ratio to a row that was timed in turns with this one: the median, over the rounds,
        of this row's figure divided by the other's.
        """
        self.extra[f"ratio to {baseline.name}"] = median(
            own / other for own, other in zip(self.figures(), baseline.figures(), strict=True)
        )


class Timer:
    """
    Collects rows.

    # Parameters

    rounds : `int`
        How often each thing is timed.
    """

    def __init__(self, rounds: int) -> None:
        self.rounds = rounds
        self.rows: list[Row] = []
        self.notes: list[str] = []
        """What else a reader must know."""

    def time_in_turns(
        self,
        group: str,
        calls: Mapping[str, Callable[[], Any]],
        warm_up: bool = True,
        clock: Callable[[], float] = time.perf_counter,
        **options: Any,
    ) -> dict[str, Row]:
        """
        Times things in turns, A B A B …, so that whatever else the machine does meets them all.

        # Parameters

        group : `str`
            The table.
        calls : `Mapping[str, Callable[[], Any]]`
            What to time, by name.
        warm_up : `bool`, optional (default = `True`)
            Whether each is called once beforehand.
        clock : `Callable[[], float]`, optional (default = `time.perf_counter`)
            What tells the seconds.
        options : `Any`
            See `add`.
        """
        if warm_up:
            for call in calls.values():
                call()
        seconds: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(self.rounds):
            gc.collect()
            for name, call in calls.items():
                start = clock()
                call()
                seconds[name].append(clock() - start)
        return self.add(group, seconds, **options)

    def add(
        self,
        group: str,
        seconds: Mapping[str, list[float]],
        baseline: Optional[str] = None,
        **options: Any,
    ) -> dict[str, Row]:
        """Adds rows with `options`, compares all with the one called `baseline`, returns them."""
        rows = {name: Row(group, name, times, **options) for name, times in seconds.items()}
        for name, row in rows.items():
            if baseline is not None and name != baseline:
                row.compare_with(rows[baseline])
        self.rows += rows.values()
        return rows
