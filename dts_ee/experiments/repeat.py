"""
One experiment with several seeds.
"""

import json
import logging
import shlex
import traceback
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Iterator, Optional, Sequence

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.common.util import SigTermReceived
from filelock import FileLock, Timeout

from dts_ee.corpora.files import open_atomically
from dts_ee.document import Document, DocumentError
from dts_ee.experiments.curves import draw_learning_curves, draw_types
from dts_ee.experiments.evaluation import evaluate_seed, is_evaluated, read_test_data
from dts_ee.experiments.machine import Machine
from dts_ee.experiments.progress import Progress
from dts_ee.experiments.seed_folder import SeedFolder
from dts_ee.experiments.settings import (
    differences,
    load_settings,
    num_epochs,
    reader_of_test_split,
    with_seed,
)
from dts_ee.experiments.summary import SeedResult, Summary
from dts_ee.experiments.tables import render_summary
from dts_ee.experiments.training import threads_for_each, train_seeds

_PLUGIN = "dts_ee"
_NOT_FINISHED = "not finished yet"


def repeat(
    config: Path,
    directory: Path,
    seeds: Sequence[int],
    overrides: str = "",
    jobs: int = 1,
    test_data: Optional[Path] = None,
    include_packages: Sequence[str] = (),
) -> Summary:
    """
    Trains an experiment once for each seed, evaluates each model, and writes tables.

    What is there already is kept: a seed that is trained is not trained again, and one that was cut
    off goes on. The summary is written after each seed, so that it is there whatever comes.

    # Parameters

    config : `Path`
        The experiment, a Jsonnet or JSON file.
    directory : `Path`
        The folder to write to: a folder `seed_N` for each seed, `summary.json`, `summary.md`,
        `learning_curves.png` and `types.png`.
    seeds : `Sequence[int]`
        The seeds. Each is AllenNLP's `random_seed`, `numpy_seed` and `pytorch_seed`.
    overrides : `str`, optional (default = `""`)
        A JSON object with what to change in the experiment.
    jobs : `int`, optional (default = `1`)
        How many seeds are trained at once.
    test_data : `Path`, optional (default = `None`)
        The test split; without it, the experiment's `test_data_path`.
    include_packages : `Sequence[str]`, optional (default = `()`)
        Packages beside this one that the trainings import.

    # Returns

    `Summary`
        What was written to `summary.json`. Seeds that failed are its `missing`.

    # Raises

    `ConfigurationError`
        Before anything is trained: if the settings cannot be read, there is no test split, the
        folder holds seeds of other settings, or another process works in it.
    `DocumentError`
        Before anything is trained: if the test split cannot be read.
    """
    seeds = list(dict.fromkeys(seeds))
    settings = load_settings(config, overrides)
    test_path = str(test_data or settings.get("test_data_path") or "")
    if not test_path:
        raise ConfigurationError(
            f"there is no test split: {config} has no test_data_path, and none is given beside it"
        )
    documents = read_test_data(test_path, reader_of_test_split(settings))
    check_stored_settings(directory, settings)

    def summary() -> Summary:
        return Summary(
            config=str(config),
            overrides=json.loads(overrides or "{}"),
            test_data=test_path,
            seeds=list(seeds),
            results=[SeedResult.of(folder) for folder in folders if folder.seed not in missing],
            missing=dict(missing),
            jobs=jobs,
            threads=threads,
            machine=Machine.current(),
            date=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
            command=_command(config, directory, seeds, overrides, jobs, test_data, packages),
        )

    threads = threads_for_each(jobs)
    # The processes load this one whatever they are told.
    packages = [name for name in dict.fromkeys(include_packages) if name != _PLUGIN]
    folders = [SeedFolder.within(directory, seed) for seed in seeds]
    missing = dict.fromkeys(seeds, _NOT_FINISHED)
    with _alone_in(directory), Progress(folders, num_epochs(settings)) as progress:

        def on_failed(folder: SeedFolder, problem: str) -> None:
            missing[folder.seed] = problem
            progress.say("\n".join(_complaint(folder, problem)))

        def on_trained(folder: SeedFolder) -> None:
            try:
                evaluated = is_evaluated(folder, documents)
            except DocumentError as error:
                on_failed(folder, str(error))
                return
            if not evaluated:
                progress.say(f"seed {folder.seed}: trained; predicting {test_path}")
            problem = _evaluate(folder, test_path, documents, threads)
            if problem is not None:
                on_failed(folder, problem)
                return
            del missing[folder.seed]
            progress.say(_success(SeedResult.of(folder)))
            write_summary(directory, summary())

        untrained = [folder for folder in folders if not folder.is_trained()]
        for folder in folders:
            if folder not in untrained:
                on_trained(folder)
        train_seeds(
            untrained,
            {seed: with_seed(settings, seed) for seed in seeds},
            jobs,
            packages,
            progress,
            on_trained,
            on_failed,
        )
        final = summary()
        write_summary(directory, final)
    return final


