"""What a figure depends on beside the code: the machine, the versions and what else was running."""

import os
import platform
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path

import torch

_PACKAGES = ("torch", "allennlp", "transformers")


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
        from dts_ee.version import VERSION

        versions = {"dts_ee": VERSION, "python": platform.python_version()}
        versions.update({name: metadata.version(name) for name in _PACKAGES})
        return cls(
            date=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            load_average=round(os.getloadavg()[0], 2),
            processor=_processor(),
            cores=_cores(),
            threads=torch.get_num_threads(),
            versions=versions,
        )

    def machine(self) -> str:
        """One line with all but the date and the load."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return (
            f"{self.processor}, {self.cores} cores, {self.threads} torch "
            f"thread{'' if self.threads == 1 else 's'}; {versions}"
        )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
