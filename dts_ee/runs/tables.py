"""
The results of several runs as Markdown.
"""

import re
from typing import Mapping, Optional, Sequence

from dts_ee.runs.overlaps import OverlapScores
from dts_ee.runs.run_folder import FOLD
from dts_ee.runs.summary import (
    DEVELOPMENT,
    SPLITS,
    TEST,
    RunResult,
    Statistic,
    Summary,
    statistics_of,
)

COLUMNS = {
    "NER micro": "entity_f1",
    "NER macro": "_entity_macro_f1",
    "NER boundaries": "_entity_boundaries_f1",
    "RE strict micro": "relation_f1",
    "RE strict macro": "_relation_macro_f1",
    "RE boundaries micro": "_relation_boundaries_f1",
    "RE boundaries macro": "_relation_boundaries_macro_f1",
    "RE gold pairs macro": "_relation_gold_pairs_macro_f1",
}
"""The columns of the first table, and AllenNLP's names of the metrics in them."""

_RUN_COLUMNS = [
    *((DEVELOPMENT, name) for name in ("NER micro", "RE strict micro")),
    *((TEST, name) for name in ("NER micro", "NER macro", "RE strict micro", "RE strict macro")),
]
"""What there is of each run: the split, and the column of the first table."""

_TASKS = {"NER": "entity", "RE, strict": "relation"}

_NOT_TYPES = {"macro", "boundaries", "boundaries_macro", "gold_pairs", "gold_pairs_macro"}
"""What stands in the place of a type's name in other metrics."""

_NOTHING = "–"


def render_summary(summary: Summary) -> str:
    """All tables of a summary, with what they depend on."""
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
    rows = []
    for split in SPLITS:
        statistics = summary.statistics(split)
        if statistics or split == TEST:
            cells = [percent(statistics.get(name)) for name in COLUMNS.values()]
            rows.append([split, *cells])
    if summary.overlaps is not None:
        statistics = statistics_of(summary.overlaps.without)
        cells = [percent(statistics.get(name)) for name in COLUMNS.values()]
        rows.append([f"{TEST}, without overlapping entities", *cells])
    return markdown_table(["", *COLUMNS], rows)


def overlaps_table(overlaps: OverlapScores) -> str:
    """Precision, recall and F1 over the sentences that have overlapping entities."""
    statistics = statistics_of(overlaps.alone)
    rows = []
    for name, task in _TASKS.items():
        metrics = (f"_{task}_precision", f"_{task}_recall", f"{task}_f1")
        if metrics[-1] in statistics:
            rows.append([name, *(percent(statistics.get(metric)) for metric in metrics)])
    return markdown_table(["", "precision", "recall", "F1"], rows)


def types_table(summary: Summary) -> str:
    """Precision, recall and F1 of each entity and relation type on the test split."""
    statistics = summary.statistics(TEST)
    rows = []
    for task in ("entity", "relation"):
        for type in type_names(statistics, task):
            scores = (f"_{task}_{type}_{score}" for score in ("precision", "recall", "f1"))
            cells = [percent(statistics.get(score)) for score in scores]
            rows.append([task, f"`{type}`".replace("|", "\\|"), *cells])
    return markdown_table(["", "type", "precision", "recall", "F1"], rows)


def runs_table(summary: Summary) -> str:
    """The F1 of each run, its best epoch, and how long it took."""
    header = [summary.kind, *(f"{split} {name}" for split, name in _RUN_COLUMNS)]
    header += ["best epoch", "minutes"]
    return markdown_table(header, [_run_row(result) for result in summary.results])


def type_names(metrics: Mapping[str, object], task: str) -> list[str]:
    """
    The types that metrics are of, in alphabetical order.

    # Parameters

    metrics : `Mapping[str, object]`
        By AllenNLP's names.
    task : `str`
        `"entity"` or `"relation"`.
    """
    found = (re.fullmatch(f"_{task}_(.+)_f1", name, re.DOTALL) for name in metrics)
    return sorted({match[1] for match in found if match} - _NOT_TYPES)


def p_value(value: float) -> str:
    """With three decimals, or with one digit where these would be zeros."""
    return f"{value:.3f}" if value >= 0.001 else f"{value:.1g}"


def percent(statistic: Optional[Statistic]) -> str:
    """Mean ± standard deviation in per cent, with one decimal; a dash where there is nothing."""
    if statistic is None:
        return _NOTHING
    mean = f"{100 * statistic.mean:.1f}"
    if statistic.standard_deviation is None:
        return mean
    return f"{mean} ± {100 * statistic.standard_deviation:.1f}"


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells as Markdown, without a line break at its end."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _run_row(result: RunResult) -> list[str]:
    scores = []
    for split, column in _RUN_COLUMNS:
        value = result.metrics(split).get(COLUMNS[column])
        scores.append(_NOTHING if value is None else f"{100 * value:.1f}")
    best = _NOTHING if result.best_epoch is None else str(result.best_epoch + 1)
    epochs = f"{best} of {result.num_epochs}"
    return [str(result.number), *scores, epochs, f"{result.training_seconds / 60:.1f}"]


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
    test_data = ", ".join(f"`{each}`" for each in summary.test_data)
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
