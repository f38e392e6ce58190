"""
Learning curves: one experiment on samples of growing size of its training sentences.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence

from allennlp.common.checks import ConfigurationError

from dts_ee.dataset_readers.corpus_files import corpus_files
from dts_ee.dataset_readers.held_out import HELD_OUT, REST
from dts_ee.metrics import MetricKey
from dts_ee.runs.execution import check_kind, check_stored_run, train_and_evaluate
from dts_ee.runs.planned_runs import Plan
from dts_ee.runs.run_folder import SEED, Run
from dts_ee.runs.settings import load_settings, with_seed
from dts_ee.runs.summary import TEST, Statistic, Summary

ALL = "all"
"""The size that means all training sentences."""

HELD_OUT_SHARE = 0.2
"""The share of the training file that each draw holds out to test on if there is no test data."""


@dataclass(frozen=True)
class CurvePoint:
    """
    The results of models trained on samples of one size.

    # Parameters

    size : `int`
        The number of training sentences.
    directory : `Path`
        The folder of the draws.
    summary : `Summary`
        Their results.
    """

    size: int
    directory: Path
    summary: Summary

    def f1(self, key: MetricKey) -> Optional[Statistic]:
        """An F1 on the test data over the draws that are finished; `None` without one."""
        scores = self.summary.scores(TEST)
        return scores[key].f1 if key in scores else None


def learning_curve(
    config: Path,
    directory: Path,
    sizes: Sequence[str],
    draws: Sequence[int],
    overrides: str = "",
    jobs: int = 1,
    test_data: Optional[Path] = None,
    include_packages: Sequence[str] = (),
    on_point: Callable[[Sequence[CurvePoint]], None] = lambda points: None,
) -> list[CurvePoint]:
    """
    Trains an experiment on random draws of its training sentences, and evaluates each model. As in
    `repeat`, what is trained already is kept.

    # Parameters

    config, overrides, jobs, test_data, include_packages
        See `repeat`. Without test data, each draw holds a fifth of the training file out to test
        on.
    directory : `Path`
        The folder to write to: a folder `size_N` for each size, as `repeat` writes it.
    sizes : `Sequence[str]`
        How many sentences are drawn, as numbers or `"all"`.
    draws : `Sequence[int]`
        The numbers of the draws. Each number gives one sample of each size, and is also the seed
        of the training.
    on_point : `Callable[[Sequence[CurvePoint]], None]`, optional
        Is called when all draws of a size are finished or have failed, with the points of all such
        sizes, in ascending order.

    # Returns

    `list[CurvePoint]`
        One for each size, from the smallest to the largest.

    # Raises

    `ConfigurationError`
        Before anything is trained: if the settings cannot be read, a size is larger than the
        training data, the folder holds other settings, or another process works in it.
    `DocumentError`
        Before anything is trained: if a file cannot be read.
    """
    settings = load_settings(config, overrides)
    if test_data is None and not settings.get("test_data_path"):
        by_draw = {draw: _with_held_out_test_data(settings, draw) for draw in draws}
    else:
        by_draw = dict.fromkeys(draws, settings)
    # All draws have the same number of training sentences.
    available = _num_sentences(by_draw[draws[0]])
    numbers = sorted({_number(size, available) for size in sizes})
    plans = []
    for number in numbers:
        folder = directory / f"size_{number}"
        runs = {
            Run(SEED, draw): _with_draw(by_draw[draw], number, available, draw) for draw in draws
        }
        for stored in check_kind(folder, SEED):
            if stored.run in runs:
                check_stored_run(stored, runs[stored.run])
        command = ["allennlp", "learning-curve", str(config), "-s", str(directory)]
        command += ["--sizes", ",".join(sizes), "--draws", ",".join(map(str, draws))]
        name = f"{number} sentences"
        plans.append(Plan(config, folder, runs, command, overrides, test_data, name))
    points: dict[int, CurvePoint] = {}

    def on_finished(number: int, summary: Summary) -> None:
        points[number] = CurvePoint(numbers[number], plans[number].directory, summary)
        on_point([points[i] for i in sorted(points)])

    train_and_evaluate(plans, jobs, include_packages, on_finished)
    return [points[i] for i in sorted(points)]


@dataclass(frozen=True)
class Gain:
    """
    What more sentences brought: the difference of two points of a curve.

    # Parameters

    for_doubling : `float`
        By how much F1 rose with each doubling of the sentences, on the average.
    error : `float`, optional
        The standard error of that; `None` where one of the points has a single draw.
    """

    for_doubling: float
    error: Optional[float]

    @classmethod
    def between(cls, small: CurvePoint, large: CurvePoint, key: MetricKey) -> Optional["Gain"]:
        """The gain from one point to a larger one; `None` where one of them has no such score."""
        before, after = small.f1(key), large.f1(key)
        if before is None or after is None:
            return None
        doublings = math.log2(large.size / small.size)
        error = None
        if before.standard_deviation is not None and after.standard_deviation is not None:
            variance = (
                before.standard_deviation**2 / before.number
                + after.standard_deviation**2 / after.number
            )
            error = math.sqrt(variance) / doublings
        return cls((after.mean - before.mean) / doublings, error)


def _num_sentences(settings: Mapping[str, Any]) -> int:
    return sum(len(file.read()) for file in corpus_files(settings["train_data_path"]))


def _number(size: str, available: int) -> int:
    number = available if size == ALL else int(size)
    if number > available:
        raise ConfigurationError(
            f"there are {available} training sentences, fewer than {number}: choose smaller "
            f"--sizes, or {ALL}"
        )
    return number


def _with_held_out_test_data(settings: Mapping[str, Any], draw: int) -> dict[str, Any]:
    path = settings.get("train_data_path")
    if not isinstance(path, str):
        raise ConfigurationError(
            "there is no test data, and none can be held out, as the training data is not a single "
            "file: name a file with --test-data"
        )

    def part(name: str) -> dict[str, Any]:
        return {"path": path, "part": name, "held_out": HELD_OUT_SHARE, "seed": draw}

    return {**settings, "train_data_path": part(REST), "test_data_path": part(HELD_OUT)}


def _with_draw(
    settings: Mapping[str, Any], number: int, available: int, draw: int
) -> dict[str, Any]:
    seeded = with_seed(settings, draw)
    if number == available:
        return seeded
    reader = settings["dataset_reader"]
    return {
        **seeded,
        # Sentences are drawn for training alone.
        "validation_dataset_reader": settings.get("validation_dataset_reader", reader),
        "dataset_reader": {**reader, "max_documents": number, "sampling_seed": draw},
    }
