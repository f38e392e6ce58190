"""
What the tests of commands that train models have in common.
"""

import shutil
import subprocess

import pytest


@pytest.fixture
def directory(finished, tmp_path):
    """A copy of the folder that the module's `finished` is."""
    return shutil.copytree(finished, tmp_path / "out", copy_function=shutil.copy2)


@pytest.fixture
def nothing_is_trained(monkeypatch):
    """Makes it an error to start a process."""

    def refuse(*args, **kwargs):
        raise AssertionError("a process was started")

    monkeypatch.setattr(subprocess, "Popen", refuse)
