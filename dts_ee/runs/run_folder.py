"""
The folder of one run: its files, and the progress of its training.
"""

import json
import re
import shutil
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Optional

from allennlp.common.checks import ConfigurationError

from dts_ee.corpora.files import open_atomically
from dts_ee.metrics.flat_names import metrics_of

SEED, FOLD, TRIAL, TEACHER, STUDENT = "seed", "fold", "trial", "teacher", "student"
"""The kinds of runs."""

_BEST = "best_validation_"
_CHECKPOINT = re.compile(r"training_state_e(\d+)_b\d+\.th")
_DURATION = re.compile(r"(?:(\d+) days?, )?(\d+):(\d+):(\d+(?:\.\d+)?)")


@dataclass(frozen=True, order=True)
class Run:
    """
    One of the trainings of an experiment.

    # Parameters

    kind : `str`
        What the number means: `"seed"`, `"fold"`, `"trial"`, `"teacher"` or `"student"`.
    number : `int`
        The fold, the number of the trial, or else the seed.
    """

    kind: str
    number: int

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"


@dataclass(frozen=True)
class RunFolder:
    """
    A serialization directory of AllenNLP, with the evaluation on the test split.

    # Parameters

    run : `Run`
        The run that is trained in the folder.
    path : `Path`
        The folder, which need not exist.
    experiment : `str`, optional (default = `""`)
        The experiment's name in messages, where several are trained together.
    """

    run: Run
    path: Path
    experiment: str = field(default="", compare=False)

    @classmethod
    def within(cls, directory: Path, run: Run, experiment: str = "") -> "RunFolder":
        """The folder of a run among those of an experiment."""
        return cls(run, directory / f"{run.kind}_{run.number}", experiment)

    @classmethod
    def all_within(cls, directory: Path) -> list["RunFolder"]:
        """Every run's folder that an experiment's folder has, in the order of their numbers."""
        matches = [
            (re.fullmatch(rf"({SEED}|{FOLD}|{TRIAL})_(\d+)", path.name), path)
            for path in directory.glob("*_*")
            if path.is_dir()
        ]
        found = [cls(Run(match[1], int(match[2])), path) for match, path in matches if match]
        return sorted(found, key=lambda folder: folder.run)

    def __str__(self) -> str:
        return f"{self.experiment}, {self.run}" if self.experiment else str(self.run)

    @property
    def config(self) -> Path:
        """The settings, as AllenNLP keeps them."""
        return self.path / "config.json"

    @property
    def log(self) -> Path:
        """All that the training prints."""
        return self.path / "log.txt"

    @property
    def archive(self) -> Path:
        """The trained model."""
        return self.path / "model.tar.gz"

    @property
    def metrics(self) -> Path:
        """What AllenNLP writes at the end of a training."""
        return self.path / "metrics.json"

    @property
    def development_metrics(self) -> Path:
        """The metrics of the best epoch on the development split."""
        return self.path / "development_metrics.json"

    @property
    def test_metrics(self) -> Path:
        """The metrics on the test split."""
        return self.path / "test_metrics.json"

    @property
    def test_predictions(self) -> Path:
        """The predicted and the gold documents of the test split."""
        return self.path / "test_predictions.jsonl"

    @property
    def _starts(self) -> Path:
        return self.path / "training_starts.json"

    def is_trained(self) -> bool:
        """
        Whether the training came to its end.

        The archive alone does not show it: AllenNLP also writes one when it is interrupted.
        """
        return self.archive.is_file() and self.metrics.is_file()

    def remove_model(self) -> None:
        """Deletes the model and its checkpoints. Settings, metrics and log stay."""
        for path in [self.archive, *self.path.glob("*.th")]:
            path.unlink(missing_ok=True)
        shutil.rmtree(self.path / "vocabulary", ignore_errors=True)

    def stored_settings(self) -> Optional[dict[str, Any]]:
        """
        The settings of a training that was begun here; `None` if none was.

        # Raises

        `ConfigurationError`
            If the file cannot be read.
        """
        try:
            return json.loads(self.config.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"{self.config} cannot be read: {error}") from error

    def record_start(self) -> None:
        """Records that a training process starts now, and after how many epochs."""
        write_json(self._starts, [*self._recorded_starts(), self._epochs_in_checkpoint()])

    def num_epochs(self) -> int:
        """How many epochs are finished."""
        return len(self._epoch_files())

    def epoch(self, number: int) -> dict[str, Any]:
        """AllenNLP's metrics of a finished epoch, counted from 1."""
        return read_json(self._epoch_file(number - 1))

    def epochs(self) -> list[dict[str, Any]]:
        """AllenNLP's metrics of every finished epoch, in order."""
        return [read_json(path) for path in self._epoch_files()]

    def training_seconds(self) -> float:
        """
        How long the finished epochs took, by AllenNLP's clock.

        The clock starts anew when a training is recovered, so the times of all processes are added.
        The part of an epoch that an interruption lost, and the start of a process, do not count.
        """
        epochs = self.epochs()
        starts = self._recorded_starts() or [0]
        seconds = 0.0
        for start, end in zip(starts, [*starts[1:], len(epochs)], strict=True):
            if start < end <= len(epochs):
                seconds += _seconds(epochs[end - 1]["training_duration"])
        return seconds

    def best_epoch(self) -> Optional[int]:
        """The epoch that was chosen, counted from 0; `None` without a development split."""
        return read_json(self.metrics).get("best_epoch") if self.development() else None

    def development(self) -> dict[str, float]:
        """The best epoch's metrics on the development split; none where there is no such split."""
        return metrics_of(read_json(self.metrics), _BEST)

    def last_lines_of_log(self, number: int = 12) -> list[str]:
        """The end of the log, without blank lines; at most `number` lines."""
        try:
            with self.log.open("rb") as file:
                file.seek(max(self.log.stat().st_size - 16_384, 0))
                text = file.read().decode("utf-8", errors="replace")
        except FileNotFoundError:
            return []
        return [line.rstrip() for line in text.splitlines() if line.strip()][-number:]

    def failure(self, problem: str) -> str:
        """A message that the training failed, with the end of its log."""
        lines = [f"    {line}" for line in self.last_lines_of_log()]
        return "\n".join([f"{self}: {problem}. The end of {self.log}:", *lines])

    def _epoch_files(self) -> list[Path]:
        paths: list[Path] = []
        while (path := self._epoch_file(len(paths))).is_file():
            paths.append(path)
        return paths

    def _epoch_file(self, epoch: int) -> Path:
        return self.path / f"metrics_epoch_{epoch}.json"

    def _epochs_in_checkpoint(self) -> int:
        found = (_CHECKPOINT.fullmatch(path.name) for path in self.path.glob("training_state_*"))
        return max((int(match[1]) for match in found if match), default=0)

    def _recorded_starts(self) -> list[int]:
        return read_json(self._starts) if self._starts.is_file() else []


def read_json(path: Path) -> Any:
    """What a JSON file holds."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_json(path: Path, value: Any) -> None:
    """Writes a JSON file whole or not at all."""
    with open_atomically(path, durable=True) as file:
        json.dump(value, file, indent=2, ensure_ascii=False)
        file.write("\n")


def _seconds(duration: str) -> float:
    match = _DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(f"{duration!r} is not a duration")
    days, hours, minutes, seconds = match.groups(default="0")
    return timedelta(
        days=int(days), hours=int(hours), minutes=int(minutes), seconds=float(seconds)
    ).total_seconds()
