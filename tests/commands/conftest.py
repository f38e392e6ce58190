"""
What the tests of commands that train models have in common.
"""

import shutil
import subprocess

import pytest

from tests.forked_command import runs_dts_ee


@pytest.fixture
def directory(finished, tmp_path):
    """A copy of the folder that the module's `finished` is."""
    return shutil.copytree(finished, tmp_path / "out", copy_function=shutil.copy2)


@pytest.fixture
def nothing_is_trained(monkeypatch):
    """Makes it an error to start a training."""
    start_process = subprocess.Popen

    def refuse(command, *args, **kwargs):
        if runs_dts_ee(command):
            raise AssertionError("a training was started")
        return start_process(command, *args, **kwargs)

    monkeypatch.setattr(subprocess, "Popen", refuse)
