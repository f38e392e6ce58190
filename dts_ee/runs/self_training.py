"""
Training on sentences without annotation: a student learns from the predictions of its teachers.
"""

import hashlib
from pathlib import Path
from typing import Any, Mapping, Optional, Sequence, cast

from allennlp.common.checks import ConfigurationError
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

from dts_ee.console import say
from dts_ee.corpora.spert import read_documents
from dts_ee.counted import counted
from dts_ee.document import DocumentError
from dts_ee.predictors import DtsPredictor
from dts_ee.predictors.document_predict_manager import DocumentPredictManager
from dts_ee.predictors.input_files import inputs_of, text_files, with_input_hint
from dts_ee.predictors.requests import inputs_from_item, inputs_from_line, request_from_json
from dts_ee.quiet_loading import quiet_loading
from dts_ee.runs.execution import alone_in, check_stored_run
from dts_ee.runs.progress import Progress
from dts_ee.runs.run_folder import STUDENT, TEACHER, Run, RunFolder
from dts_ee.runs.settings import load_settings, num_epochs, with_seed
from dts_ee.runs.training import train_runs
from dts_ee.tokenizers import SpacyRulesTokenizer, text_reading
from dts_ee.training.ensemble_archive import write_ensemble


def self_train(
    config: Path,
    unannotated: Path,
    directory: Path,
    seeds: Sequence[int],
    weight: float,
    epochs: Optional[int] = None,
    overrides: str = "",
    jobs: int = 1,
    include_packages: Sequence[str] = (),
) -> Optional[RunFolder]:
    """
    Trains teachers on the annotated sentences, predicts others with them, and trains a student on
    both, with the teachers' probabilities (see `Teacher`).

    What is finished already is not done again, and a training that was interrupted goes on.

    # Parameters

    config : `Path`
        The experiment, a Jsonnet or JSON file.
    unannotated : `Path`
        What is predicted: JSON Lines, or a folder of texts, as for `predict`.
    directory : `Path`
        The folder to write to: a folder `teacher_N` for each seed, an archive `teachers_N_N` with
        all of them, a file with the predictions, and the folder `student`.
    seeds : `Sequence[int]`
        The seeds of the teachers. The student has the first.
    weight : `float`
        The weight of the teachers' targets.
    epochs : `int`, optional (default = `None`)
        The student's number of epochs; `None` for the experiment's.
    overrides : `str`, optional (default = `""`)
        A JSON object with what to change in the experiment.
    jobs : `int`, optional (default = `1`)
        How many teachers are trained at once.
    include_packages : `Sequence[str]`, optional (default = `()`)
        Packages beside this one that the trainings import.

    # Returns

    `RunFolder`
        The student's folder; `None` if a training failed.

    # Raises

    `ConfigurationError`
        If the settings cannot be read, the folder has trainings with other settings, another
        process works in it, or the teachers predict no entity.
    `DocumentError`
        If a sentence without annotation cannot be read.
    """
    settings = load_settings(config, overrides)
    name = _digest(unannotated, seeds)
    with alone_in(directory):
        teachers = {
            RunFolder.within(directory, Run(TEACHER, seed)): with_seed(settings, seed)
            for seed in seeds
        }
        _check_inputs(unannotated)
        if not _train(teachers, jobs, include_packages):
            return None
        teacher = _ensemble(list(teachers), directory)
        predicted = directory / f"predicted_{name}.jsonl"
        if not predicted.exists():
            say(f"predicting {unannotated} with {teacher}")
            _predict(teacher, unannotated, predicted)
        documents = read_documents(predicted)
        if not any(document.entities for document in documents):
            raise ConfigurationError(
                f"{unannotated}: the teachers found no entity in its "
                f"{counted(len(documents), 'sentence')}, so there is nothing to learn from: is it "
                "text of the same kind as the annotated sentences?"
            )
        say(
            f"{predicted}: {counted(len(documents), 'sentence')} with "
            f"{sum(len(document.entities) for document in documents):,} entities and "
            f"{sum(len(document.relations) for document in documents):,} relations"
        )
        student = RunFolder(Run(STUDENT, seeds[0]), directory / STUDENT)
        learns = _with_teacher(with_seed(settings, seeds[0]), teacher, weight, predicted)
        if epochs is not None:
            learns["trainer"] = {**learns["trainer"], "num_epochs": epochs}
        return student if _train({student: learns}, 1, include_packages) else None


def _check_inputs(unannotated: Path) -> None:
    """Raises a `DocumentError` if something cannot be read, before the teachers are trained."""
    reading = text_reading(SpacyRulesTokenizer())
    for input in inputs_of(str(unannotated), inputs_from_line, inputs_from_item):
        try:
            inputs = input.load()
            # The teachers know the types that given entities can have.
            inputs.pop("entities", None)
            request_from_json(inputs, reading, entity_types=[])
        except DocumentError as error:
            raise with_input_hint(input.located(error), str(unannotated)) from None


def _with_teacher(
    settings: Mapping[str, Any], teacher: Path, weight: float, predicted: Path
) -> dict[str, Any]:
    annotated = settings["train_data_path"]
    files = annotated if isinstance(annotated, list) else [annotated]
    return {
        **settings,
        "train_data_path": [*files, str(predicted)],
        "model": {
            **settings["model"],
            "teacher": {"pretrained_file": str(teacher), "weight": weight},
        },
    }


def _train(
    settings: Mapping[RunFolder, Mapping[str, Any]], jobs: int, include_packages: Sequence[str]
) -> bool:
    """Trains what is not trained yet; whether all is trained then."""
    for folder in settings:
        check_stored_run(folder, settings[folder])
    failed: list[RunFolder] = []

    def on_failed(folder: RunFolder, problem: str) -> None:
        failed.append(folder)
        say(folder.failure(problem))

    def on_trained(folder: RunFolder) -> None:
        say(f"{folder}: trained in {folder.training_seconds() / 60:.1f} min")

    untrained = {folder: settings[folder] for folder in settings if not folder.is_trained()}
    with Progress({folder: num_epochs(settings[folder]) for folder in settings}) as progress:
        train_runs(untrained, jobs, include_packages, progress, on_trained, on_failed)
    return not failed


def _ensemble(teachers: Sequence[RunFolder], directory: Path) -> Path:
    if len(teachers) == 1:
        return teachers[0].archive
    numbers = "_".join(str(folder.run.number) for folder in teachers)
    ensemble = directory / f"teachers_{numbers}.tar.gz"
    if not ensemble.exists():
        write_ensemble([str(folder.archive) for folder in teachers], ensemble)
    return ensemble


def _predict(teacher: Path, unannotated: Path, predicted: Path) -> None:
    with quiet_loading():
        predictor = cast(DtsPredictor, Predictor.from_archive(load_archive(teacher)))
    DocumentPredictManager(predictor, str(unannotated), str(predicted), None, False, False).run()


def _digest(unannotated: Path, seeds: Sequence[int]) -> str:
    """
    A short digest of the files and of the teachers' seeds, for the name of the predictions: a
    student that was begun with others is noticed by its settings then.
    """
    if not unannotated.exists():
        raise DocumentError("there is no such file or folder", path=str(unannotated))
    files = text_files(unannotated) if unannotated.is_dir() else [unannotated]
    digest = hashlib.blake2b(repr(list(seeds)).encode(), digest_size=4)
    for path in files:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "blake2b").digest())
    return digest.hexdigest()
