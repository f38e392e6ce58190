"""
A search for the settings of an experiment that are best on its development data, by Optuna.
"""

import time
import warnings
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Any, Dict, Iterator, List, Mapping, Optional, Sequence

from allennlp.common.checks import ConfigurationError
from allennlp.common.util import SigTermReceived
from filelock import FileLock, Timeout

from dts_ee.console import say
from dts_ee.counted import counted
from dts_ee.metrics.flat_names import metrics_of
from dts_ee.runs.progress import Progress
from dts_ee.runs.run_folder import FOLD, SEED, TRIAL, Run, RunFolder
from dts_ee.runs.search_space import Dimension, own_value, shown, with_values
from dts_ee.runs.settings import differences, num_epochs, validation_score, with_seed
from dts_ee.runs.training import RunTraining, stop, threads_for_each, train_runs
from dts_ee.training.epoch_line import epoch_line

PRUNERS = ("median", "hyperband", "none")

HEARTBEAT_SECONDS = 20
GRACE_SECONDS = 90
"""After so many seconds without a sign of its process, a trial is tried again by another."""

MAX_RETRIES = 3

_LOCK = ".trial.lock"
"""The file in a trial's folder that its process locks as long as it lives."""

_POLL_SECONDS = 0.2

_ENDING_SECONDS = 10
"""So long a training may take to end after its process was killed."""

_MAX_FAILURES = 3
"""After so many failures one after the other, the search ends."""

_TEST_KEYS = ("test_data_path", "evaluate_on_test")


class TrialFailed(Exception):
    """A training failed; the message says why."""


@dataclass(frozen=True)
class Search:
    """
    A search, in which several processes may take part.

    # Parameters

    settings : `Mapping[str, Any]`
        The evaluated experiment.
    space : `Sequence[Dimension]`
        What is varied.
    directory : `Path`
        The folder of the trials.
    include_packages : `Sequence[str]`, optional (default = `()`)
        Packages beside this one that the trainings import.
    folds : `Mapping[int, Mapping[str, Any]]`, optional (default = `{}`)
        The evaluated experiment of each fold. A trial trains all of them, and its score is their
        mean. Without folds, it trains `settings`.

    # Raises

    `ConfigurationError`
        If the experiment has no development data.
    """

    settings: Mapping[str, Any]
    space: Sequence[Dimension]
    directory: Path
    include_packages: Sequence[str] = ()
    folds: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for settings in [self.settings, *self.folds.values()]:
            if not settings.get("validation_data_path"):
                raise ConfigurationError(
                    "the experiment has no validation_data_path: a search compares models on "
                    "development data"
                )

    def values(self, params: Mapping[str, Any]) -> Dict[str, Any]:
        """The values of the settings for the parameters of one of Optuna's trials."""
        return {
            dimension.key: dimension.value(params[dimension.key])
            for dimension in self.space
            if dimension.key in params
        }

    def trainings(
        self, folder: RunFolder, values: Mapping[str, Any]
    ) -> Dict[RunFolder, Dict[str, Any]]:
        """
        The settings of a trial's trainings, without the test data, which a search never reads.

        # Parameters

        folder : `RunFolder`
            The folder of the trial. The training of a fold has a folder in it.
        values : `Mapping[str, Any]`
            The values of what is varied.
        """
        if not self.folds:
            return {folder: _without_test_data(with_values(self.settings, values))}
        return {
            RunFolder.within(folder.path, Run(FOLD, number), str(folder)): _without_test_data(
                with_values(settings, values)
            )
            for number, settings in self.folds.items()
        }

    @property
    def warmup_steps(self) -> int:
        """The epochs or folds without which a trial is not ended: a third, and one more."""
        return (len(self.folds) or num_epochs(self.settings)) // 3 + 1

    def score(self, metrics: Mapping[str, Any]) -> float:
        """What is compared: the experiment's `validation_metric`; higher is better."""
        return validation_score(self.settings, metrics)


def _without_test_data(settings: Mapping[str, Any]) -> Dict[str, Any]:
    return {name: value for name, value in settings.items() if name not in _TEST_KEYS}


