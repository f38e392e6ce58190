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
        The predictions of each run. Seeds predict the same sentences, folds different ones.
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
            return [[prediction] for run in self.runs.values() for prediction in run]
        return [list(predictions) for predictions in zip(*self.runs.values(), strict=True)]

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
        for predictions in self.sentences:
            items = [metric.items(STRICT, p.predicted, p.gold) for p in predictions]
            numbers = [(len(found & gold), len(found), len(gold)) for found, gold in items]
            counts.append(numpy.mean(numbers, axis=0))
        return numpy.array(counts, dtype=float).reshape(-1, 3)

    def right(self, task: Task) -> numpy.ndarray:
        """Shape (num_sentences,): how many predictions of a sentence are right as a whole."""
        metric = task.metric()
        right = []
        for predictions in self.sentences:
            items = [metric.items(STRICT, p.predicted, p.gold) for p in predictions]
            right.append(sum(found == gold for found, gold in items))
        return numpy.array(right, dtype=int)


@dataclass
class Flip:
    """
    A sentence that one of two experiments has right in most of its runs, and the other has not.
    With folds, a single run has the sentence.

    # Parameters

    task : `str`
        The task's name.
    sentence : `int`
        Its index among `Experiment.sentences`.
    right : `dict[str, int]`
        In how many runs each of the two experiments has it right.
    better : `str`
        The name of the experiment that has it right.
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
        If there are no predictions, or those of two seeds are for different documents.
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
    Reads experiments that can be compared. Folds that not all of them have are left out.

    # Raises

    `ConfigurationError`
        If there are fewer than two directories, one is named twice or has no predictions, some have
        seeds and others folds, no fold is in all of them, or the predictions are for different
        documents.
    `DocumentError`
        If predictions cannot be read; it names the file and the line.
    """
    if len(directories) < 2:
        raise ConfigurationError("at least two directories are needed to compare")
    if len({directory.resolve() for directory in directories}) < len(directories):
        raise ConfigurationError("a directory is named twice")
    experiments = [read_experiment(directory) for directory in directories]
    first = experiments[0]
    for experiment in experiments:
        if experiment.kind != first.kind:
            raise ConfigurationError(
                f"{first.name} has {first.kind}s, but {experiment.name} has {experiment.kind}s"
            )
    if first.kind == FOLD:
        experiments = _with_common_folds(experiments)
        first = experiments[0]
    for experiment in experiments:
        # All seeds have the same documents.
        for first_run, run in zip(first.runs, experiment.runs, strict=first.kind == FOLD):
            _check_same_gold(
                RunFolder.within(Path(first.name), first_run).test_predictions,
                first.runs[first_run],
                RunFolder.within(Path(experiment.name), run).test_predictions,
                experiment.runs[run],
            )
    return experiments


def p_values(first: Experiment, second: Experiment, num_shuffles: int = 10_000) -> dict[str, float]:
    """For each task, by name, `micro_f1_p_value` of the two experiments."""
    return {
        name: micro_f1_p_value(first.counts(task), second.counts(task), num_shuffles)
        for name, task in TASKS.items()
    }


def flips(first: Experiment, second: Experiment) -> list[Flip]:
    """The sentences that most runs of one experiment have right, and most of the other have not."""
    first_runs, second_runs = len(first.sentences[0]), len(second.sentences[0])
    found = []
    for name, task in TASKS.items():
        rights = zip(first.right(task), second.right(task), strict=True)
        for i, (first_right, second_right) in enumerate(rights):
            first_is_right = 2 * first_right > first_runs
            if first_is_right != (2 * second_right > second_runs):
                better = first if first_is_right else second
                counts = {first.name: int(first_right), second.name: int(second_right)}
                found.append(Flip(name, i, counts, better.name))
    return found


def _with_common_folds(experiments: Sequence[Experiment]) -> list[Experiment]:
    common = [
        run for run in experiments[0].runs if all(run in other.runs for other in experiments[1:])
    ]
    if not common:
        raise ConfigurationError("there is no fold that all directories have predictions of")
    return [
        Experiment(experiment.name, {run: experiment.runs[run] for run in common})
        for experiment in experiments
    ]


def _check_same_gold(
    first_path: Path,
    first: Sequence[Prediction],
    second_path: Path,
    second: Sequence[Prediction],
) -> None:
    if not are_of(first, [prediction.gold for prediction in second]):
        raise ConfigurationError(
            f"the predictions in {second_path} have other documents, or other gold annotations, "
            f"than those in {first_path}"
        )
