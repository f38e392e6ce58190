"""
Ablations: an experiment with one part changed at a time, with several seeds.
"""

import json
import re
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, Callable, Mapping, Optional, Sequence, Tuple

import _jsonnet
from allennlp.common.checks import ConfigurationError

from dts_ee.corpora.predictions import read_predictions, write_predictions
from dts_ee.runs.execution import train_and_evaluate
from dts_ee.runs.overlap_scores import OverlapScores
from dts_ee.runs.pipeline import evaluate_pipeline
from dts_ee.runs.planned_runs import Plan, TestSplit
from dts_ee.runs.repeat import plan_of_seeds
from dts_ee.runs.run_folder import SEED, Run, RunFolder, write_json
from dts_ee.runs.settings import load_settings
from dts_ee.runs.summary import RunResult, Summary
from dts_ee.tasks import TASKS, plurals


@dataclass(frozen=True)
class Ablation:
    """
    An experiment with one thing changed.

    # Parameters

    name : `str`
        The name of the change, for a table.
    only : `str`, optional
        The only task with results, by its plural, such as `"entities"`; `None` for all tasks.
    settings : `Mapping[str, Any]`, optional
        The changed experiment's settings; `None` for a pipeline.
    pipeline : `tuple[str, str]`, optional
        The names of two other ablations: one that recognises entities, and one that extracts
        relations between them.
    """

    name: str
    only: Optional[str]
    settings: Optional[Mapping[str, Any]]
    pipeline: Optional[Tuple[str, str]] = None

    @property
    def folder_name(self) -> str:
        """Its name in letters and digits."""
        return re.sub(r"\W+", "_", self.name).strip("_")


@dataclass(frozen=True)
class AblationResult:
    """
    # Parameters

    ablation : `Ablation`
        What was changed.
    directory : `Path`
        The folder of its seeds.
    summary : `Summary`
        Their results.
    """

    ablation: Ablation
    directory: Path
    summary: Summary


def read_ablations(file: Path, settings: Mapping[str, Any]) -> list[Ablation]:
    """
    Applies a list of ablations to an experiment.

    # Parameters

    file : `Path`
        Jsonnet: a function of `experiment` that returns a list of objects with `name`, with
        `experiment` or `pipeline` (the names of two ablations before it), and optionally with
        `only`. The others are compared with the first.
    settings : `Mapping[str, Any]`
        The complete experiment's settings.

    # Raises

    `ConfigurationError`
        If the file cannot be evaluated, or returns something else.
    """
    try:
        text = _jsonnet.evaluate_file(str(file), tla_codes={"experiment": json.dumps(settings)})
    except RuntimeError as error:
        raise ConfigurationError(f"{file}: {error}") from None
    rows = json.loads(text)
    if not isinstance(rows, list) or not rows:
        raise ConfigurationError(f"{file} returns no list of ablations")
    ablations = [_ablation(row, f"{file}, ablation {i}") for i, row in enumerate(rows, start=1)]
    names = [ablation.folder_name for ablation in ablations]
    for i, name in enumerate(names):
        if not name or name in names[:i]:
            raise ConfigurationError(
                f"{file}, ablation {i + 1}: the name {ablations[i].name!r} has no letters, or is "
                "too much like that of another one"
            )
        experiments = [before.name for before in ablations[:i] if before.settings is not None]
        for part in ablations[i].pipeline or ():
            if part not in experiments:
                raise ConfigurationError(
                    f"{file}, ablation {i + 1}: no experiment {part!r} is before it"
                )
    return ablations