def open_study(name: str, storage: str, pruner: str, warmup_steps: int = 1) -> Any:
    """
    Opens a study, or makes a new one.

    # Parameters

    name : `str`
        The name of the study.
    storage : `str`
        A URL of SQLAlchemy, such as `sqlite:///study.db` or `postgresql://host/name`; or
        `journal:PATH`, a file for one machine or a shared folder.
    pruner : `str`
        One of `PRUNERS`.
    warmup_steps : `int`, optional (default = `1`)
        The first epoch or fold after which `median` may end a trial.

    # Raises

    `ConfigurationError`
        If the storage cannot be opened.
    """
    import optuna
    from optuna.storages import JournalStorage, RDBStorage, RetryHeartbeatStaleTrialCallback
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    # Heartbeats are called experimental.
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    pruners = {
        "median": optuna.pruners.MedianPruner(n_warmup_steps=warmup_steps),
        "hyperband": optuna.pruners.HyperbandPruner(),
        "none": optuna.pruners.NopPruner(),
    }
    try:
        if storage.startswith("journal:"):
            opened: Any = JournalStorage(JournalFileBackend(storage.removeprefix("journal:")))
        else:
            opened = RDBStorage(
                storage,
                heartbeat_interval=HEARTBEAT_SECONDS,
                grace_period=GRACE_SECONDS,
                heartbeat_stale_trial_callback=RetryHeartbeatStaleTrialCallback(MAX_RETRIES),
            )
        return optuna.create_study(
            storage=opened,
            study_name=name,
            load_if_exists=True,
            direction="maximize",
            # Several processes do not try the same.
            sampler=optuna.samplers.TPESampler(constant_liar=True),
            pruner=pruners[pruner],
        )
    except Exception as error:
        # SQLAlchemy's drivers have errors of their own.
        # A URL may have a password, so it is not shown.
        raise ConfigurationError(f"--storage: {error}") from error


def check_study(study: Any, search: Search) -> None:
    """
    Checks that a study goes on with the experiment that it was begun with; its data may be
    elsewhere.

    # Parameters

    study : `optuna.Study`
        From `open_study`.
    search : `Search`
        The search.

    # Raises

    `ConfigurationError`
        If the study has trials of other settings; the message has the differences.
    """
    settings = _without_data(search.settings)
    if search.folds:
        settings["folds"] = list(search.folds)
    changed = differences(settings, study.user_attrs.get("settings", settings))
    if changed:
        raise ConfigurationError(
            f"the study {study.study_name!r} was begun with other settings: {changed}; choose "
            "another --study, or the same settings"
        )
    study.set_user_attr("settings", settings)


def run_trials(search: Search, study: Any, num_trials: int) -> None:
    """
    Trains until a study has this many trials that are complete or pruned, those of other processes
    included.

    The first trial has the values of the experiment as it is, so that the others can be compared
    with it.

    A trial whose process was killed is taken up by the next one: at once if it finds the trial's
    folder, otherwise when its heart has not beaten for `GRACE_SECONDS`.

    # Parameters

    search : `Search`
        The search.
    study : `optuna.Study`
        From `open_study`.
    num_trials : `int`
        The number of trials.

    # Raises

    `TrialFailed`
        If three trials fail one after the other.
    """
    from optuna.study import MaxTrialsCallback
    from optuna.trial import TrialState

    states = (TrialState.COMPLETE, TrialState.PRUNED)
    failures: List[str] = []

    def stop_after_failures(study: Any, trial: Any) -> None:
        if trial.state != TrialState.FAIL:
            failures.clear()
            return
        failures.append(trial.user_attrs.get("problem", "the trial failed"))
        if len(failures) == _MAX_FAILURES:
            raise TrialFailed(f"{_MAX_FAILURES} trials failed one after the other: {failures[-1]}")

    if len(study.get_trials(deepcopy=False, states=states)) >= num_trials:
        return
    if not study.trials:
        _queue_own_values(search, study)
    _queue_killed_again(search, study)
    study.optimize(
        lambda trial: _train(search, study, trial),
        callbacks=[stop_after_failures, MaxTrialsCallback(num_trials, states)],
        catch=TrialFailed,
    )


def _queue_own_values(search: Search, study: Any) -> None:
    """Has the first trial train the experiment as it is, if its values are in the space."""
    params = {}
    for dimension in search.space:
        value = own_value(search.settings, dimension.key)
        params[dimension.key] = dimension.param(value)
        if params[dimension.key] is None:
            say(
                f"no trial has the experiment's own settings: its {dimension.key}, "
                f"{shown(value)}, is not in the search space"
            )
            return
    # Another process may do the same.
    study.enqueue_trial(params, skip_if_exists=True)