def check_stored_settings(directory: Path, settings: dict) -> None:
    """
    # Raises

    `ConfigurationError`
        If a seed in the folder was begun with other settings; it names the difference.
    """
    for folder in SeedFolder.all_within(directory):
        stored = folder.stored_settings()
        if stored is None:
            continue
        changed = differences(with_seed(settings, folder.seed), stored)
        if changed:
            raise ConfigurationError(
                f"{folder.path} was trained with other settings: {changed}. Nothing was changed "
                "there; take another folder, or the same settings"
            )


def write_summary(directory: Path, summary: Summary) -> None:
    """Writes a summary's numbers, tables and pictures into an experiment's folder."""
    summary.write(directory)
    finished = [SeedFolder.within(directory, result.seed) for result in summary.results]
    curves = draw_learning_curves(
        directory / "learning_curves.png", {folder.seed: folder.epochs() for folder in finished}
    )
    types = draw_types(directory / "types.png", summary)
    with open_atomically(directory / "summary.md") as file:
        file.write(render_summary(summary))
        if curves:
            file.write("\n![F1 on the development split by epoch](learning_curves.png)\n")
        if types:
            file.write("\n![F1 of each type on the test split](types.png)\n")


def _evaluate(
    folder: SeedFolder, test_path: str, documents: Sequence[Document], threads: int
) -> Optional[str]:
    """Evaluates a seed, and says what went wrong if it did; the seed's log has the whole."""
    try:
        with _torch_threads(threads), _quiet():
            evaluate_seed(folder, test_path, documents)
    except SigTermReceived:
        raise
    except Exception as error:
        with folder.log.open("a", encoding="utf-8") as log:
            traceback.print_exc(file=log)
        return f"the evaluation failed: {error}"
    return None


@contextmanager
def _torch_threads(number: int) -> Iterator[None]:
    """Leaves the other cores to the seeds that are being trained."""
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
    lock = FileLock(directory / ".repeat.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ConfigurationError(f"another process repeats an experiment in {directory}") from None
    try:
        yield
    finally:
        lock.release()


def _complaint(folder: SeedFolder, problem: str) -> list[str]:
    lines = [f"    {line}" for line in folder.last_lines_of_log()]
    return [f"seed {folder.seed}: {problem}. The end of {folder.log}:", *lines]


def _success(result: SeedResult) -> str:
    minutes = f"{result.training_seconds / 60:.1f} min"
    test = ", ".join(
        f"{task} {100 * result.test[name]:.1f}"
        for task, name in (("NER", "entity_f1"), ("RE", "relation_f1"))
        if name in result.test
    )
    return f"seed {result.seed}: finished; {minutes} of training, test F1 {test}"


def _command(
    config: Path,
    directory: Path,
    seeds: Sequence[int],
    overrides: str,
    jobs: int,
    test_data: Optional[Path],
    include_packages: Sequence[str],
) -> str:
    words = ["allennlp", "repeat", str(config), "-s", str(directory)]
    words += ["--seeds", ",".join(map(str, seeds))]
    if json.loads(overrides or "{}"):
        words += ["--overrides", overrides]
    if jobs != 1:
        words += ["--jobs", str(jobs)]
    if test_data is not None:
        words += ["--test-data", str(test_data)]
    for package in include_packages:
        words += ["--include-package", package]
    return shlex.join(words)
