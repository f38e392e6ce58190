"""
Repeated experiments side by side: their scores, and whether a difference could be luck.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
from allennlp.common.checks import ConfigurationError

from dts_ee.experiments.predictions import Prediction, are_of, read_predictions
from dts_ee.experiments.seed_folder import SeedFolder
from dts_ee.metrics import EntityF1, RelationF1
from dts_ee.metrics.document_f1 import DocumentF1
from dts_ee.metrics.randomisation import micro_f1_p_value

_TASKS: Mapping[str, Callable[[], DocumentF1]] = {"NER": EntityF1, "RE": RelationF1}


@dataclass
class Experiment:
    """
    An experiment that was run with one or more seeds.

    # Parameters

    name : `str`
        What it is called in tables.
    runs : `list[list[Prediction]]`
        The predictions of each seed, for the same sentences.
    """

    name: str
    runs: list[list[Prediction]]

    def scores(self) -> list[dict[str, float]]:
        """All numbers of `EntityF1` and `RelationF1`, for each seed."""
        scores = []
        for run in self.runs:
            numbers: dict[str, float] = {}
            for metric in (EntityF1(), RelationF1()):
                metric([each.predicted for each in run], [each.gold for each in run])
                numbers.update(metric.get_metric())
            scores.append(numbers)
        return scores

    def counts(self, task: str) -> numpy.ndarray:
        """
        Shape (num_sentences, 3): how many strict items of each sentence are right, predicted and
        gold, as the mean over the seeds.
        """
        metric = _TASKS[task]()
        counts = []
        for run in self.runs:
            for each in run:
                items, gold_items = metric.items("strict", each.predicted, each.gold)
                counts.append((len(items & gold_items), len(items), len(gold_items)))
        return numpy.array(counts, dtype=float).reshape(len(self.runs), -1, 3).mean(axis=0)

    def right(self, task: str) -> numpy.ndarray:
        """Shape (num_sentences,): for how many seeds a whole sentence is as it should be."""
        metric = _TASKS[task]()
        right = numpy.zeros(len(self.runs[0]), dtype=int)
        for run in self.runs:
            for i, each in enumerate(run):
                items, gold_items = metric.items("strict", each.predicted, each.gold)
                right[i] += items == gold_items
        return right


@dataclass
class Flip:
    """
    A sentence that one experiment has right, for most of its seeds, and the other has not.

    # Parameters

    task : `str`
        `"NER"` or `"RE"`.
    sentence : `int`
        Its place in the split.
    right : `dict[str, int]`
        For how many seeds each of the two experiments has it right.
    better : `str`
        The name of the one that has.
    """

    task: str
    sentence: int
    right: dict[str, int]
    better: str


def read_experiment(directory: Path) -> Experiment:
    """
    Reads what `repeat` wrote into a directory.

    # Raises

    `ConfigurationError`
        If there are no predictions, or those of two seeds are not about the same documents.
    `DocumentError`
        If predictions cannot be read; it names the file and the line.
    """
    files = [folder.test_predictions for folder in SeedFolder.all_within(directory)]
    files = [file for file in files if file.exists()]
    if not files:
        raise ConfigurationError(
            f"{directory} has no seed with predictions: it is no output of `allennlp repeat`, or "
            "none is finished"
        )
    runs = [read_predictions(file) for file in files]
    for file, run in zip(files, runs, strict=True):
        _check_same_gold(files[0], runs[0], file, run)
    return Experiment(str(directory), runs)


def read_experiments(directories: Sequence[Path]) -> list[Experiment]:
    """
    # Raises

    `ConfigurationError`
        If there are fewer than two directories, one is there twice or has no predictions, or the
        predictions are not about the same documents.
    `DocumentError`
        If predictions cannot be read; it names the file and the line.
    """
    if len(directories) < 2:
        raise ConfigurationError("there must be two directories to compare, at least")
    if len({directory.resolve() for directory in directories}) < len(directories):
        raise ConfigurationError("a directory is there twice")
    experiments = [read_experiment(directory) for directory in directories]
    first = experiments[0]
    for directory, experiment in zip(directories, experiments, strict=True):
        _check_same_gold(directories[0], first.runs[0], directory, experiment.runs[0])
    return experiments


def p_values(
    experiment: Experiment, other: Experiment, num_shuffles: int = 10_000
) -> dict[str, float]:
    """For each task, `micro_f1_p_value` of the two experiments."""
    return {
        task: micro_f1_p_value(experiment.counts(task), other.counts(task), num_shuffles)
        for task in _TASKS
    }


def flips(experiment: Experiment, other: Experiment) -> list[Flip]:
    """The sentences that most seeds of one experiment have right, and of the other have not."""
    found = []
    for task in _TASKS:
        rights = [each.right(task) for each in (experiment, other)]
        for i, (right, other_right) in enumerate(zip(*rights, strict=True)):
            is_right = 2 * right > len(experiment.runs)
            if is_right != (2 * other_right > len(other.runs)):
                better = experiment if is_right else other
                counts = {experiment.name: int(right), other.name: int(other_right)}
                found.append(Flip(task, i, counts, better.name))
    return found


def _check_same_gold(
    path: Path, one: Sequence[Prediction], other_path: Path, other: Sequence[Prediction]
) -> None:
    if not are_of(one, [each.gold for each in other]):
        raise ConfigurationError(
            f"the predictions in {other_path} are about other documents, or other gold "
            f"annotations, than those in {path}"
        )
