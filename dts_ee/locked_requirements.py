"""
Installs the packages of a lock with pip.

It imports nothing but the standard library, since it runs where nothing else is installed yet:
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
"""How many lines of pip's output are shown when it fails."""


def install_locked_requirements(python: Path, lock: Path, log: Path) -> None:
    """
    Installs what a lock lists, each package in exactly that version.

    AllenNLP's metadata asks for a torch that Python 3.11 has not: torch comes first, with what its
    build for this machine requires, then everything else exactly as locked.

    # Parameters

    python : `Path`
        The interpreter of the environment to install into.
    lock : `Path`
        A file of requirements with exact versions.
    log : `Path`
        Where pip's output goes.

    # Raises

    `SystemExit`
        If pip fails: the end of its output was printed.
    """
    run_pip(python, "torch", ["--constraint", str(lock), "torch"], log)
    run_pip(python, "everything else", ["--no-deps", "--requirement", str(lock)], log)


def run_pip(python: Path, title: str, arguments: List[str], log: Path) -> None:
    """
    Runs `pip install` in an environment and shows how many packages it has looked at so far.

    # Parameters

    python : `Path`
        The environment's interpreter.
    title : `str`
        What is installed, for the screen.
    arguments : `List[str]`
        What follows `pip install`.
    log : `Path`
        Where pip's output is added.

    # Raises

    `SystemExit`
        If pip fails: the end of its output was printed.
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


def keep_allennlp_models_from_downloading(environment: Path) -> None:
    """
    Makes an empty folder where NLTK looks for its tokenizer's data.

    `allennlp` imports allennlp-models before any plugin, and allennlp-models downloads that data
    when it is imported, for an evaluation script that nothing here runs, unless it finds the
    folder. (`dts-ee` needs no such folder: see `dts_ee.compat`.)

    # Parameters

    environment : `Path`
        The folder of the environment.
    """
    folder = environment / "nltk_data" / "tokenizers" / "punkt"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README").write_text(
        "Empty on purpose, so that importing allennlp-models downloads nothing.\n"
        "For the data itself: python -m nltk.downloader punkt wordnet\n",
        encoding="utf-8",
    )
