"""
Repeated or cross-validated experiments side by side: their scores, and whether a difference could
be luck.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy
from allennlp.common.checks import ConfigurationError

from dts_ee.corpora.predictions import Prediction, are_of, read_predictions
from dts_ee.metrics import Scores
from dts_ee.metrics.metric_key import STRICT
from dts_ee.metrics.randomisation import micro_f1_p_value
from dts_ee.runs.evaluation import score
from dts_ee.runs.run_folder import FOLD, SEED, Run, RunFolder
from dts_ee.tasks import TASKS, Task


@dataclass
class Experiment:
    """
    An experiment that was run with one or more seeds, or on one or more folds.

    # Parameters

    name : `str`
        What it is called in tables.
    runs : `dict[Run, list[Prediction]]`
        The predictions of each run: of seeds, for the same sentences, of folds, for others each.
    """

    name: str
    runs: dict[Run, list[Prediction]]

    @property
    def kind(self) -> str:
        """What its runs are: `"seed"` or `"fold"`."""
        return next(iter(self.runs)).kind

    @property
    def sentences(self) -> list[list[Prediction]]:
        """For each sentence of the test split, or of all folds' together, all its predictions."""
        if self.kind == FOLD:
            return [[each] for run in self.runs.values() for each in run]
        return [list(each) for each in zip(*self.runs.values(), strict=True)]

    def scores(self) -> list[Scores]:
        """The scores of all tasks, for each run."""
        return [score(run, *TASKS.values()) for run in self.runs.values()]

    def counts(self, task: Task) -> numpy.ndarray:
        """
        Shape (num_sentences, 3): how many strict items of each sentence are right, predicted and
        gold, as the mean over its predictions.
        """
        metric = task.metric()
        counts = []
        for sentence in self.sentences:
            items = [metric.items(STRICT, each.predicted, each.gold) for each in sentence]
            numbers = [(len(one & gold), len(one), len(gold)) for one, gold in items]
            counts.append(numpy.mean(numbers, axis=0))
        return numpy.array(counts, dtype=float).reshape(-1, 3)

    def right(self, task: Task) -> numpy.ndarray:
        """Shape (num_sentences,): how many predictions of a sentence are right as a whole."""
        metric = task.metric()
        right = []
        for sentence in self.sentences:
            items = [metric.items(STRICT, each.predicted, each.gold) for each in sentence]
            right.append(sum(one == gold for one, gold in items))
        return numpy.array(right, dtype=int)


@dataclass
class Flip:
    """
    A sentence that one experiment has right, for most of its seeds, and the other has not. (Of
    folds, one alone has the sentence.)

    # Parameters

    task : `str`
        The task's name.
    sentence : `int`
        Its index among `Experiment.sentences`.
    right : `dict[str, int]`
        In how many runs each of the two experiments has it right.
    better : `str`
        The name of the one that has.
    """

    task: str
    sentence: int
    right: dict[str, int]
    better: str


def read_experiment(directory: Path) -> Experiment:
    """
    Reads what `repeat` or `cross_validate` wrote into a directory.

    # Raises

    `ConfigurationError`
        If there are no predictions, or those of two seeds are not about the same documents.
    `DocumentError`
        If predictions cannot be read; it names the file and the line.
    """
    files = {
        folder.run: folder.test_predictions
        for folder in RunFolder.all_within(directory)
        if folder.test_predictions.exists()
    }
    if not files:
        raise ConfigurationError(
            f"{directory} has no seed or fold with predictions: it is no output of "
            "`allennlp repeat` or `allennlp cross-validate`, or none is finished"
        )
    if len({run.kind for run in files}) > 1:
        raise ConfigurationError(f"{directory} has both seeds and folds")
    experiment = Experiment(
        str(directory), {run: read_predictions(file) for run, file in files.items()}
    )
    if experiment.kind == SEED:
        first = next(iter(files))
        for run, file in files.items():
            _check_same_gold(files[first], experiment.runs[first], file, experiment.runs[run])
    return experiment


def read_experiments(directories: Sequence[Path]) -> list[Experiment]:
    """
    Reads experiments that can be compared: those of folds without the folds that another lacks.

    # Raises

    `ConfigurationError`
        If there are fewer than two directories, one is there twice or has no predictions, some have
        seeds and others folds, or no fold that all have, or the predictions are not about the same
        documents.
    `DocumentError`
        If predictions cannot be read; it names the file and the line.
    """
    if len(directories) < 2:
        raise ConfigurationError("there must be two directories to compare, at least")
    if len({directory.resolve() for directory in directories}) < len(directories):
        raise ConfigurationError("a directory is there twice")
    experiments = [read_experiment(directory) for directory in directories]
    first = experiments[0]
    for each in experiments:
        if each.kind != first.kind:
            raise ConfigurationError(
                f"{first.name} has {first.kind}s, but {each.name} has {each.kind}s"
            )
    if first.kind == FOLD:
        experiments = _with_common_folds(experiments)
        first = experiments[0]
    for each in experiments:
        # All seeds are about the same documents.
        for run, other in zip(first.runs, each.runs, strict=first.kind == FOLD):
            _check_same_gold(
                RunFolder.within(Path(first.name), run).test_predictions,
                first.runs[run],
                RunFolder.within(Path(each.name), other).test_predictions,
                each.runs[other],
            )
    return experiments


def p_values(
    experiment: Experiment, other: Experiment, num_shuffles: int = 10_000
) -> dict[str, float]:
    """For each task, by name, `micro_f1_p_value` of the two experiments."""
    return {
        name: micro_f1_p_value(experiment.counts(task), other.counts(task), num_shuffles)
        for name, task in TASKS.items()
    }


def flips(experiment: Experiment, other: Experiment) -> list[Flip]:
    """The sentences that most runs of one experiment have right, and of the other have not."""
    numbers = [len(each.sentences[0]) for each in (experiment, other)]
    found = []
    for name, task in TASKS.items():
        rights = [each.right(task) for each in (experiment, other)]
        for i, (right, other_right) in enumerate(zip(*rights, strict=True)):
            is_right = 2 * right > numbers[0]
            if is_right != (2 * other_right > numbers[1]):
                better = experiment if is_right else other
                counts = {experiment.name: int(right), other.name: int(other_right)}
                found.append(Flip(name, i, counts, better.name))
    return found


def _with_common_folds(experiments: Sequence[Experiment]) -> list[Experiment]:
    common = [run for run in experiments[0].runs if all(run in each.runs for each in experiments)]
    if not common:
        raise ConfigurationError("there is no fold that all directories have predictions of")
    return [Experiment(each.name, {run: each.runs[run] for run in common}) for each in experiments]


def _check_same_gold(
    path: Path, one: Sequence[Prediction], other_path: Path, other: Sequence[Prediction]
) -> None:
    if not are_of(one, [each.gold for each in other]):
        raise ConfigurationError(
            f"the predictions in {other_path} are about other documents, or other gold "
            f"annotations, than those in {path}"
        )
