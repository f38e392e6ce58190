"""Commands in copies of the test's process, in which everything is imported already."""

import multiprocessing
import os
import subprocess
import sys
import threading
from typing import Any, Callable, Optional, Sequence

import pytest
from tqdm import tqdm

from tests.commands.command_line import run_allennlp


class ForkedCommand(multiprocessing.get_context("fork").Process):  # type: ignore[misc]
    """
    A running command with the methods of `subprocess.Popen`.

    # Parameters

    words : `Sequence[object]`
        The command of AllenNLP, and its arguments.
    output : `int`
        The file that it prints to.
    errors : `int`, optional (default = `None`)
        The file of its errors and progress; the same unless it is given.
    prepare : `Callable[[], None]`, optional (default = `None`)
        Is called in its process before.
    """

    def __init__(
        self,
        words: Sequence[object],
        output: int,
        errors: Optional[int] = None,
        prepare: Optional[Callable[[], None]] = None,
    ) -> None:
        super().__init__()
        self._words = words
        self._outputs = (output, output if errors is None else errors)
        self._prepare = prepare
        self.start()

    def run(self) -> None:
        """Is called in the process."""
        for stream, output in enumerate(self._outputs, start=1):
            os.dup2(output, stream)
        # tqdm's lock is shared between processes. One that is killed while it holds it would never
        # give it back.
        tqdm.set_lock(threading.RLock())
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        if self._prepare is not None:
            self._prepare()
        sys.exit(run_allennlp(*self._words))

    def __enter__(self) -> "ForkedCommand":
        return self

    def __exit__(self, *exception: object) -> None:
        self.wait()

    def poll(self) -> Optional[int]:
        """Its exit status, or the signal that has killed it as a negative number."""
        return self.exitcode

    def wait(self, timeout: Optional[float] = None) -> Optional[int]:
        """Waits for its end."""
        self.join(timeout)
        return self.exitcode


def runs_dts_ee(command: Sequence[str]) -> bool:
    """
    Whether a command runs this package, as a training does. Other packages run programs, too:
    matplotlib lists the fonts if it does not know them yet.
    """
    return list(command[1:3]) == ["-m", "dts_ee"]


def train_in_forks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has runs be trained in copies of this process instead of new interpreters."""
    start_process: Any = subprocess.Popen

    def start(command: Sequence[str], *arguments: Any, **options: Any) -> Any:
        if not runs_dts_ee(command):
            return start_process(command, *arguments, **options)
        log, environment = options["stdout"], options["env"]
        return ForkedCommand(
            command[3:], log.fileno(), prepare=lambda: os.environ.update(environment)
        )

    monkeypatch.setattr(subprocess, "Popen", start)
