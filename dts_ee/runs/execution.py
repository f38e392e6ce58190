"""
Training and evaluating the runs of one or more plans.
"""

from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Sequence

from allennlp.common.checks import ConfigurationError
from filelock import FileLock, Timeout

from dts_ee.atomic_files import remove_unfinished_files
from dts_ee.console import say
from dts_ee.runs.planned_runs import Plan, PlannedRuns
from dts_ee.runs.progress import Progress
from dts_ee.runs.run_folder import RunFolder
from dts_ee.runs.settings import differences, num_epochs
from dts_ee.runs.summary import Summary
from dts_ee.runs.training import train_runs

_PLUGIN = "dts_ee"


def train_and_evaluate(
    plans: Sequence[Plan],
    jobs: int = 1,
    include_packages: Sequence[str] = (),
    on_finished: Callable[[int, Summary], None] = lambda number, summary: None,
) -> list[Summary]:
    """
    Trains and evaluates each run of each plan, and writes tables.

    A run that is trained already is not trained again, and one that was interrupted goes on. A
    plan's summary is written after each run, so that an interruption loses nothing.

    # Parameters

    plans : `Sequence[Plan]`
        What is trained, in this order. A plan's first run may begin before the one before it ends.
    jobs : `int`, optional (default = `1`)
        How many are trained at once.
    include_packages : `Sequence[str]`, optional (default = `()`)
        Packages beside this one that the trainings import.
    on_finished : `Callable[[int, Summary], None]`, optional
        Is called once for each plan, when its last run is finished or has failed, with the plan's
        index in `plans` and its summary.

    # Returns

    `list[Summary]`
        For each plan what was written to its `summary.json`. Runs that failed are its `missing`.

    # Raises

    `ConfigurationError`
        Before anything is trained: if a run has no test split, or another process works in a
        folder.
    `DocumentError`
        Before anything is trained: if a test split cannot be read.
    """
    # The processes load this package anyway.
    packages = [name for name in dict.fromkeys(include_packages) if name != _PLUGIN]
    planned = [PlannedRuns(plan, jobs, packages) for plan in plans]
    settings: dict[RunFolder, Mapping[str, Any]] = {}
    for runs in planned:
        settings.update(runs.settings)
    numbers = {folder: number for number, runs in enumerate(planned) for folder in runs.settings}
    with ExitStack() as stack:
        for plan in plans:
            stack.enter_context(alone_in(plan.directory))
        epochs = {folder: num_epochs(settings[folder]) for folder in settings}
        progress = stack.enter_context(Progress(epochs))

        def write_summary(number: int) -> None:
            planned[number].write_summary()
            if planned[number].are_finished():
                on_finished(number, planned[number].summary())

        def on_trained(folder: RunFolder) -> None:
            planned[numbers[folder]].evaluate(folder, say)
            write_summary(numbers[folder])

        def on_failed(folder: RunFolder, problem: str) -> None:
            planned[numbers[folder]].fail(folder, problem, say)
            write_summary(numbers[folder])

        trained = [folder for folder in settings if folder.is_trained()]
        for folder in trained:
            planned[numbers[folder]].evaluate(folder, say)
        for number in dict.fromkeys(numbers[folder] for folder in trained):
            write_summary(number)
        untrained = {folder: settings[folder] for folder in settings if folder not in trained}
        train_runs(untrained, jobs, packages, progress, on_trained, on_failed)
    return [runs.summary() for runs in planned]


def check_stored_run(folder: RunFolder, settings: Mapping[str, Any]) -> None:
    """
    # Raises

    `ConfigurationError`
        If a run in the folder was begun with other settings; it names the difference.
    """
    stored = folder.stored_settings()
    changed = "" if stored is None else differences(settings, stored)
    if changed:
        raise ConfigurationError(
            f"{folder.path} was trained with other settings: {changed}. Nothing was changed "
            "there; choose another folder, or the same settings"
        )


def check_kind(directory: Path, kind: str) -> list[RunFolder]:
    """
    The folders of the runs that a directory already has.

    # Raises

    `ConfigurationError`
        If they are of another kind.
    """
    folders = RunFolder.all_within(directory)
    for folder in folders:
        if folder.run.kind != kind:
            raise ConfigurationError(
                f"{directory} has {folder.run}, so it cannot take {kind}s; choose another folder"
            )
    return folders


@contextmanager
def alone_in(directory: Path) -> Iterator[None]:
    """
    Makes a folder of runs, and locks it.

    # Raises

    `ConfigurationError`
        If another process works in it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(directory / ".runs.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigurationError(f"another process runs an experiment in {directory}") from None
    try:
        for folder in (directory, *(folder.path for folder in RunFolder.all_within(directory))):
            remove_unfinished_files(folder)
        yield
    finally:
        lock.release()
