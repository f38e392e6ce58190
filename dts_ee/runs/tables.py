"""
The tables of the results of several runs.
"""

from typing import Mapping, Optional, Sequence

from dts_ee.analysis.table import Cell, Row, Table
from dts_ee.metrics import MetricKey
from dts_ee.metrics.flat_names import PARTS
from dts_ee.runs.overlap_scores import OverlapScores
from dts_ee.runs.run_folder import FOLD
from dts_ee.runs.summary import (
    DEVELOPMENT,
    SPLITS,
    TEST,
    RunResult,
    ScoreStatistics,
    Statistic,
    Summary,
    score_statistics,
)
from dts_ee.tasks import TASKS, scores_in


def render_summary(summary: Summary) -> str:
    """All tables of a summary as Markdown, and how they were made."""
    parts = [f"# {summary.config}", _description(summary)]
    if summary.missing:
        missing = [f"- {summary.run(number)}: {why}" for number, why in summary.missing.items()]
        parts.append("\n".join(["Not among the figures:", "", *missing]))
    headings = {
        "summary": "F1",
        "types": "Types, on the test split",
        "overlaps": "Sentences with overlapping entities",
    }
    for name, table in tables_of(summary).items():
        parts.append(f"## {headings.get(name, name.capitalize())}")
        if name == "overlaps" and summary.overlaps is not None:
            parts.append(_overlaps(summary, summary.overlaps))
        parts.append(table.render())
    return "\n\n".join(parts) + "\n"


def tables_of(summary: Summary) -> dict[str, Table]:
    """All tables of a summary, by the names of their CSV files without the suffix."""
    tables = {"summary": main_table(summary)}
    if summary.results:
        tables["types"] = types_table(summary)
        if summary.overlaps is not None:
            tables["overlaps"] = overlaps_table(summary.overlaps)
        tables[f"{summary.kind}s"] = runs_table(summary)
    return tables


def main_table(summary: Summary) -> Table:
    """The F1 of every protocol on both splits: mean ± standard deviation, in per cent."""
    columns = {task.heading(key): key for task in TASKS.values() for key in task.columns}
    rows = {split: summary.scores(split) for split in SPLITS}
    if not rows[DEVELOPMENT]:
        del rows[DEVELOPMENT]
    if summary.overlaps is not None:
        rows[f"{TEST}, without overlapping entities"] = score_statistics(summary.overlaps.without)
    return Table(
        ["", *columns],
        [
            [Cell(name, {"split": name}), *(f1_cell(scores, key) for key in columns.values())]
            for name, scores in rows.items()
        ],
    )


def overlaps_table(overlaps: OverlapScores) -> Table:
    """Precision, recall and F1 over the sentences that have overlapping entities."""
    scores = score_statistics(overlaps.alone)
    titles = {task.strict_title or task.title: task.micro for task in TASKS.values()}
    return Table(
        ["", "precision", "recall", "F1"],
        [
            [Cell(title, {"task": title}), *_score_cells(scores[key])]
            for title, key in titles.items()
            if key in scores
        ],
    )


def types_table(summary: Summary) -> Table:
    """Precision, recall and F1 of each type of each task on the test split."""
    scores = summary.scores(TEST)
    return Table(
        ["", "type", "precision", "recall", "F1"],
        [
            [
                Cell(task, {"task": task}),
                Cell(f"`{type}`", {"type": type}),
                *_score_cells(scores[MetricKey(task, type=type)]),
            ]
            for task in TASKS
            for type in types_of(scores, task)
        ],
    )


def runs_table(summary: Summary) -> Table:
    """The F1 of each run, its best epoch, and how long it took."""
    tasks = TASKS.values()
    columns = [(DEVELOPMENT, task.heading(task.micro), task.micro) for task in tasks]
    for task in tasks:
        columns += [(TEST, task.heading(key), key) for key in (task.micro, task.macro)]
    header = [summary.kind, *(f"{split} {heading}" for split, heading, _ in columns)]
    keys = [(split, key) for split, _, key in columns]
    return Table(
        [*header, "best epoch", "minutes"],
        [_run_row(result, keys) for result in summary.results],
    )


