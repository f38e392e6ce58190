"""
What `compare` prints and writes.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev

from dts_ee.corpora.files import open_atomically
from dts_ee.corpora.spert import document_to_json
from dts_ee.runs.comparison import Experiment, Flip, flips, p_values
from dts_ee.runs.run_folder import FOLD
from dts_ee.runs.tables import p_value
from dts_ee.tasks import TASKS


def comparison_table(experiments: Sequence[Experiment], num_shuffles: int) -> str:
    """
    Markdown: the F1 of each experiment in per cent, mean ± standard deviation over its runs, and
    the difference of each further experiment from the first with its p-value.
    """
    kind = experiments[0].kind
    columns = {task.heading(key): key for task in TASKS.values() for key in task.compared_columns}
    lines = [_row("", f"{kind}s", *columns), _row(*["---"] * (len(columns) + 2))]
    first, *others = experiments
    scores = {experiment.name: experiment.scores() for experiment in experiments}
    for experiment in experiments:
        cells = [
            _mean_and_deviation([100 * run[key].f1 for run in scores[experiment.name]])
            for key in columns.values()
        ]
        lines.append(_row(experiment.name, str(len(experiment.runs)), *cells))
    for other in others:
        p_value_of = p_values(first, other, num_shuffles)
        cells = []
        for key in columns.values():
            first_mean, other_mean = (
                100 * mean(run[key].f1 for run in scores[name]) for name in (first.name, other.name)
            )
            cell = f"{other_mean - first_mean:+.1f}"
            if key == TASKS[key.task].micro:
                cell += f" (p = {p_value(p_value_of[key.task])})"
            cells.append(cell)
        lines.append(_row(f"{other.name} − {first.name}", "", *cells))
    test = (
        f"two-sided, paired approximate randomisation over {len(first.sentences)} sentences "
        f"({num_shuffles:,} shuffles; Yeh 2000)"
    )
    if kind == FOLD:
        folds = ", ".join(str(run.number) for run in first.runs)
        test += f", those of the folds that all have ({folds}) together."
    else:
        test += ", of a sentence's counts averaged over the seeds."
    lines += ["", f"p: {test} How much {kind}s differ is in the standard deviations, not in p."]
    return "\n".join(lines)


def flip_counts(first: Experiment, other: Experiment, flipped: Sequence[Flip]) -> str:
    """A line for each task: how many sentences only one of the two has right."""
    counts = Counter((flip.task, flip.better) for flip in flipped)
    return "\n".join(
        f"{task.title}: {counts[name, other.name]} sentences are right in {other.name} alone, "
        f"{counts[name, first.name]} in {first.name} alone."
        for name, task in TASKS.items()
    )


def write_flips(path: Path, experiments: Sequence[Experiment]) -> int:
    """
    Writes the sentences that flip between the first experiment and each of the others, a JSON
    object a line: the gold document, and the predictions of both experiments' runs.

    # Returns

    `int`
        How many there are.

    # Raises

    `OSError`
        If the file cannot be written.
    """
    first, *others = experiments
    number = 0
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
                number += 1
    return number


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _mean_and_deviation(values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{mean(values):.1f} ± {stdev(values):.1f}"
