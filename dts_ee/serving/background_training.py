"""
A training in the background of a server, one at a time.
"""

import logging
import os
import re
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping, Optional

from allennlp.common.checks import ConfigurationError
from filelock import FileLock, Timeout

from dts_ee.errors import explain
from dts_ee.runs.run_folder import Run, RunFolder
from dts_ee.runs.training import SECONDS_TO_STOP, RunTraining, stop, threads_for_each

logger = logging.getLogger(__name__)

_KIND = "training"
_PARTIAL = ".partial"
_POLL_SECONDS = 0.2

RUNNING, FINISHED, FAILED = "running", "finished", "failed"


@dataclass(frozen=True)
class Job:
    """
    A training, by its number in the folder.

    `status` is `"running"`, `"finished"` or `"failed"`, and `error` says why it failed.
    """

    number: int
    status: str = RUNNING
    error: Optional[str] = None

    def to_json(self) -> dict[str, Any]:
        """`{"number": …, "status": …}`, with `error` if it failed."""
        error = {} if self.error is None else {"error": self.error}
        return {"number": self.number, "status": self.status, **error}


class BackgroundTraining:
    """
    Trains in processes of their own, one at a time.

    The folder gets `training_1`, `training_2` and so on, each as `train` makes it, and beside each
    its data, `training_1.jsonl`. A training that fails or is ended leaves `failed.log` alone.

    # Parameters

    folder : `Path`
        The folder of the trainings, which is made if it is missing.
    settings : `Mapping[str, Any]`
        The settings of the experiment, apart from its `train_data_path`.

    # Raises

    `ConfigurationError`
        If another process trains in the folder.
    """

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self._folder = folder
        self._settings = settings
        self._lock = threading.Lock()
        self._is_closed = threading.Event()
        self._thread: Optional[threading.Thread] = None
        self.job: Optional[Job] = None
        folder.mkdir(parents=True, exist_ok=True)
        self._alone = FileLock(folder / ".lock")
        try:
            self._alone.acquire(timeout=0)
        except Timeout:
            raise ConfigurationError(f"another process trains in {folder}") from None
        # What a process that was killed has left.
        for partial in folder.glob(f"{_KIND}_*{_PARTIAL}"):
            self._remove(partial.with_suffix(""))

    def newest(self) -> Optional[Path]:
        """The folder of the last training that came to its end, if there is one."""
        finished = {
            int(match[1]): path
            for path in self._folder.iterdir()
            if (match := re.fullmatch(rf"{_KIND}_(\d+)", path.name)) and path.is_dir()
        }
        return finished[max(finished)] if finished else None

    def start(
        self, write_data: Callable[[Path], None], when_trained: Callable[[Path], None]
    ) -> bool:
        """
        Starts a training, unless one is running.

        # Parameters

        write_data : `Callable[[Path], None]`
            Writes the training data to a file. What it raises is why the training failed.
        when_trained : `Callable[[Path], None]`
            Is called with the folder of the training at its end. If it raises something, the
            training failed, and its folder is removed.

        # Returns

        `bool`
            Whether it was started.
        """
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return False
            newest = self.newest()
            number = 1 if newest is None else int(newest.name.removeprefix(f"{_KIND}_")) + 1
            self.job = Job(number)
            self._thread = threading.Thread(
                target=self._run, args=(number, write_data, when_trained), daemon=True
            )
            self._thread.start()
            return True

    def close(self) -> None:
        """Ends the training that is running, and removes what it has written."""
        self._is_closed.set()
        if self._thread is not None:
            self._thread.join(SECONDS_TO_STOP + 5)
        self._alone.release()

    def _run(
        self,
        number: int,
        write_data: Callable[[Path], None],
        when_trained: Callable[[Path], None],
    ) -> None:
        folder = self._folder / f"{_KIND}_{number}"
        partial = folder.with_name(f"{folder.name}{_PARTIAL}")
        try:
            partial.mkdir()
            data = folder.with_suffix(".jsonl")
            write_data(data)
            self._train(RunFolder(Run(_KIND, number), partial), data)
            os.replace(partial, folder)
            when_trained(folder)
        except Exception as error:
            explanation = explain(error)
            self._remove(folder)
            if self._is_closed.is_set():
                return
            logger.error(
                "Training %d failed: %s",
                number,
                explanation.message,
                exc_info=None if explanation.is_expected else error,
            )
            self.job = Job(number, FAILED, explanation.message)
        else:
            logger.info("Training %d is finished: %s", number, folder)
            self.job = Job(number, FINISHED)

    def _train(self, run: RunFolder, data: Path) -> None:
        settings = {**self._settings, "train_data_path": str(data)}
        training = RunTraining(run, settings, threads_for_each(1), ())
        try:
            while training.is_running() and not self._is_closed.wait(_POLL_SECONDS):
                pass
        finally:
            stop([training])
        problem = training.problem()
        if problem is not None and self._is_closed.is_set():
            raise ConfigurationError(problem)
        if problem is not None:
            lines = run.last_lines_of_log(1)
            log = self._folder / "failed.log"
            os.replace(run.log, log)
            raise ConfigurationError(f"{problem}: {' '.join(lines)} ({log} has all of it)")

    def _remove(self, folder: Path) -> None:
        """Removes what a training that did not come to its end has written."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(folder.with_name(f"{folder.name}{_PARTIAL}"), ignore_errors=True)
        folder.with_suffix(".jsonl").unlink(missing_ok=True)
