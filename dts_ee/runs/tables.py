"""
The results of several runs as Markdown.
"""

from typing import Mapping, Optional, Sequence

from dts_ee.analysis.markdown_table import markdown_table
from dts_ee.metrics import MetricKey
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

_NOTHING = "–"


def render_summary(summary: Summary) -> str:
    """All tables of a summary, and how they were made."""
    parts = [f"# {summary.config}", _description(summary)]
    if summary.missing:
        missing = [f"- {summary.run(number)}: {why}" for number, why in summary.missing.items()]
        parts.append("\n".join(["Not among the figures:", "", *missing]))
    parts += ["## F1", main_table(summary)]
    if summary.results:
        parts += ["## Types, on the test split", types_table(summary)]
        if summary.overlaps is not None:
            parts += [
                "## Sentences with overlapping entities",
                _overlaps(summary.overlaps, summary),
            ]
        parts += [f"## {summary.kind.capitalize()}s", runs_table(summary)]
    return "\n\n".join(parts) + "\n"


def main_table(summary: Summary) -> str:
    """The F1 of every protocol on both splits: mean ± standard deviation, in per cent."""
    columns = {task.heading(key): key for task in TASKS.values() for key in task.columns}

    def row(name: str, scores: Mapping[MetricKey, ScoreStatistics]) -> list[str]:
        return [name, *(f1_percent(scores, key) for key in columns.values())]

    rows = []
    for split in SPLITS:
        scores = summary.scores(split)
        if scores or split == TEST:
            rows.append(row(split, scores))
    if summary.overlaps is not None:
        scores = score_statistics(summary.overlaps.without)
        rows.append(row(f"{TEST}, without overlapping entities", scores))
    return markdown_table(["", *columns], rows)


def overlaps_table(overlaps: OverlapScores) -> str:
    """Precision, recall and F1 over the sentences that have overlapping entities."""
    scores = score_statistics(overlaps.alone)
    rows = [
        [task.strict_title or task.title, *_percents(scores[task.micro])]
        for task in TASKS.values()
        if task.micro in scores
    ]
    return markdown_table(["", "precision", "recall", "F1"], rows)


def types_table(summary: Summary) -> str:
    """Precision, recall and F1 of each type of each task on the test split."""
    scores = summary.scores(TEST)
    rows = [
        [task, f"`{type}`".replace("|", "\\|"), *_percents(scores[MetricKey(task, type=type)])]
        for task in TASKS
        for type in types_of(scores, task)
    ]
    return markdown_table(["", "type", "precision", "recall", "F1"], rows)


def runs_table(summary: Summary) -> str:
    """The F1 of each run, its best epoch, and how long it took."""
    tasks = TASKS.values()
    columns = [(DEVELOPMENT, task.heading(task.micro), task.micro) for task in tasks]
    for task in tasks:
        columns += [(TEST, task.heading(key), key) for key in (task.micro, task.macro)]
    header = [summary.kind, *(f"{split} {heading}" for split, heading, _ in columns)]
    header += ["best epoch", "minutes"]
    keys = [(split, key) for split, _, key in columns]
    return markdown_table(header, [_run_row(result, keys) for result in summary.results])


def types_of(scores: Mapping[MetricKey, object], task: str) -> list[str]:
    """The types that a task has scores of, in alphabetical order; the task is given by its name."""
    return sorted(key.type for key in scores if key.task == task and key.type is not None)


def p_value(value: float) -> str:
    """Three decimals, or one significant digit where these would be zeros."""
    return f"{value:.3f}" if value >= 0.001 else f"{value:.1g}"


def percent(statistic: Optional[Statistic]) -> str:
    """Mean ± standard deviation in per cent, with one decimal; a dash without a value."""
    if statistic is None:
        return _NOTHING
    mean = f"{100 * statistic.mean:.1f}"
    if statistic.standard_deviation is None:
        return mean
    return f"{mean} ± {100 * statistic.standard_deviation:.1f}"


def f1_percent(scores: Mapping[MetricKey, ScoreStatistics], key: MetricKey) -> str:
    """`percent` of a score's F1."""
    return percent(scores[key].f1 if key in scores else None)


def _percents(scores: ScoreStatistics) -> list[str]:
    return [percent(scores.precision), percent(scores.recall), percent(scores.f1)]


def _run_row(result: RunResult, columns: Sequence[tuple[str, MetricKey]]) -> list[str]:
    scores = {split: scores_in(result.metrics(split)) for split in SPLITS}
    cells = [
        f"{100 * scores[split][key].f1:.1f}" if key in scores[split] else _NOTHING
        for split, key in columns
    ]
    best = _NOTHING if result.best_epoch is None else str(result.best_epoch + 1)
    epochs = f"{best} of {result.num_epochs}"
    return [str(result.number), *cells, epochs, f"{result.training_seconds / 60:.1f}"]


def _overlaps(overlaps: OverlapScores, summary: Summary) -> str:
    together = ", of all folds together" if summary.kind == FOLD else ""
    return (
        f"The {overlaps.num_overlapping} of {overlaps.num_documents} test sentences in which gold "
        f"entities overlap{together}; strict micro scores.\n\n{overlaps_table(overlaps)}"
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
