"""
An experiment that is trained and evaluated again and again: what all runs have in common.
"""

import json
import logging
import shlex
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Iterator, Mapping, Optional, Sequence

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import SigTermReceived
from filelock import FileLock, Timeout

from dts_ee.corpora.files import open_atomically
from dts_ee.dataset_readers.corpus_files import corpus_files
from dts_ee.document import Document, DocumentError
from dts_ee.experiments.curves import draw_learning_curves, draw_types
from dts_ee.experiments.evaluation import evaluate_run, is_evaluated, read_test_data
from dts_ee.experiments.machine import Machine
from dts_ee.experiments.overlaps import OverlapScores
from dts_ee.experiments.progress import Progress
from dts_ee.experiments.run_folder import Run, RunFolder
from dts_ee.experiments.settings import differences, num_epochs, reader_of_test_split
from dts_ee.experiments.summary import RunResult, Summary
from dts_ee.experiments.tables import render_summary
from dts_ee.experiments.training import threads_for_each, train_runs

_PLUGIN = "dts_ee"
_NOT_FINISHED = "not finished yet"


@dataclass(frozen=True)
class Plan:
    """
    What is trained and evaluated.

    # Parameters

    config : `Path`
        The experiment's file, for the summary.
    directory : `Path`
        The folder to write to: a folder for each run, `summary.json`, `summary.md`,
        `learning_curves.png` and `types.png`.
    settings : `Mapping[Run, Mapping[str, Any]]`
        What is trained in each run; all are of one kind, and there is at least one.
    command : `Sequence[str]`
        The words of the command line that says all this, for the summary, without the next four.
    overrides : `str`, optional (default = `""`)
        What was changed in the experiment's file, JSON, for the summary.
    jobs : `int`, optional (default = `1`)
        How many are trained at once.
    test_data : `Path`, optional (default = `None`)
        The test split of all runs; without it, each one's `test_data_path`.
    include_packages : `Sequence[str]`, optional (default = `()`)
        Packages beside this one that the trainings import.
    """

    config: Path
    directory: Path
    settings: Mapping[Run, Mapping[str, Any]]
    command: Sequence[str]
    overrides: str = ""
    jobs: int = 1
    test_data: Optional[Path] = None
    include_packages: Sequence[str] = ()


@dataclass(frozen=True)
class _TestSplit:
    name: str
    documents: list[Document]


def train_and_evaluate(plan: Plan) -> Summary:
    """
    Trains and evaluates each run, and writes tables.

    What is there already is kept: a run that is trained is not trained again, and one that was cut
    off goes on. The summary is written after each run, so that it is there whatever comes.

    # Returns

    `Summary`
        What was written to `summary.json`. Runs that failed are its `missing`.

    # Raises

    `ConfigurationError`
        Before anything is trained: if a run has no test split, or another process works in the
        folder.
    `DocumentError`
        Before anything is trained: if a test split cannot be read.
    """
    test_splits = {run: _test_split(plan, run) for run in plan.settings}
    threads = threads_for_each(plan.jobs)
    # The processes load this one whatever they are told.
    packages = [name for name in dict.fromkeys(plan.include_packages) if name != _PLUGIN]
    folders = [RunFolder.within(plan.directory, run) for run in plan.settings]
    missing = dict.fromkeys(plan.settings, _NOT_FINISHED)

    def summary() -> Summary:
        finished = [folder for folder in folders if folder.run not in missing]
        return Summary(
            config=str(plan.config),
            overrides=json.loads(plan.overrides or "{}"),
            kind=folders[0].run.kind,
            numbers=[run.number for run in plan.settings],
            test_data=list(dict.fromkeys(split.name for split in test_splits.values())),
            results=[RunResult.of(folder) for folder in finished],
            missing={run.number: why for run, why in missing.items()},
            jobs=plan.jobs,
            threads=threads,
            machine=Machine.current(),
            date=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            command=_command(plan, packages),
            overlaps=OverlapScores.of(finished) if finished else None,
        )

    epochs = {folder: num_epochs(plan.settings[folder.run]) for folder in folders}
    with _alone_in(plan.directory), Progress(epochs) as progress:

        def on_failed(folder: RunFolder, problem: str) -> None:
            missing[folder.run] = problem
            progress.say("\n".join(_complaint(folder, problem)))

        def on_trained(folder: RunFolder) -> None:
            split = test_splits[folder.run]
            try:
                evaluated = is_evaluated(folder, split.documents)
            except DocumentError as error:
                on_failed(folder, str(error))
                return
            if not evaluated:
                progress.say(f"{folder.run}: trained; predicting {split.name}")
            problem = _evaluate(folder, split, threads)
            if problem is not None:
                on_failed(folder, problem)
                return
            del missing[folder.run]
            progress.say(_success(folder.run, RunResult.of(folder)))
            write_summary(plan.directory, summary())

        untrained = [folder for folder in folders if not folder.is_trained()]
        for folder in folders:
            if folder not in untrained:
                on_trained(folder)
        train_runs(untrained, plan.settings, plan.jobs, packages, progress, on_trained, on_failed)
        final = summary()
        write_summary(plan.directory, final)
    return final


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
            "there; take another folder, or the same settings"
        )