def ablate(
    config: Path,
    directory: Path,
    seeds: Sequence[int],
    ablations_file: Path,
    overrides: str = "",
    jobs: int = 1,
    test_data: Optional[Path] = None,
    include_packages: Sequence[str] = (),
    on_row: Callable[[Sequence[AblationResult]], None] = lambda results: None,
) -> list[AblationResult]:
    """
    Repeats each ablation of an experiment. As in `repeat`, what is trained already is kept.

    # Parameters

    config, seeds, overrides, test_data, include_packages
        See `repeat`.
    directory : `Path`
        The folder to write to: a folder for each ablation, as `repeat` writes it, beside its
        settings.
    ablations_file : `Path`
        See `read_ablations`.
    jobs : `int`, optional (default = `1`)
        How many models are trained at once, of one ablation or of several.
    on_row : `Callable[[Sequence[AblationResult]], None]`, optional
        Is called when all seeds of an ablation are finished or have failed, with the results
        of all such ablations, in their order; not before the first ablation is among them.

    # Returns

    `list[AblationResult]`
        One for each ablation, in their order.

    # Raises

    `ConfigurationError`, `DocumentError`
        As `read_ablations` and `repeat` do, before anything is trained.
    """
    ablations = read_ablations(ablations_file, load_settings(config, overrides))
    trained = [ablation for ablation in ablations if ablation.settings is not None]
    plans = [
        plan_of_seeds(
            directory / f"{ablation.folder_name}.json",
            ablation.settings or {},
            directory / ablation.folder_name,
            seeds,
            test_data=test_data,
            name=ablation.name,
        )
        for ablation in trained
    ]
    for ablation, plan in zip(trained, plans, strict=True):
        write_json(plan.config, dict(ablation.settings or {}))
    results: dict[str, AblationResult] = {}

    def in_order() -> list[AblationResult]:
        return [results[ablation.name] for ablation in ablations if ablation.name in results]

    def on_finished(number: int, summary: Summary) -> None:
        finished = trained[number]
        results[finished.name] = AblationResult(finished, plans[number].directory, summary)
        for ablation in ablations:
            parts = [results[name] for name in ablation.pipeline or () if name in results]
            if ablation.name not in results and len(parts) == 2:
                folder = directory / ablation.folder_name
                plan = plans[trained.index(parts[1].ablation)]
                results[ablation.name] = AblationResult(
                    ablation, folder, _run_pipeline(ablation, folder, parts, plan)
                )
        if ablations[0].name in results:
            on_row(in_order())

    train_and_evaluate(plans, jobs, include_packages, on_finished)
    return in_order()


def _run_pipeline(
    ablation: Ablation, directory: Path, parts: Sequence[AblationResult], relations_plan: Plan
) -> Summary:
    """Evaluates the models of two ablations in a row, for each seed that both have finished."""
    entities, relations = parts
    folders: list[RunFolder] = []
    seed_results: list[RunResult] = []
    for first, second in product(entities.summary.results, relations.summary.results):
        if first.number != second.number:
            continue
        seed = Run(SEED, first.number)
        folder = RunFolder.within(directory, seed)
        metrics, predictions = evaluate_pipeline(
            RunFolder.within(relations.directory, seed).archive,
            read_predictions(RunFolder.within(entities.directory, seed).test_predictions),
            TestSplit.of(relations_plan, seed).documents,
        )
        write_predictions(folder.test_predictions, predictions)
        write_json(folder.test_metrics, metrics)
        folders.append(folder)
        seconds = first.training_seconds + second.training_seconds
        seed_results.append(
            replace(first, training_seconds=seconds, best_epoch=None, development={}, test=metrics)
        )
    missing = {**relations.summary.missing, **entities.summary.missing}
    names = " and ".join(ablation.pipeline or ())
    return replace(
        entities.summary,
        config=names,
        results=seed_results,
        missing=missing,
        overlaps=OverlapScores.of(folders) if folders else None,
    )


def _ablation(row: Any, location: str) -> Ablation:
    if not isinstance(row, dict):
        raise ConfigurationError(f"{location} is not an object")
    unknown = sorted(row.keys() - {"name", "only", "experiment", "pipeline"})
    if unknown:
        raise ConfigurationError(f"{location} has unknown keys: {', '.join(unknown)}")
    name, only, settings = row.get("name"), row.get("only"), row.get("experiment")
    pipeline = row.get("pipeline")
    if not isinstance(name, str) or isinstance(settings, dict) == isinstance(pipeline, list):
        raise ConfigurationError(
            f"{location} needs a name (a string) and either an experiment (an object) or a "
            "pipeline (a list)"
        )
    if pipeline is not None:
        if len(pipeline) != 2:
            raise ConfigurationError(f"{location}: a pipeline has two names, not {len(pipeline)}")
        return Ablation(name, only, None, (str(pipeline[0]), str(pipeline[1])))
    if only not in (None, *(task.plural for task in TASKS.values())):
        raise ConfigurationError(f"{location}: only is {only!r}; it can be {plurals('or')}")
    return Ablation(name, only, settings)