def types_of(scores: Mapping[MetricKey, object], task: str) -> list[str]:
    """The types that a task has scores of, in alphabetical order; the task is given by its name."""
    return sorted(key.type for key in scores if key.task == task and key.type is not None)


def p_value(value: float) -> str:
    """Three decimals, or one significant digit where these would be zeros."""
    return f"{value:.3f}" if value >= 0.001 else f"{value:.1g}"


def statistic_cell(statistic: Optional[Statistic], name: str = "{} F1") -> Cell:
    """
    Mean ± standard deviation in per cent.

    # Parameters

    statistic : `Statistic`, optional
        Of numbers from 0 to 1; `None` where there are none.
    name : `str`, optional (default = `"{} F1"`)
        What it is a statistic of, in CSV; `{}` is the column's heading.
    """
    numbers = (statistic.mean, statistic.standard_deviation) if statistic else (None, None)
    mean, deviation = (None if number is None else 100 * number for number in numbers)
    shown = " ± ".join(f"{number:.1f}" for number in (mean, deviation) if number is not None)
    return Cell(
        shown or None, {f"{name} mean (%)": mean, f"{name} standard deviation (%)": deviation}
    )


def f1_cell(scores: Mapping[MetricKey, ScoreStatistics], key: MetricKey) -> Cell:
    """The `statistic_cell` of a score's F1."""
    return statistic_cell(scores[key].f1 if key in scores else None)


def difference_cell(difference: float, p: Optional[float] = None) -> Cell:
    """
    A difference in F1.

    # Parameters

    difference : `float`
        From -1 to 1.
    p : `float`, optional (default = `None`)
        Its p-value, where there is one.
    """
    points = 100 * difference
    values = {"{} F1 difference (percentage points)": points}
    if p is None:
        return Cell(f"{points:+.1f}", values)
    return Cell(f"{points:+.1f} (p = {p_value(p)})", {**values, "{} p": p})


def _score_cells(scores: ScoreStatistics) -> list[Cell]:
    return [statistic_cell(getattr(scores, part), "{}") for part in PARTS]


def _run_row(result: RunResult, columns: Sequence[tuple[str, MetricKey]]) -> Row:
    scores = {split: scores_in(result.metrics(split)) for split in SPLITS}
    f1s = [
        100.0 * scores[split][key].f1 if key in scores[split] else None for split, key in columns
    ]
    best = None if result.best_epoch is None else result.best_epoch + 1
    return [
        result.number,
        *(Cell(f1, {"{} F1 (%)": f1}) for f1 in f1s),
        Cell(
            f"{'–' if best is None else best} of {result.num_epochs}",
            {"{}": best, "epochs": result.num_epochs},
        ),
        result.training_seconds / 60,
    ]


def _overlaps(summary: Summary, overlaps: OverlapScores) -> str:
    together = ", of all folds together" if summary.kind == FOLD else ""
    return (
        f"The {overlaps.num_overlapping} of {overlaps.num_documents} test sentences in which gold "
        f"entities overlap{together}; strict micro scores."
    )


def _description(summary: Summary) -> str:
    results = summary.results
    finished = ", ".join(str(result.number) for result in results) or "none"
    versions = ", ".join(f"{name} {version}" for name, version in summary.machine.versions.items())
    machine = summary.machine
    at_once = "one at a time" if summary.jobs == 1 else f"{summary.jobs} at once"
    test_data = ", ".join(f"`{file}`" for file in summary.test_data)
    lines = [
        f"Mean ± sample standard deviation over {summary.kind}s ({finished}), in per cent. Test "
        f"split{'' if len(summary.test_data) == 1 else 's'}: {test_data}. Epochs are counted "
        "from 1.",
        f"{summary.date}; {machine.processor}, {machine.cores} cores, {at_once} with "
        f"{summary.threads} thread{'' if summary.threads == 1 else 's'}; {versions}.",
        f"```sh\n{summary.command}\n```",
    ]
    if not any(result.metrics(DEVELOPMENT) for result in results) and results:
        lines.insert(1, "There is no development split: the last epoch is taken.")
    return "\n\n".join(lines)
