"""Runs pip in a separate process."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, List

from dts_ee.resources.known_file import KnownFile, progress_bar
from dts_ee.resources.source_errors import SourceError


@contextmanager
def pip_folder(parent: Path) -> Iterator[Path]:
    """
    A temporary folder for pip, which is removed at the end of the `with` block.

    Its name is always new, because pip may continue for a while after its parent process is killed.
    """
    for leftover in parent.glob("pip-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix="pip-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_pip(arguments: List[str], scratch: Path, expected: KnownFile) -> None:
    """
    Runs pip with a progress bar instead of its output.

    # Parameters

    arguments : `List[str]`
        pip's command and options.
    scratch : `Path`
        The folder for pip's temporary files.
    expected : `KnownFile`
        The file that pip downloads, for the progress bar.

    # Raises

    `SourceError`
        If pip fails, with pip's error message.
    """
    command = [
        *(sys.executable, "-m", "pip", "--no-input", "--disable-pip-version-check"),
        *("--retries", "2", *arguments, "--progress-bar=off"),
    ]
    temporary = scratch / "temporary"
    temporary.mkdir()
    environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(temporary))}
    log = scratch / "pip.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
    try:
        with progress_bar(expected.size, expected.name) as bar:
            while process.poll() is None:
                bar.update(max(0, _largest_file(scratch) - bar.n))
                time.sleep(0.1)
    finally:
        process.kill()
        process.wait()
    if process.returncode != 0:
        lines = log.read_text(errors="replace").strip().splitlines()
        # The lines before them are warnings about attempts to connect.
        errors = [line for line in lines if line.startswith("ERROR:")] or lines[-1:]
        raise SourceError("pip failed: " + " ".join(errors))


def _largest_file(folder: Path) -> int:
    sizes = [0]
    for path in folder.rglob("*"):
        try:
            sizes.append(path.stat().st_size)
        except FileNotFoundError:
            # pip has moved the file.
            continue
    return max(sizes)
