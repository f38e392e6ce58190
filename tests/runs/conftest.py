"""
What the tests of trainings in processes have in common.
"""

import sys
import textwrap

import pytest

from dts_ee.runs import training, tuning


@pytest.fixture
def trains(monkeypatch):
    """Makes programs of a few lines stand in for AllenNLP's `train`."""

    def replace(program: str) -> None:
        beginning = "import os, pathlib, signal, sys, time\nfolder = pathlib.Path(sys.argv[1])\n"
        monkeypatch.setattr(
            training,
            "train_command",
            lambda folder, packages: [
                *(sys.executable, "-I", "-c", beginning + textwrap.dedent(program)),
                str(folder.path),
            ],
        )

    for module in (training, tuning):
        monkeypatch.setattr(module, "_POLL_SECONDS", 0.02)
    return replace