def _train(search: Search, study: Any, trial: Any) -> float:
    """Trains one of Optuna's trials, and returns its score."""
    from optuna.storages import RetryHeartbeatStaleTrialCallback

    values = {dimension.key: dimension.suggest(trial) for dimension in search.space}
    number = RetryHeartbeatStaleTrialCallback.retried_trial_number(study.trials[trial.number])
    number = trial.number if number is None else number
    folder = RunFolder.within(search.directory, Run(TRIAL, number))
    say(f"{folder}: {', '.join(f'{key} {shown(value)}' for key, value in values.items())}")
    folder.path.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(folder.path / _LOCK, timeout=0):
            trial.set_user_attr("folder", str(folder.path))
            # Whoever reads this finds the lock of a living process. A trial that is tried again
            # inherits the attributes of the former one, so that this has its own number.
            trial.set_user_attr("locked", trial.number)
            return _train_locked(folder, values, search, study, trial)
    except (Timeout, BlockingIOError):
        raise _failure(trial, folder, "another process trains in its folder") from None


def _without_data(settings: Mapping[str, Any]) -> Dict[str, Any]:
    """The settings without the paths of the data, which may be elsewhere on another machine."""
    return {key: value for key, value in settings.items() if not key.endswith("_data_path")}


def _check_folder(folder: RunFolder, settings: Mapping[str, Any]) -> None:
    """Checks that a trial does not take up a training of another study."""
    stored = folder.stored_settings()
    changed = "" if stored is None else differences(_without_data(settings), _without_data(stored))
    if changed:
        raise ConfigurationError(
            f"{folder.path} has a training of another study: {changed}; choose another folder "
            "with -s"
        )


def _train_locked(
    folder: RunFolder, values: Mapping[str, Any], search: Search, study: Any, trial: Any
) -> float:
    """Trains a trial in its folder or, with folds, in one folder for each; returns its score."""
    import optuna

    scores: List[float] = []
    for training, settings in search.trainings(folder, values).items():
        _check_folder(training, settings)
        if not training.metrics.is_file():
            _train_in(training, settings, search, study, trial)
        # Those of many trials would fill the disk.
        training.remove_model()
        scores.append(search.score(training.development()))
        if not search.folds:
            break
        # Pruners compare the highest value until a step. The sum, unlike the mean, is the highest
        # after the last fold; that of losses is not, so that nothing is pruned.
        trial.report(sum(scores), len(scores))
        if len(scores) < len(search.folds) and trial.should_prune():
            say(f"{folder}: pruned after {counted(len(scores), 'fold')}")
            raise optuna.TrialPruned
    say(f"{folder}: {'mean ' if search.folds else ''}{fmean(scores):.4f}")
    return fmean(scores)


def _train_in(
    folder: RunFolder, settings: Mapping[str, Any], search: Search, study: Any, trial: Any
) -> None:
    """Trains, and reports the epochs to Optuna unless there are folds."""
    import optuna
    from optuna.trial import TrialState

    training = _begin(folder, settings, search.include_packages)
    is_running, is_pruned, num_finished = True, False, 0
    try:
        while is_running and not is_pruned:
            time.sleep(_POLL_SECONDS)
            # The epochs are read once more after its end.
            is_running = training.is_running()
            for metrics in _finished_epochs(folder, num_finished):
                num_finished += 1
                if not search.folds:
                    score = search.score(metrics_of(metrics, "validation_"))
                    trial.report(score, num_finished)
                say(f"{folder}: {epoch_line(num_finished, num_epochs(settings), metrics, [])}")
            is_pruned = (
                is_running and not search.folds and num_finished > 0 and trial.should_prune()
            )
    except (KeyboardInterrupt, SigTermReceived) as error:
        if isinstance(error, SigTermReceived):
            # Optuna lets it pass, and would leave the trial running.
            study.tell(trial.number, state=TrialState.FAIL)
        _queue_again(study, trial)
        raise
    finally:
        stop([training])
    if is_pruned:
        say(f"{folder}: pruned after {counted(num_finished, 'epoch')}")
        folder.remove_model()
        raise optuna.TrialPruned
    problem = training.problem()
    if problem is not None:
        raise _failure(trial, folder, problem)
    if search.folds:
        say(f"{folder}: {search.score(folder.development()):.4f}")


def _begin(
    folder: RunFolder, settings: Mapping[str, Any], include_packages: Sequence[str]
) -> RunTraining:
    """Starts a training, when that of a process that was killed has ended."""
    deadline = time.monotonic() + _ENDING_SECONDS
    while True:
        try:
            return RunTraining(folder, settings, threads_for_each(1), include_packages)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)


