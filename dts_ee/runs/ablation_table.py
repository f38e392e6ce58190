"""
The table of the results of ablations.
"""

import shlex
from pathlib import Path
from typing import Mapping, Optional, Sequence

from dts_ee.analysis.table import Cell, Row, Table
from dts_ee.corpora.files import open_atomically
from dts_ee.metrics import MetricKey
from dts_ee.runs.ablation import AblationResult
from dts_ee.runs.comparison import Experiment, p_values, read_experiment
from dts_ee.runs.summary import DEVELOPMENT, TEST
from dts_ee.runs.tables import difference_cell, f1_cell, p_value
from dts_ee.tasks import RELATIONS, TASKS


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
        self._rows: dict[str, Row] = {}

    @property
    def file(self) -> Path:
        """Where it is written."""
        return self._directory / "ablations.md"

    def write(self, results: Sequence[AblationResult]) -> None:
        """
        Writes `ablations.md` and `ablations.csv`.

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
        table = self.table(results)
        protocols = ", ".join(f"{task.title} strict" for task in TASKS.values())
        parts = [
            f"# {self._config}: ablations",
            f"F1 in per cent, mean ± sample standard deviation over the seeds; {protocols}. Behind "
            "the figures on the test split: the difference from the first row in micro F1, and p "
            "of a two-sided, paired approximate randomisation over the sentences (Yeh 2000), whose "
            "counts are averaged over the seeds. "
            f"{RELATIONS.title} between gold entities is compared with nothing.",
            f"Test split: `{', '.join(first.test_data)}`. {first.machine.processor}, "
            f"{first.machine.cores} cores.",
            table.render(),
        ]
        if missing:
            parts.append("\n".join(["Not among the figures:", "", *missing]))
        parts.append("\n".join(["Settings of the rows:", "", *map(_settings_line, results)]))
        with open_atomically(self.file) as file:
            file.write("\n\n".join(parts) + "\n")
        table.write_csv(self.file.with_suffix(".csv"))

    def table(self, results: Sequence[AblationResult]) -> Table:
        """The table alone; see `write`."""
        header = ["", "seeds"]
        titles = [task.title for task in TASKS.values()]
        header += [f"{split} {title} micro" for split in (DEVELOPMENT, TEST) for title in titles]
        header += [f"{TEST} {title} macro" for title in titles]
        return Table(header, [self._row(result, results[0]) for result in results])

    def _row(self, result: AblationResult, first: AblationResult) -> Row:
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


def _row(result: AblationResult, first: AblationResult, p_value_of: Mapping[str, float]) -> Row:
    only = result.ablation.only
    development, test = (
        {
            key: scores
            for key, scores in result.summary.scores(split).items()
            if only in (None, TASKS[key.task].plural)
        }
        for split in (DEVELOPMENT, TEST)
    )
    first_test = first.summary.scores(TEST)

    def compared(key: MetricKey) -> Cell:
        cell = f1_cell(test, key)
        is_compared = p_value_of and only != RELATIONS.plural
        if not is_compared or key not in test or key not in first_test:
            return cell
        difference, p = test[key].f1.mean - first_test[key].f1.mean, p_value_of[key.task]
        return Cell(
            f"{cell.shown} ({100 * difference:+.1f}, p = {p_value(p)})",
            {**cell.values, **difference_cell(difference, p).values},
        )

    name, tasks = result.ablation.name, TASKS.values()
    return [
        Cell(name, {"ablation": name}),
        len(result.summary.results),
        *(f1_cell(development, task.micro) for task in tasks),
        *(compared(task.micro) for task in tasks),
        *(f1_cell(test, task.macro) for task in tasks),
    ]


def _settings_line(result: AblationResult) -> str:
    return f"- {result.ablation.name}: `{shlex.quote(result.summary.config)}`"
