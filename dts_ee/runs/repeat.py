"""
One experiment with several seeds.
"""

from pathlib import Path
from typing import Any, Mapping, Optional, Sequence

from dts_ee.runs.execution import check_kind, check_stored_run, train_and_evaluate
from dts_ee.runs.planned_runs import Plan
from dts_ee.runs.run_folder import SEED, Run
from dts_ee.runs.settings import load_settings, with_seed
from dts_ee.runs.summary import Summary


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
    Trains an experiment once for each seed, evaluates each model, and writes tables (see
    `train_and_evaluate`).

    # Parameters

    config : `Path`
        The experiment, a Jsonnet or JSON file.
    directory : `Path`
        The folder to write to: a folder `seed_N` for each seed, `summary.json`, `summary.md`,
        a CSV file of each of its tables, `learning_curves.png` and `types.png`.
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
        folder holds seeds of other settings, or folds, or another process works in it.
    `DocumentError`
        Before anything is trained: if the test split cannot be read.
    """
    settings = load_settings(config, overrides)
    plan = plan_of_seeds(config, settings, directory, seeds, overrides, test_data)
    (summary,) = train_and_evaluate([plan], jobs, include_packages)
    return summary


def plan_of_seeds(
    config: Path,
    settings: Mapping[str, Any],
    directory: Path,
    seeds: Sequence[int],
    overrides: str = "",
    test_data: Optional[Path] = None,
    name: str = "",
) -> Plan:
    """
    An experiment once for each seed.

    # Parameters

    config, directory, seeds, overrides, test_data
        See `repeat`.
    settings : `Mapping[str, Any]`
        The experiment, with the overrides.
    name : `str`, optional (default = `""`)
        See `Plan`.

    # Raises

    `ConfigurationError`
        If a seed in the folder was begun with other settings, or the folder has folds.
    """
    for folder in check_kind(directory, SEED):
        check_stored_run(folder, with_seed(settings, folder.run.number))
    numbers = ",".join(map(str, dict.fromkeys(seeds)))
    return Plan(
        config,
        directory,
        settings={Run(SEED, seed): with_seed(settings, seed) for seed in seeds},
        command=["allennlp", "repeat", str(config), "-s", str(directory), "--seeds", numbers],
        overrides=overrides,
        test_data=test_data,
        name=name,
    )
