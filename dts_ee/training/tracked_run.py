"""
The names of trainings in Weights & Biases and MLflow.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

RUN_VARIABLE = "DTS_EE_RUN"
"""
The environment variable that tells a training which of several it is: a kind and a number, such as
`seed 1`, `fold 3` or `trial 12`.
"""


@dataclass(frozen=True)
class TrackedRun:
    """
    What a tracker calls a training.

    # Parameters

    name : `str`
        The path of its folder, such as `out/conll04/seed_1`.
    group : `str`, optional (default = `None`)
        What the trainings of an experiment have in common, such as `out/conll04`; `None` for a
        single training.
    kind, number : `str`, optional (default = `None`)
        Which one of them it is, such as `seed` and `1`.
    """

    name: str
    group: Optional[str] = None
    kind: Optional[str] = None
    number: Optional[str] = None


def tracked_run(serialization_dir: str, name: Optional[str] = None) -> TrackedRun:
    """
    # Parameters

    serialization_dir : `str`
        The folder of a training.
    name : `str`, optional (default = `None`)
        A name from the configuration, which is that of the group where there are several trainings
        with this configuration; `None` for the path of the folder.
    """
    folder = Path(serialization_dir)
    kind, _, number = os.environ.get(RUN_VARIABLE, "").partition(" ")
    if not number:
        return TrackedRun(name or str(folder))
    group = name or str(folder.parent)
    return TrackedRun(f"{group}/{folder.name}", group, kind, number)
