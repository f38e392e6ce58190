"""
One experiment on every fold of a corpus.
"""

from pathlib import Path
from typing import Any, Optional, Sequence

from dts_ee.runs.execution import check_kind, check_stored_run, train_and_evaluate
from dts_ee.runs.planned_runs import Plan
from dts_ee.runs.run_folder import FOLD, Run
from dts_ee.runs.settings import load_settings, with_seed
from dts_ee.runs.summary import Summary


def cross_validate(
    config: Path,
    directory: Path,
    folds: Sequence[int],
    overrides: str = "",
    jobs: int = 1,
    seed: Optional[int] = None,
    include_packages: Sequence[str] = (),
) -> Summary:
    """
    Trains an experiment once for each fold, evaluates each model on the fold's test split, and
    writes tables (see `train_and_evaluate`).

    # Parameters

    config : `Path`
        The experiment, a Jsonnet function with a parameter `fold`.
    directory : `Path`
        The folder to write to: a folder `fold_N` for each fold, `summary.json`, `summary.md`,
        a CSV file of each of its tables, `learning_curves.png` and `types.png`.
    folds : `Sequence[int]`
        The folds: what the function is called with.
    overrides : `str`, optional (default = `""`)
        A JSON object with what to change in the experiment, for all folds.
    jobs : `int`, optional (default = `1`)
        How many folds are trained at once.
    seed : `int`, optional (default = `None`)
        AllenNLP's `random_seed`, `numpy_seed` and `pytorch_seed` of every fold; without it, those
        of the experiment, or AllenNLP's defaults.
    include_packages : `Sequence[str]`, optional (default = `()`)
        Packages beside this one that the trainings import.

    # Returns

    `Summary`
        What was written to `summary.json`. Folds that failed are its `missing`.

    # Raises

    `ConfigurationError`
        Before anything is trained: if the settings of a fold cannot be read, or have no test split,
        the folder holds folds of other settings, or seeds, or another process works in it.
    `DocumentError`
        Before anything is trained: if a test split cannot be read.
    """

    def settings_of(fold: int) -> dict[str, Any]:
        settings = load_settings(config, overrides, fold)
        return settings if seed is None else with_seed(settings, seed)

    settings = {Run(FOLD, fold): settings_of(fold) for fold in folds}
    for folder in check_kind(directory, FOLD):
        check_stored_run(folder, settings.get(folder.run) or settings_of(folder.run.number))
    numbers = ",".join(str(run.number) for run in settings)
    command = ["allennlp", "cross-validate", str(config), "-s", str(directory), "--folds", numbers]
    if seed is not None:
        command += ["--seed", str(seed)]
    plan = Plan(config, directory, settings, command, overrides)
    (summary,) = train_and_evaluate([plan], jobs, include_packages)
    return summary
