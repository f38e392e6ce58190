"""
A learning curve as a table and as a picture, and whether more annotation pays.
"""

from pathlib import Path
from statistics import fmean
from typing import Optional, Sequence

from dts_ee.analysis.table import Table
from dts_ee.corpora.files import open_atomically
from dts_ee.runs.curves import draw_curve
from dts_ee.runs.learning_curve import CurvePoint, Gain
from dts_ee.runs.tables import statistic_cell
from dts_ee.tasks import TASKS, plurals

WORTHWHILE = 0.01
"""A gain in F1 for a doubling of the sentences that is worth annotating them."""

PICTURE_NAME = "learning_curve.png"


def write_learning_curve(directory: Path, points: Sequence[CurvePoint]) -> None:
    """
    Writes `learning_curve.md`, `.csv` and `.png` into the folder of a learning curve.

    # Parameters

    directory : `Path`
        The folder.
    points : `Sequence[CurvePoint]`
        The sizes that are finished, from the smallest to the largest; at least one.
    """
    summary, table = points[0].summary, learning_curve_table(points)
    missing = [
        f"- {point.size} sentences, draw {draw}: {why}"
        for point in points
        for draw, why in point.summary.missing.items()
    ]
    parts = [
        f"# {summary.config}: learning curve",
        "Strict micro F1 in per cent on the test data, by the number of training sentences: mean ± "
        "sample standard deviation over random draws of the sentences.",
        f"Test data: {', '.join(f'`{name}`' for name in summary.test_data)}. {summary.date}; "
        f"{summary.machine.processor}, {summary.machine.cores} cores.",
        f"```sh\n{summary.command}\n```",
        table.render(),
        f"![F1 by the number of training sentences]({PICTURE_NAME})",
        advice(points),
    ]
    if missing:
        parts.insert(4, "\n".join(["Not among the figures:", "", *missing]))
    draw_curve(
        directory / PICTURE_NAME,
        {
            name: [(point.size, f1) for point in points if (f1 := point.f1(task.micro)) is not None]
            for name, task in TASKS.items()
        },
    )
    with open_atomically(directory / "learning_curve.md") as file:
        file.write("\n\n".join(parts) + "\n")
    table.write_csv(directory / "learning_curve.csv")


def learning_curve_table(points: Sequence[CurvePoint]) -> Table:
    """The strict micro F1 of each size: mean ± standard deviation, in per cent."""
    titles = [task.strict_title or task.title for task in TASKS.values()]
    return Table(
        ["sentences", "draws", *titles, "minutes a draw"],
        [
            [
                point.size,
                len(point.summary.results),
                *(statistic_cell(point.f1(task.micro)) for task in TASKS.values()),
                _minutes(point),
            ]
            for point in points
        ],
    )


def advice(points: Sequence[CurvePoint]) -> str:
    """
    Whether more annotation pays, in a sentence: by the gain between the two largest sizes.

    # Parameters

    points : `Sequence[CurvePoint]`
        The sizes, from the smallest to the largest.
    """
    finished = [point for point in points if point.summary.results]
    if not finished:
        return "No draw is finished yet."
    if len(finished) < 2:
        return "A single size does not show whether more annotation pays."
    small, large = finished[-2:]
    gains = {
        task.title: gain
        for task in TASKS.values()
        if (gain := Gain.between(small, large, task.micro)) is not None
    }
    if not gains:
        return f"No model was evaluated on {plurals('or')}."
    by_task = {task: _judgement(gain) for task, gain in gains.items()}
    figures = " and ".join(
        f"{task} {100 * gain.for_doubling:+.1f}"
        + ("" if gain.error is None else f" ± {100 * gain.error:.1f}")
        for task, gain in gains.items()
    )
    measured = (
        f"from {small.size} to {large.size} sentences, each doubling of the annotation brought "
        f"{figures} F1 (± standard error)."
    )
    paying = [task for task, judgement in by_task.items() if judgement is True]
    if paying:
        return (
            f"More annotation pays, for {' and '.join(paying)}: {measured} Another doubling, to "
            f"{2 * large.size}, will bring about as much, or somewhat less."
        )
    if all(judgement is False for judgement in by_task.values()):
        return f"More annotation hardly pays: {measured}"
    return (
        f"Whether more annotation pays is not clear yet: {measured} The gain may be due to chance; "
        "more --draws would show it."
    )


def _judgement(gain: Gain) -> Optional[bool]:
    """Whether a doubling pays; `None` if it is not significant, at two standard errors."""
    if gain.error is None:
        return None
    if gain.for_doubling >= WORTHWHILE and gain.for_doubling > 2 * gain.error:
        return True
    if gain.for_doubling + 2 * gain.error < 2 * WORTHWHILE:
        return False
    return None


def _minutes(point: CurvePoint) -> Optional[float]:
    seconds = [result.training_seconds for result in point.summary.results]
    return fmean(seconds) / 60 if seconds else None
