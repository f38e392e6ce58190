"""
The runs of an experiment: what is planned, and the results until now.
"""

import json
import shlex
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Optional, Sequence

import torch
from allennlp.common.checks import ConfigurationError

from dts_ee.corpora.files import open_atomically
from dts_ee.dataset_readers.corpus_files import corpus_files
from dts_ee.document import Document, DocumentError
from dts_ee.runs.curves import draw_learning_curves, draw_types
from dts_ee.runs.evaluation import evaluate_run, is_evaluated, read_test_data
from dts_ee.runs.machine import Machine
from dts_ee.runs.overlap_scores import OverlapScores
from dts_ee.runs.run_folder import Run, RunFolder
from dts_ee.runs.settings import environment_of, reader_of_test_split
from dts_ee.runs.summary import RunResult, Summary
from dts_ee.runs.tables import render_summary, tables_of
from dts_ee.runs.training import threads_for_each
from dts_ee.tasks import TASKS, scores_in

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
        a CSV file of each of its tables, `learning_curves.png` and `types.png`.
    settings : `Mapping[Run, Mapping[str, Any]]`
        What is trained in each run; all are of one kind, and there is at least one.
    command : `Sequence[str]`
        The words of the command line, for the summary, without `--overrides`, `--jobs`,
        `--test-data` and `--include-package`, which are added.
    overrides : `str`, optional (default = `""`)
        A JSON object with what was changed in the experiment, for the summary.
    test_data : `Path`, optional (default = `None`)
        The test split of all runs; without it, the `test_data_path` of each.
    name : `str`, optional (default = `""`)
        What the experiment is called in messages, where several are trained together.
    """

    config: Path
    directory: Path
    settings: Mapping[Run, Mapping[str, Any]]
    command: Sequence[str]
    overrides: str = ""
    test_data: Optional[Path] = None
    name: str = ""


@dataclass(frozen=True)
class TestSplit:
    """
    What a run is evaluated on.

    # Parameters

    name : `str`
        The names of its files.
    documents : `list[Document]`
        The gold documents.
    """

    name: str
    documents: list[Document]

    @classmethod
    def of(cls, plan: Plan, run: Run) -> "TestSplit":
        """
        Reads the test split of a run.

        # Raises

        `ConfigurationError`
            If there is none.
        `DocumentError`
            If it cannot be read.
        """
        settings = plan.settings[run]
        path = str(plan.test_data) if plan.test_data else settings.get("test_data_path")
        if not path:
            raise ConfigurationError(
                f"there is no test split: {plan.config} has no test_data_path, and none is given "
                "beside it"
            )
        documents = read_test_data(path, reader_of_test_split(settings))
        return cls(", ".join(map(str, corpus_files(path))), documents)


class PlannedRuns:
    """
    The runs of a plan, each of which is evaluated when it is trained.

    # Parameters

    plan : `Plan`
        What is trained and evaluated.
    jobs : `int`
        How many are trained at once.
    packages : `Sequence[str]`
        Packages beside this one that the trainings import.

    # Raises

    `ConfigurationError`
        If a run has no test split.
    `DocumentError`
        If a test split cannot be read.
    """

    def __init__(self, plan: Plan, jobs: int, packages: Sequence[str]) -> None:
        self._plan = plan
        self._jobs = jobs
        self._threads = threads_for_each(jobs)
        # Read now: the experiment's file may be changed before all runs are finished.
        self._command = _command(plan, jobs, packages)
        self._test_splits = {run: TestSplit.of(plan, run) for run in plan.settings}
        self._missing = dict.fromkeys(plan.settings, _NOT_FINISHED)
        self.settings: dict[RunFolder, Mapping[str, Any]] = {
            RunFolder.within(plan.directory, run, plan.name): settings
            for run, settings in plan.settings.items()
        }

    def are_finished(self) -> bool:
        """Whether each run was evaluated, or failed."""
        return _NOT_FINISHED not in self._missing.values()

    def evaluate(self, folder: RunFolder, say: Callable[[str], None]) -> None:
        """
        Evaluates a run whose training came to its end.

        # Parameters

        folder : `RunFolder`
            Its folder.
        say : `Callable[[str], None]`
            Is called with messages for the user.
        """
        split = self._test_splits[folder.run]
        try:
            evaluated = is_evaluated(folder, split.documents)
        except DocumentError as error:
            self.fail(folder, str(error), say)
            return
        if not evaluated:
            say(f"{folder}: trained; predicting {split.name}")
        problem = _evaluate(folder, split, self._threads)
        if problem is not None:
            self.fail(folder, problem, say)
            return
        del self._missing[folder.run]
        say(_success(folder, RunResult.of(folder)))

    def fail(self, folder: RunFolder, problem: str, say: Callable[[str], None]) -> None:
        """Records that a run failed, and why."""
        self._missing[folder.run] = problem
        say(folder.failure(problem))

    def summary(self) -> Summary:
        """The results of those that are finished until now."""
        finished = self._finished()
        return Summary(
            config=str(self._plan.config),
            overrides=json.loads(self._plan.overrides or "{}"),
            kind=next(iter(self._plan.settings)).kind,
            numbers=[run.number for run in self._plan.settings],
            test_data=list(dict.fromkeys(split.name for split in self._test_splits.values())),
            results=[RunResult.of(folder) for folder in finished],
            missing={run.number: why for run, why in self._missing.items()},
            jobs=self._jobs,
            threads=self._threads,
            machine=Machine.current(),
            date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            command=self._command,
            overlaps=OverlapScores.of(finished) if finished else None,
        )

    def write_summary(self) -> None:
        """Writes the summary's numbers, tables and pictures into the experiment's folder."""
        summary, directory = self.summary(), self._plan.directory
        summary.write(directory)
        for name, table in tables_of(summary).items():
            table.write_csv(directory / f"{name}.csv")
        curves = draw_learning_curves(
            directory / "learning_curves.png",
            {folder.run: folder.epochs() for folder in self._finished()},
        )
        types = draw_types(directory / "types.png", summary)
        with open_atomically(directory / "summary.md") as file:
            file.write(render_summary(summary))
            if curves:
                file.write("\n![F1 on the development split by epoch](learning_curves.png)\n")
            if types:
                file.write("\n![F1 of each type on the test split](types.png)\n")

    def _finished(self) -> list[RunFolder]:
        return [folder for folder in self.settings if folder.run not in self._missing]


def _evaluate(folder: RunFolder, split: TestSplit, threads: int) -> Optional[str]:
    """Evaluates a run; returns what went wrong, or `None`. The traceback is added to its log."""
    try:
        with _torch_threads(threads):
            evaluate_run(folder, split.name, split.documents)
    except Exception as error:
        with folder.log.open("a", encoding="utf-8") as log:
            traceback.print_exc(file=log)
        return f"the evaluation failed: {error}"
    return None


@contextmanager
def _torch_threads(number: int) -> Iterator[None]:
    """Leaves the other cores to the trainings."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _success(folder: RunFolder, result: RunResult) -> str:
    minutes = f"{result.training_seconds / 60:.1f} min"
    scores = scores_in(result.test)
    test = ", ".join(
        f"{task.title} {100 * scores[task.micro].f1:.1f}"
        for task in TASKS.values()
        if task.micro in scores
    )
    return f"{folder}: finished; {minutes} of training, test F1 {test}"


def _command(plan: Plan, jobs: int, packages: Sequence[str]) -> str:
    words = list(plan.command)
    if json.loads(plan.overrides or "{}"):
        words += ["--overrides", plan.overrides]
    if jobs != 1:
        words += ["--jobs", str(jobs)]
    if plan.test_data is not None:
        words += ["--test-data", str(plan.test_data)]
    for package in packages:
        words += ["--include-package", package]
    variables = [
        f"{name}={shlex.quote(value)}" for name, value in environment_of(plan.config).items()
    ]
    return " ".join([*variables, shlex.join(words)])