def check_kind(directory: Path, kind: str) -> list[RunFolder]:
    """
    The folders of the runs that a directory has from before.

    # Raises

    `ConfigurationError`
        If they are of another kind.
    """
    folders = RunFolder.all_within(directory)
    for folder in folders:
        if folder.run.kind != kind:
            raise ConfigurationError(
                f"{directory} has {folder.run}, and so is no folder for {kind}s; take another one"
            )
    return folders


def write_summary(directory: Path, summary: Summary) -> None:
    """Writes a summary's numbers, tables and pictures into an experiment's folder."""
    summary.write(directory)
    finished = [
        RunFolder.within(directory, summary.run(result.number)) for result in summary.results
    ]
    curves = draw_learning_curves(
        directory / "learning_curves.png", {folder.run: folder.epochs() for folder in finished}
    )
    types = draw_types(directory / "types.png", summary)
    with open_atomically(directory / "summary.md") as file:
        file.write(render_summary(summary))
        if curves:
            file.write("\n![F1 on the development split by epoch](learning_curves.png)\n")
        if types:
            file.write("\n![F1 of each type on the test split](types.png)\n")


def _test_split(plan: Plan, run: Run) -> _TestSplit:
    settings = plan.settings[run]
    path = str(plan.test_data) if plan.test_data else settings.get("test_data_path")
    if not path:
        raise ConfigurationError(
            f"there is no test split: {plan.config} has no test_data_path, and none is given "
            "beside it"
        )
    documents = read_test_data(path, reader_of_test_split(settings))
    return _TestSplit(", ".join(map(str, corpus_files(path))), documents)


def _evaluate(folder: RunFolder, split: _TestSplit, threads: int) -> Optional[str]:
    """Evaluates a run, and says what went wrong if it did; the run's log has the whole."""
    try:
        with _torch_threads(threads), _quiet():
            evaluate_run(folder, split.name, split.documents)
    except SigTermReceived:
        raise
    except Exception as error:
        with folder.log.open("a", encoding="utf-8") as log:
            traceback.print_exc(file=log)
        return f"the evaluation failed: {error}"
    return None


@contextmanager
def _torch_threads(number: int) -> Iterator[None]:
    """Leaves the other cores to what is being trained."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps what AllenNLP says of every parameter that it loads from the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    directory.mkdir(parents=True, exist_ok=True)
    lock = FileLock(directory / ".runs.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigurationError(f"another process runs an experiment in {directory}") from None
    try:
        yield
    finally:
        lock.release()


def _complaint(folder: RunFolder, problem: str) -> list[str]:
    lines = [f"    {line}" for line in folder.last_lines_of_log()]
    return [f"{folder.run}: {problem}. The end of {folder.log}:", *lines]


def _success(run: Run, result: RunResult) -> str:
    minutes = f"{result.training_seconds / 60:.1f} min"
    test = ", ".join(
        f"{task} {100 * result.test[name]:.1f}"
        for task, name in (("NER", "entity_f1"), ("RE", "relation_f1"))
        if name in result.test
    )
    return f"{run}: finished; {minutes} of training, test F1 {test}"


def _command(plan: Plan, packages: Sequence[str]) -> str:
    words = list(plan.command)
    if json.loads(plan.overrides or "{}"):
        words += ["--overrides", plan.overrides]
    if plan.jobs != 1:
        words += ["--jobs", str(plan.jobs)]
    if plan.test_data is not None:
        words += ["--test-data", str(plan.test_data)]
    for package in packages:
        words += ["--include-package", package]
    return shlex.join(words)