def _finished_epochs(folder: RunFolder, after: int) -> Iterator[Dict[str, Any]]:
    """AllenNLP's metrics of the epochs after the first ones."""
    for number in range(after + 1, folder.num_epochs() + 1):
        try:
            yield folder.epoch(number)
        except ValueError:
            # AllenNLP is writing the file.
            return


def _failure(trial: Any, folder: RunFolder, problem: str) -> TrialFailed:
    trial.set_user_attr("problem", problem)
    lines = "".join(f"\n    {line}" for line in folder.last_lines_of_log())
    say(f"{folder}: {problem}. The end of {folder.log}:{lines}")
    return TrialFailed(problem)


def _queue_again(study: Any, trial: Any, max_retries: Optional[int] = None) -> None:
    """Has the next process go on with an interrupted trial at once."""
    from optuna.storages import RetryHeartbeatStaleTrialCallback

    RetryHeartbeatStaleTrialCallback(max_retries)(study, study.trials[trial.number])


def _queue_killed_again(search: Search, study: Any) -> None:
    """
    Has this or another process go on at once with the trials in the search's folder that no process
    trains any more.
    """
    from optuna.trial import TrialState

    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        lock = Path(trial.user_attrs.get("folder", ""), _LOCK)
        if trial.user_attrs.get("locked") != trial.number or not _is_in(search.directory, lock):
            continue
        # Another process may do the same.
        with suppress(Timeout), FileLock(lock, timeout=0):
            if study.trials[trial.number].state == TrialState.RUNNING:
                study.tell(trial.number, state=TrialState.FAIL)
                _queue_again(study, trial, MAX_RETRIES)


def _is_in(directory: Path, lock: Path) -> bool:
    """Whether a lock is there, in a trial's folder in this directory."""
    return lock.exists() and lock.parent.parent.samefile(directory)


@dataclass(frozen=True)
class Candidate:
    """
    Settings that were trained with several seeds.

    # Parameters

    number : `int`
        The number of the trial.
    values : `Mapping[str, Any]`
        The values that were varied.
    score : `float`
        The score of the trial.
    scores : `Mapping[int, float]`
        The score with each seed.
    """

    number: int
    values: Mapping[str, Any]
    score: float
    scores: Mapping[int, float]

    @property
    def mean(self) -> float:
        """The mean over the seeds or, without seeds, the score of the trial."""
        return fmean(self.scores.values()) if self.scores else self.score


def best_trials(search: Search, study: Any, number: int) -> List[Candidate]:
    """The complete trials with the highest scores, the best first."""
    from optuna.trial import TrialState

    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    ranked = sorted(complete, key=lambda trial: trial.value, reverse=True)
    return [
        Candidate(trial.number, search.values(trial.params), trial.value, {})
        for trial in ranked[:number]
    ]


def train_with_seeds(
    search: Search, candidates: Sequence[Candidate], seeds: Sequence[int]
) -> List[Candidate]:
    """
    Trains the best settings once for each seed and fold, and ranks them by their means.

    # Parameters

    search : `Search`
        The search.
    candidates : `Sequence[Candidate]`
        From `best_trials`.
    seeds : `Sequence[int]`
        The seeds.

    # Raises

    `TrialFailed`
        If a training fails.
    """

    def trainings(candidate: Candidate, seed: int) -> Dict[RunFolder, Dict[str, Any]]:
        directory = search.directory / f"best_{candidate.number}"
        folder = RunFolder.within(directory, Run(SEED, seed), f"trial {candidate.number}")
        found = search.trainings(folder, candidate.values)
        return {folder: with_seed(settings, seed) for folder, settings in found.items()}

    def fail(folder: RunFolder, problem: str) -> None:
        raise TrialFailed(f"{folder}: {problem}; its log is {folder.log}")

    every: Dict[RunFolder, Dict[str, Any]] = {}
    for candidate in candidates:
        for seed in seeds:
            every.update(trainings(candidate, seed))
    untrained = {folder: every[folder] for folder in every if not folder.is_trained()}
    epochs = {folder: num_epochs(settings) for folder, settings in every.items()}
    with Progress(epochs) as progress:
        train_runs(untrained, 1, search.include_packages, progress, lambda folder: None, fail)
    ranked = []
    for candidate in candidates:
        scores = {
            seed: fmean(search.score(folder.development()) for folder in trainings(candidate, seed))
            for seed in seeds
        }
        ranked.append(Candidate(candidate.number, candidate.values, candidate.score, scores))
    return sorted(ranked, key=lambda candidate: candidate.mean, reverse=True)
