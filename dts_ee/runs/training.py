"""
Training several runs, each in its own process.
"""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections import deque
from typing import Any, Callable, Iterable, Mapping, Optional, Sequence

from dts_ee.parent_process import environment_of_child
from dts_ee.runs.machine import available_cores
from dts_ee.runs.progress import Progress
from dts_ee.runs.run_folder import RunFolder, write_json
from dts_ee.training.tracked_run import RUN_VARIABLE

_POLL_SECONDS = 0.2

SECONDS_TO_STOP = 30.0
"""How long a process may take to stop after SIGTERM before it is killed."""


class RunTraining:
    """
    The process that trains a run: AllenNLP's `train`, in a fresh interpreter.

    It is started with `--recover`, so that it goes on where an earlier process was interrupted.

    # Parameters

    folder : `RunFolder`
        Where the model is trained. What the process prints is added to its log.
    settings : `Mapping[str, Any]`
        The settings of the experiment.
    threads : `int`
        How many threads it computes with, unless `OMP_NUM_THREADS` is set.
    include_packages : `Sequence[str]`
        Packages beside this one that it imports.

    # Raises

    `BlockingIOError`
        If another process trains in the folder.
    """

    def __init__(
        self,
        folder: RunFolder,
        settings: Mapping[str, Any],
        threads: int,
        include_packages: Sequence[str],
    ) -> None:
        self.folder = folder
        folder.path.mkdir(parents=True, exist_ok=True)
        with folder.log.open("ab") as log:
            # The process inherits the lock with the file, and holds it until it ends, even if this
            # process ends before.
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Where AllenNLP was interrupted, it left an archive of the best epoch until then.
            folder.archive.unlink(missing_ok=True)
            folder.record_start()
            write_json(folder.config, settings)
            self._process = subprocess.Popen(
                train_command(folder, include_packages),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={
                    "OMP_NUM_THREADS": str(threads),
                    **os.environ,
                    **environment_of_child(),
                    RUN_VARIABLE: str(folder.run),
                },
            )

    def problem(self) -> Optional[str]:
        """Why the process failed; `None` if it still runs, or succeeded."""
        status = self._process.poll()
        if status is None or (status == 0 and self.folder.is_trained()):
            return None
        if status == 0:
            return f"the training ended without {self.folder.archive.name}"
        if status < 0:
            return f"the training was ended by {signal.Signals(-status).name}"
        return f"the training ended with exit status {status}"

    def is_running(self) -> bool:
        """Whether the process runs."""
        return self._process.poll() is None

    def terminate(self) -> None:
        """Tells the process to stop."""
        self._process.terminate()

    def kill(self) -> None:
        """Ends the process, and waits until it has ended."""
        self._process.kill()
        self._process.wait()


def train_runs(
    settings: Mapping[RunFolder, Mapping[str, Any]],
    jobs: int,
    include_packages: Sequence[str],
    progress: Progress,
    on_trained: Callable[[RunFolder], None],
    on_failed: Callable[[RunFolder, str], None],
) -> None:
    """
    Trains runs, several at once.

    An exception also ends the trainings, which can be recovered later.

    # Parameters

    settings : `Mapping[RunFolder, Mapping[str, Any]]`
        The settings of each run, in the order in which the runs are started.
    jobs : `int`
        How many are trained at once.
    include_packages : `Sequence[str]`
        Packages beside this one that the processes import.
    progress : `Progress`
        Is updated while they run.
    on_trained : `Callable[[RunFolder], None]`
        Is called with each run whose training succeeded, before the next is started.
    on_failed : `Callable[[RunFolder, str], None]`
        Is called with each run that failed, and why. The other runs go on.
    """
    threads = threads_for_each(jobs)
    waiting = deque(settings)
    running: list[RunTraining] = []
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                folder = waiting.popleft()
                try:
                    training = RunTraining(folder, settings[folder], threads, include_packages)
                except BlockingIOError:
                    on_failed(folder, "another process trains in its folder")
                else:
                    running.append(training)
            progress.update(training.folder for training in running)
            for training in [training for training in running if not training.is_running()]:
                running.remove(training)
                problem = training.problem()
                if problem is None:
                    progress.finish(training.folder)
                    on_trained(training.folder)
                else:
                    on_failed(training.folder, problem)
            if running:
                time.sleep(_POLL_SECONDS)
    finally:
        stop(running)


def train_command(folder: RunFolder, include_packages: Sequence[str]) -> list[str]:
    """The command line of a run's process."""
    command = [sys.executable, "-m", "dts_ee", "train", str(folder.config)]
    command += ["-s", str(folder.path), "--recover"]
    for package in include_packages:
        command += ["--include-package", package]
    return command


def threads_for_each(jobs: int) -> int:
    """How many threads each of several trainings gets; `OMP_NUM_THREADS` takes precedence."""
    first, _, _ = os.environ.get("OMP_NUM_THREADS", "").partition(",")
    return int(first) if first.isdecimal() else max(available_cores() // jobs, 1)


def stop(trainings: Iterable[RunTraining]) -> None:
    """Ends the processes of trainings, which can be recovered later."""
    running = [training for training in trainings if training.is_running()]
    try:
        for training in running:
            training.terminate()
        deadline = time.monotonic() + SECONDS_TO_STOP
        while any(training.is_running() for training in running) and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS / 4)
    finally:
        # A second interrupt comes here at once.
        for training in running:
            training.kill()
