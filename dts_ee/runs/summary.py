"""
The results of several runs of one experiment.
"""

import statistics
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Iterable, Mapping, Optional, Sequence

from dts_ee.metrics import MetricKey, Score
from dts_ee.metrics.flat_names import PARTS
from dts_ee.runs.machine import Machine
from dts_ee.runs.overlap_scores import OverlapScores
from dts_ee.runs.run_folder import Run, RunFolder, read_json, write_json
from dts_ee.tasks import scores_in

DEVELOPMENT = "development"
TEST = "test"
SPLITS = (DEVELOPMENT, TEST)

SUMMARY_NAME = "summary.json"


@dataclass(frozen=True)
class Statistic:
    """
    The statistics of one metric over several runs.

    # Parameters

    mean : `float`
        The mean.
    standard_deviation : `float`, optional
        The sample standard deviation (divided by n - 1); `None` if there is one value.
    number : `int`
        How many values there are: a type that is neither gold nor predicted has no metric.
    """

    mean: float
    standard_deviation: Optional[float]
    number: int

    @classmethod
    def of(cls, values: Sequence[float]) -> "Statistic":
        """The statistics of at least one value."""
        deviation = statistics.stdev(values) if len(values) > 1 else None
        return cls(statistics.fmean(values), deviation, len(values))


@dataclass(frozen=True)
class ScoreStatistics:
    """The statistics of one score over several runs."""

    precision: Statistic
    recall: Statistic
    f1: Statistic


@dataclass(frozen=True)
class RunResult:
    """
    The results of one run.

    # Parameters

    number : `int`
        The seed, or the fold.
    training_seconds : `float`
        How long its epochs took.
    num_epochs : `int`
        How many epochs were trained.
    best_epoch : `int`, optional
        The epoch that was chosen, counted from 0; `None` without a development split.
    development : `dict[str, float]`
        The metrics of that epoch on the development split, by AllenNLP's names; empty without one.
    test : `dict[str, float]`
        The metrics on the test split.
    """

    number: int
    training_seconds: float
    num_epochs: int
    best_epoch: Optional[int]
    development: dict[str, float]
    test: dict[str, float]

    @classmethod
    def of(cls, folder: RunFolder) -> "RunResult":
        """The results of a run that is trained and evaluated."""
        return cls(
            number=folder.run.number,
            training_seconds=folder.training_seconds(),
            num_epochs=folder.num_epochs(),
            best_epoch=folder.best_epoch(),
            development=folder.development(),
            test=read_json(folder.test_metrics),
        )

    def metrics(self, split: str) -> dict[str, float]:
        """The metrics on `"development"` or `"test"`."""
        return self.development if split == DEVELOPMENT else self.test


@dataclass(frozen=True)
class Summary:
    """
    The results of an experiment, and how they were made.

    # Parameters

    config : `str`
        The experiment's file.
    overrides : `dict[str, Any]`
        What was changed in it.
    kind : `str`
        What the runs are: `"seed"` or `"fold"`.
    numbers : `list[int]`
        The seeds or folds that were asked for.
    test_data : `list[str]`
        The files of the test split: one for all seeds, or one for each fold.
    results : `list[RunResult]`
        The results of the runs that are finished.
    missing : `dict[int, str]`
        Why the other runs have no results.
    jobs : `int`
        How many runs were trained at once; each takes longer then.
    threads : `int`
        How many threads each run had.
    machine : `Machine`
        The machine that the last runs were trained on.
    date : `str`
        When this was written, in UTC.
    command : `str`
        The command line that reproduces it.
    overlaps : `OverlapScores`, optional
        The test split in two; `None` where no entities overlap.
    """

    config: str
    overrides: dict[str, Any]
    kind: str
    numbers: list[int]
    test_data: list[str]
    results: list[RunResult]
    missing: dict[int, str]
    jobs: int
    threads: int
    machine: Machine
    date: str
    command: str
    overlaps: Optional[OverlapScores] = None

    def run(self, number: int) -> Run:
        """The run with a number."""
        return Run(self.kind, number)

    def statistics(self, split: str) -> dict[str, Statistic]:
        """Mean and deviation of each metric on a split, over the runs that are finished."""
        return statistics_of(result.metrics(split) for result in self.results)

    def scores(self, split: str) -> dict[MetricKey, ScoreStatistics]:
        """Mean and deviation of each score on a split, over the runs that are finished."""
        return score_statistics(result.metrics(split) for result in self.results)

    def write(self, directory: Path) -> None:
        """Writes `summary.json` into an experiment's folder."""
        record = asdict(self)
        record["statistics"] = {
            split: {name: asdict(value) for name, value in self.statistics(split).items()}
            for split in SPLITS
        }
        write_json(directory / SUMMARY_NAME, record)

    @classmethod
    def read(cls, directory: Path) -> "Summary":
        """
        Reads `summary.json` from an experiment's folder.

        # Raises

        `FileNotFoundError`
            If there is none.
        """
        record = read_json(directory / SUMMARY_NAME)
        del record["statistics"]
        record["results"] = [RunResult(**result) for result in record["results"]]
        # Keys of JSON are strings.
        record["missing"] = {int(number): why for number, why in record["missing"].items()}
        record["machine"] = Machine(**record["machine"])
        if record["overlaps"] is not None:
            record["overlaps"] = OverlapScores(**record["overlaps"])
        return cls(**record)


def statistics_of(metrics: Iterable[Mapping[str, float]]) -> dict[str, Statistic]:
    """
    The statistic of each metric.

    # Parameters

    metrics : `Iterable[Mapping[str, float]]`
        The metrics of each run, by name.
    """
    values: dict[str, list[float]] = {}
    for run_metrics in metrics:
        for name, value in run_metrics.items():
            values.setdefault(name, []).append(value)
    return {name: Statistic.of(run_values) for name, run_values in values.items()}


def score_statistics(metrics: Iterable[Mapping[str, float]]) -> dict[MetricKey, ScoreStatistics]:
    """
    The statistics of each score.

    # Parameters

    metrics : `Iterable[Mapping[str, float]]`
        The metrics of each run, by AllenNLP's names.
    """
    scores_of: dict[MetricKey, list[Score]] = {}
    for run_metrics in metrics:
        for key, score in scores_in(run_metrics).items():
            scores_of.setdefault(key, []).append(score)
    return {
        key: ScoreStatistics(
            *(Statistic.of([getattr(score, part) for score in scores]) for part in PARTS)
        )
        for key, scores in scores_of.items()
    }
