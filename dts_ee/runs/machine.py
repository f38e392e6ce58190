"""
The machine and the versions of packages that results depend on.
"""

import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from dts_ee.version import VERSION

_PACKAGES = ("torch", "allennlp", "transformers")


@dataclass(frozen=True)
class Machine:
    """
    # Parameters

    processor : `str`
        Its model.
    cores : `int`
        How many cores this process may use.
    versions : `dict[str, str]`
        The version of each package, and of `python`.
    """

    processor: str
    cores: int
    versions: dict[str, str]

    @classmethod
    def current(cls) -> "Machine":
        """The one that this process runs on."""
        versions = {"dts_ee": VERSION}
        versions.update({name: metadata.version(name) for name in _PACKAGES})
        versions["python"] = platform.python_version()
        return cls(_processor(), available_cores(), versions)


def available_cores() -> int:
    """How many cores this process may use."""
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
