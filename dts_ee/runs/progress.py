"""
The progress of several trainings.
"""

import sys
import time
from types import TracebackType
from typing import Iterable, Mapping, Optional, Type

from tqdm import tqdm

from dts_ee.console import say
from dts_ee.runs.run_folder import RunFolder
from dts_ee.runs.settings import validation_metrics
from dts_ee.training.epoch_line import duration, epoch_line


class Progress:
    """
    A progress bar over the epochs of all runs on a terminal; elsewhere a line for each epoch.

    # Parameters

    num_epochs : `Mapping[RunFolder, int]`
        The maximum number of epochs of each run, also of those that are trained already.
    """

    def __init__(self, num_epochs: Mapping[RunFolder, int]) -> None:
        self._num_epochs = num_epochs
        self._done = {
            folder: number if folder.is_trained() else folder.num_epochs()
            for folder, number in num_epochs.items()
        }
        self._total = sum(num_epochs.values())
        self._at_start = sum(self._done.values())
        self._start = time.monotonic()
        self._bar = tqdm(
            total=self._total,
            initial=self._at_start,
            unit="epoch",
            disable=not sys.stderr.isatty(),
        )

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        traceback: Optional[TracebackType],
    ) -> None:
        self._bar.close()

    def update(self, running: Iterable[RunFolder]) -> None:
        """Reads the progress of running trainings from their folders."""
        shown = []
        for folder in running:
            # A recovered training repeats the epoch in which it was interrupted.
            epochs = max(folder.num_epochs(), self._done[folder])
            shown.append(f"{folder}: epoch {epochs} of {self._num_epochs[folder]}")
            if epochs > self._done[folder]:
                self._advance(folder, epochs)
                if self._bar.disable:
                    say(f"{folder}: {self._line(folder, epochs)}{self._remaining()}")
        self._bar.set_description_str(", ".join(shown), refresh=True)

    def finish(self, folder: RunFolder) -> None:
        """Counts the epochs that early stopping left out."""
        self._advance(folder, self._num_epochs[folder])

    def _advance(self, folder: RunFolder, epochs: int) -> None:
        self._bar.update(epochs - self._done[folder])
        self._done[folder] = epochs

    def _line(self, folder: RunFolder, number: int) -> str:
        try:
            metrics = folder.epoch(number)
        except ValueError:
            # AllenNLP is writing the file.
            metrics = {}
        names = validation_metrics(folder.stored_settings() or {})
        return epoch_line(number, self._num_epochs[folder], metrics, names)

    def _remaining(self) -> str:
        done = sum(self._done.values())
        if done == self._total:
            return ""
        seconds = (time.monotonic() - self._start) / (done - self._at_start) * (self._total - done)
        return f"; about {duration(seconds)} to go for all"
