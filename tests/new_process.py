"""Runs Python in a new process."""

import subprocess
import sys
from pathlib import Path


def run_python(
    *arguments: str, cwd: Path | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """
    Runs the interpreter of the tests with arguments, such as `"-c", program`, and returns what it
    printed. With `check`, an exit status other than 0 fails.
    """
    completed = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, capture_output=True, text=True
    )
    if check:
        assert completed.returncode == 0, completed.stderr
    return completed
