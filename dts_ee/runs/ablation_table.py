"""
The results of ablations as Markdown.
"""

import shlex
from pathlib import Path
from typing import Mapping, Optional, Sequence

from dts_ee.analysis.markdown_table import markdown_table
from dts_ee.corpora.files import open_atomically
from dts_ee.metrics import MetricKey
from dts_ee.runs.ablation import AblationResult
from dts_ee.runs.comparison import Experiment, p_values, read_experiment
from dts_ee.runs.summary import DEVELOPMENT, TEST, ScoreStatistics
from dts_ee.runs.tables import f1_percent, p_value
from dts_ee.tasks import RELATIONS, TASKS

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
        titles = [task.title for task in TASKS.values()]
        header += [f"{split} {title} micro" for split in (DEVELOPMENT, TEST) for title in titles]
        header += [f"{TEST} {title} macro" for title in titles]
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
    development, test = (result.summary.scores(split) for split in (DEVELOPMENT, TEST))
    first_test = first.summary.scores(TEST)
    only = result.ablation.only

    def cell(scores: Mapping[MetricKey, ScoreStatistics], key: MetricKey) -> str:
        return f1_percent(scores, key) if only in (None, TASKS[key.task].plural) else _NOTHING

    def difference(key: MetricKey) -> str:
        compared = key.task in p_value_of and key in test and key in first_test
        if not compared or only not in (None, TASKS[key.task].plural) or only == RELATIONS.plural:
            return ""
        difference = test[key].f1.mean - first_test[key].f1.mean
        return f" ({100 * difference:+.1f}, p = {p_value(p_value_of[key.task])})"

    tasks = TASKS.values()
    return [
        result.ablation.name,
        str(len(result.summary.results)),
        *(cell(development, task.micro) for task in tasks),
        *(cell(test, task.micro) + difference(task.micro) for task in tasks),
        *(cell(test, task.macro) for task in tasks),
    ]


def _settings_line(result: AblationResult) -> str:
    return f"- {result.ablation.name}: `{shlex.quote(result.summary.config)}`"
