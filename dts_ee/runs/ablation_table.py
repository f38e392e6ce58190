"""
The results of ablations as Markdown.
"""

import shlex
from pathlib import Path
from typing import Mapping, Optional, Sequence

from dts_ee.corpora.files import open_atomically
from dts_ee.runs.ablation import AblationResult
from dts_ee.runs.comparison import Experiment, p_values, read_experiment
from dts_ee.runs.summary import DEVELOPMENT, TEST
from dts_ee.runs.tables import markdown_table, p_value, percent

_TASKS = {"NER": "entities", "RE": "relations"}
_METRICS = {"NER": "entity_f1", "RE": "relation_f1"}
_MACRO_METRICS = {"NER": "_entity_macro_f1", "RE": "_relation_macro_f1"}
_NOTHING = "–"


class AblationTable:
    """
    A row for each ablation, whichever seeds are finished.

    # Parameters

    directory : `Path`
        The folder of an experiment's ablations.
    config : `Path`
        The experiment's file.
    """

    def __init__(self, directory: Path, config: Path) -> None:
        self._directory = directory
        self._config = config
        self._first: Optional[Experiment] = None
        self._rows: dict[str, list[str]] = {}

    @property
    def file(self) -> Path:
        """Where it is written."""
        return self._directory / "ablations.md"

    def write(self, results: Sequence[AblationResult]) -> None:
        """
        Writes `ablations.md`, if there is something to compare with.

        # Parameters

        results : `Sequence[AblationResult]`
            Those that are finished, in their order. They do not change from call to call, but there
            may be more of them.
        """
        first = results[0].summary
        missing = [
            f"- {result.ablation.name}, seed {seed}: {why}"
            for result in results
            for seed, why in result.summary.missing.items()
        ]
        parts = [
            f"# {self._config}: ablations",
            "F1 in per cent, mean ± sample standard deviation over the seeds; NER strict, RE "
            "strict. Behind the figures on the test split: the difference from the first row in "
            "micro F1, and p of a two-sided, paired approximate randomisation over the sentences "
            "(Yeh 2000), whose counts are averaged over the seeds. RE between gold entities is "
            "compared with nothing.",
            f"Test split: `{', '.join(first.test_data)}`. {first.machine.processor}, "
            f"{first.machine.cores} cores.",
            self.render(results),
        ]
        if missing:
            parts.append("\n".join(["Not among the figures:", "", *missing]))
        parts.append("\n".join(["Settings of the rows:", "", *map(_settings_line, results)]))
        with open_atomically(self.file) as file:
            file.write("\n\n".join(parts) + "\n")

    def render(self, results: Sequence[AblationResult]) -> str:
        """The table alone; see `write`."""
        header = ["", "seeds"]
        header += [f"{split} {task} micro" for split in (DEVELOPMENT, TEST) for task in _TASKS]
        header += [f"{TEST} {task} macro" for task in _TASKS]
        return markdown_table(header, [self._row(result, results[0]) for result in results])

    def _row(self, result: AblationResult, first: AblationResult) -> list[str]:
        name = result.ablation.name
        if name not in self._rows:
            p_value_of = {}
            if first.summary.results and result.summary.results:
                experiment = read_experiment(result.directory)
                if result is first:
                    self._first = experiment
                elif self._first is not None:
                    p_value_of = p_values(self._first, experiment)
            self._rows[name] = _row(result, first, p_value_of)
        return self._rows[name]


def _row(
    result: AblationResult, first: AblationResult, p_value_of: Mapping[str, float]
) -> list[str]:
    development, test = (result.summary.statistics(split) for split in (DEVELOPMENT, TEST))
    first_test = first.summary.statistics(TEST)
    only = result.ablation.only
    cells = [result.ablation.name, str(len(result.summary.results))]
    tasks = {task: only in (None, name) for task, name in _TASKS.items()}
    for task, has_task in tasks.items():
        cells.append(percent(development.get(_METRICS[task])) if has_task else _NOTHING)
    for task, has_task in tasks.items():
        cell = percent(test.get(_METRICS[task])) if has_task else _NOTHING
        compared = task in p_value_of and _METRICS[task] in test and _METRICS[task] in first_test
        if has_task and compared and only != "relations":
            difference = test[_METRICS[task]].mean - first_test[_METRICS[task]].mean
            cell += f" ({100 * difference:+.1f}, p = {p_value(p_value_of[task])})"
        cells.append(cell)
    for task, has_task in tasks.items():
        cells.append(percent(test.get(_MACRO_METRICS[task])) if has_task else _NOTHING)
    return cells


def _settings_line(result: AblationResult) -> str:
    return f"- {result.ablation.name}: `{shlex.quote(result.summary.config)}`"
