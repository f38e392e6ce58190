"""
Makes the environment `.venv` in the working directory and installs the project there.

Run by `make install` with a supported interpreter, which is the one the environment gets. Only the
standard library is used. What pip says goes to `.venv/install.log`, its last lines to the screen if
it fails. The file `.venv/installed` is written last, so that an interrupted installation counts as
none.
"""

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import List

ENVIRONMENT = Path(".venv")
INSTALLED = ENVIRONMENT / "installed"
LOG = ENVIRONMENT / "install.log"
LOCK = Path("requirements") / "lock-py311.txt"
PYTHON = ENVIRONMENT / "bin" / "python"

LINES_OF_LOG_SHOWN = 15
"""How many lines of pip's output are shown when it fails."""


def make_environment() -> None:
    """Makes an empty environment, or keeps the one that an earlier run completed."""
    was_complete = INSTALLED.exists()
    INSTALLED.unlink(missing_ok=True)
    if not was_complete:
        made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)])
        if made.returncode != 0:
            raise SystemExit(f"{sys.executable} could not make an environment in {ENVIRONMENT}.")
    LOG.write_text("", encoding="utf-8")


def run_pip(title: str, arguments: List[str]) -> None:
    """
    Runs `pip install` in the environment and shows how many packages it has looked at so far.

    # Parameters

    title : `str`
        What is installed, for the screen.
    arguments : `List[str]`
        What follows `pip install`.

    # Raises

    `SystemExit`
        If pip fails: the end of its output was printed.
    """
    started = time.monotonic()
    on_terminal = sys.stdout.isatty()
    command = [str(PYTHON), "-m", "pip", "install", "--progress-bar", "off", *arguments]
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    print(f"  {title} ...", end="\n" if not on_terminal else "", flush=True)
    seen = 0
    with (
        LOG.open("a", encoding="utf-8") as log,
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
            log.write(line)
            collected = re.match(r"Collecting (\S+)|(Installing) collected packages", line)
            if collected and on_terminal:
                seen += 1
                note = "installing" if collected[2] else f"{seen} {collected[1]}"
                print(f"\r  {title} ... {note[:50]:<50}", end="", flush=True)
    if pip.returncode != 0:
        tail = LOG.read_text(encoding="utf-8").splitlines()[-LINES_OF_LOG_SHOWN:]
        print("\n".join(["", *tail, f"The installation failed; all of pip's output: {LOG}"]))
        raise SystemExit(1)
    seconds = time.monotonic() - started
    print(f"{chr(13) if on_terminal else ''}  {title}: {seconds:.0f} s{'':<50}".rstrip())


def keep_allennlp_models_from_downloading() -> None:
    """
    Makes an empty folder where NLTK looks for its tokenizer's data.

    `allennlp` imports allennlp-models before any plugin, and allennlp-models downloads that data
    when it is imported, for an evaluation script that nothing here runs, unless it finds the
    folder. (`dts-ee` needs no such folder: see `dts_ee.compat`.)
    """
    folder = ENVIRONMENT / "nltk_data" / "tokenizers" / "punkt"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "README").write_text(
        "Empty on purpose, so that importing allennlp-models downloads nothing.\n"
        "For the data itself: python -m nltk.downloader punkt wordnet\n",
        encoding="utf-8",
    )


def keep_allennlp_from_chattering(version: str) -> None:
    """
    Leaves out two messages that `allennlp` prints at every start, before it loads any plugin.

    One names the plugins that there are, the other is torchvision's about a reader for image files
    that cannot load beside this torch. Python runs the lines of a `.pth` file as it starts, which
    is early enough. (`dts-ee` needs no such file: see `dts_ee.compat`.)

    # Parameters

    version : `str`
        That of the environment's Python, as `3.11`.
    """
    folder = ENVIRONMENT / "lib" / f"python{version}" / "site-packages"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "quiet_allennlp.pth").write_text(
        "import logging; logging.getLogger('allennlp.common.plugins').setLevel('WARNING')\n"
        "import warnings; "
        "warnings.filterwarnings('ignore', 'Failed to load image Python extension')\n",
        encoding="utf-8",
    )


def main() -> None:
    """Installs the project: from the lock on Python 3.11, by AllenNLP's own pins on 3.10."""
    version = ".".join(map(str, sys.version_info[:2]))
    print(f"Installing into {ENVIRONMENT} with Python {version}")
    make_environment()
    if version == "3.11":
        # AllenNLP's metadata asks for a torch that this Python has not: torch comes first, with
        # what its build for this machine requires, then everything else exactly as locked.
        run_pip("torch", ["--constraint", str(LOCK), "torch"])
        run_pip("everything else", ["--no-deps", "--requirement", str(LOCK)])
        run_pip("dts-ee", ["--no-deps", "--no-build-isolation", "--editable", "."])
    else:
        run_pip("dts-ee and what it requires", ["--editable", ".[test]"])
    keep_allennlp_models_from_downloading()
    keep_allennlp_from_chattering(version)
    INSTALLED.write_text(f"Python {version}\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit("\nInterrupted: the next run starts over.") from None
