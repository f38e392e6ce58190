"""
Installs the packages of a lock file with pip.

It only imports the standard library, because it runs before anything else is installed:
`scripts/install.py` loads this file by its path.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import List

LINES_OF_LOG_SHOWN = 15
"""The number of lines of pip's output that are shown if it fails."""


def install_locked_requirements(python: Path, lock: Path, log: Path) -> None:
    """
    Installs the packages of a lock file in their exact versions.

    AllenNLP's metadata requires a version of torch that current Pythons do not have. So torch is
    installed first, with the requirements of its build for this machine, then the other packages
    without dependencies.

    # Parameters

    python : `Path`
        The interpreter of the environment to install into.
    lock : `Path`
        A requirements file with exact versions.
    log : `Path`
        The file for pip's output.

    # Raises

    `SystemExit`
        If pip fails, after the end of its output is printed.
    """
    run_pip(python, "torch", ["--constraint", str(lock), "torch"], log)
    run_pip(python, "everything else", ["--no-deps", "--requirement", str(lock)], log)


def run_pip(python: Path, title: str, arguments: List[str], log: Path) -> None:
    """
    Runs `pip install` in an environment and shows the number of packages that pip has collected.

    # Parameters

    python : `Path`
        The environment's interpreter.
    title : `str`
        The title of the installation on the screen.
    arguments : `List[str]`
        The arguments of `pip install`.
    log : `Path`
        The file to which pip's output is appended.

    # Raises

    `SystemExit`
        If pip fails, after the end of its output is printed.
    """
    started = time.monotonic()
    on_terminal = sys.stdout.isatty()
    command = [str(python), "-m", "pip", "install", "--progress-bar", "off", *arguments]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    print(f"  {title} ...", end="\n" if not on_terminal else "", flush=True)
    seen = 0
    with (
        log.open("a", encoding="utf-8") as output,
        subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as pip,
    ):
        assert pip.stdout is not None
        for line in pip.stdout:
            output.write(line)
            collected = re.match(r"Collecting (\S+)|(Installing) collected packages", line)
            if collected and on_terminal:
                seen += 1
                note = "installing" if collected[2] else f"{seen} {collected[1]}"
                print(f"\r  {title} ... {note[:50]:<50}", end="", flush=True)
    if pip.returncode != 0:
        tail = log.read_text(encoding="utf-8").splitlines()[-LINES_OF_LOG_SHOWN:]
        print("\n".join(["", *tail, f"The installation failed; all of pip's output: {log}"]))
        raise SystemExit(1)
    seconds = time.monotonic() - started
    print(f"{chr(13) if on_terminal else ''}  {title}: {seconds:.0f} s{'':<50}".rstrip())
