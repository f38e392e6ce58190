"""
What `compare` prints and writes.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from dts_ee.analysis.table import Cell, Row, Table
from dts_ee.corpora.files import open_atomically
from dts_ee.corpora.spert import document_to_json
from dts_ee.metrics import MetricKey
from dts_ee.runs.comparison import Experiment, Flip, flips, p_values
from dts_ee.runs.run_folder import FOLD
from dts_ee.runs.summary import Statistic
from dts_ee.runs.tables import difference_cell, statistic_cell
from dts_ee.tasks import TASKS


def comparison_table(experiments: Sequence[Experiment], num_shuffles: int) -> Table:
    """
    The F1 of each experiment in per cent, mean ± standard deviation over its runs, and the
    difference of each further experiment from the first with its p-value.
    """
    first, *others = experiments
    columns = {task.heading(key): key for task in TASKS.values() for key in task.compared_columns}
    f1_of = {experiment.name: _f1s(experiment, columns.values()) for experiment in experiments}
    rows: list[Row] = [
        [
            Cell(experiment.name, {"experiment": experiment.name}),
            len(experiment.runs),
            *(statistic_cell(f1) for f1 in f1_of[experiment.name].values()),
        ]
        for experiment in experiments
    ]
    for other in others:
        name = f"{other.name} − {first.name}"
        p_value_of = p_values(first, other, num_shuffles)
        differences = [
            difference_cell(
                f1.mean - f1_of[first.name][key].mean,
                p_value_of[key.task] if key == TASKS[key.task].micro else None,
            )
            for key, f1 in f1_of[other.name].items()
        ]
        rows.append([Cell(name, {"experiment": name}), Cell("", {"{}": None}), *differences])
    return Table(["", f"{first.kind}s", *columns], rows)


def comparison_note(experiments: Sequence[Experiment], num_shuffles: int) -> str:
    """What the p-values of `comparison_table` are, and which sentences flipped."""
    first, *others = experiments
    test = (
        f"two-sided, paired approximate randomisation over {len(first.sentences)} sentences "
        f"({num_shuffles:,} shuffles; Yeh 2000)"
    )
    if first.kind == FOLD:
        folds = ", ".join(str(run.number) for run in first.runs)
        test += f", those of the folds that all have ({folds}) together."
    else:
        test += ", of a sentence's counts averaged over the seeds."
    parts = [
        f"p: {test} How much {first.kind}s differ is in the standard deviations, not in p.",
        *(flip_counts(first, other, flips(first, other)) for other in others),
    ]
    return "\n\n".join(parts)


def flip_counts(first: Experiment, other: Experiment, flipped: Sequence[Flip]) -> str:
    """A line for each task: how many sentences only one of the two has right."""
    counts = Counter((flip.task, flip.better) for flip in flipped)
    return "\n".join(
        f"{task.title}: {counts[name, other.name]} sentences are right in {other.name} alone, "
        f"{counts[name, first.name]} in {first.name} alone."
        for name, task in TASKS.items()
    )


def write_flips(path: Path, experiments: Sequence[Experiment]) -> None:
    """
    Writes the sentences that flip between the first experiment and each of the others, a JSON
    object a line: the gold document, and the predictions of both experiments' runs.

    # Raises

    `OSError`
        If the file cannot be written.
    """
    first, *others = experiments
    sentences = {experiment.name: experiment.sentences for experiment in experiments}
    with open_atomically(path) as file:
        for other in others:
            for flip in flips(first, other):
                record = {
                    "task": TASKS[flip.task].title,
                    "right": flip.right,
                    "gold": document_to_json(sentences[first.name][flip.sentence][0].gold),
                    "predicted": {
                        name: [
                            document_to_json(prediction.predicted)
                            for prediction in sentences[name][flip.sentence]
                        ]
                        for name in (first.name, other.name)
                    },
                }
                file.write(json.dumps(record, ensure_ascii=False) + "\n")


def _f1s(experiment: Experiment, keys: Iterable[MetricKey]) -> dict[MetricKey, Statistic]:
    scores = experiment.scores()
    return {key: Statistic.of([run[key].f1 for run in scores]) for key in keys}
