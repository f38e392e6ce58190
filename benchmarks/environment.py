"""What a figure depends on beside the code: the machine, the versions and what else was running."""

import os
from dataclasses import dataclass
from datetime import datetime, timezone

import torch


@dataclass
class Environment:
    """
    # Parameters

    date : `str`
        When the topic began, in UTC.
    load_average : `float`
        How many processes ran or wanted to, on average over the minute before.
    processor : `str`
        Its model.
    cores : `int`
        How many this process may use.
    threads : `int`
        How many torch computes with.
    versions : `dict[str, str]`
        By package; `python` is one.
    """

    date: str
    load_average: float
    processor: str
    cores: int
    threads: int
    versions: dict[str, str]

    @classmethod
    def current(cls) -> "Environment":
        """That of this process, now."""
        from dts_ee.runs.machine import Machine

        machine = Machine.current()
        return cls(
            date=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            load_average=round(os.getloadavg()[0], 2),
            processor=machine.processor,
            cores=machine.cores,
            threads=torch.get_num_threads(),
            versions=machine.versions,
        )

    def machine(self) -> str:
        """One line with all but the date and the load."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return (
            f"{self.processor}, {self.cores} cores, {self.threads} torch "
            f"thread{'' if self.threads == 1 else 's'}; {versions}"
        )
