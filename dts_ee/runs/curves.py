"""
Pictures of several runs' results, drawn by matplotlib.
"""

import os
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Any, Mapping, Sequence

from dts_ee.metrics import MetricKey
from dts_ee.metrics.flat_names import metrics_of
from dts_ee.runs.run_folder import Run
from dts_ee.runs.summary import TEST, Statistic, Summary
from dts_ee.runs.tables import types_of
from dts_ee.tasks import TASKS, scores_in

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_COLOURS = ("#3b6ea5", "#b8652a", "#4d8a57", "#85569c")
"""The colours of the tasks, in the order of `TASKS`."""

_DOTS_PER_INCH = 120


def draw_learning_curves(path: Path, epochs: Mapping[Run, Sequence[Mapping[str, Any]]]) -> bool:
    """
    Draws the strict micro F1 of each task on the development split by epoch.

    There is a line for each run, and where there are several, one for the mean of those that
    reached the epoch.

    # Parameters

    path : `Path`
        The PNG file to write.
    epochs : `Mapping[Run, Sequence[Mapping[str, Any]]]`
        AllenNLP's metrics of each epoch, by run.

    # Returns

    `bool`
        Whether there was anything to draw: without a development split there is not.
    """
    curves = {}
    for name, task in TASKS.items():
        by_run = {run: _curve(metrics, task.micro) for run, metrics in epochs.items()}
        if any(by_run.values()):
            curves[name] = by_run
    if not curves:
        path.unlink(missing_ok=True)
        return False
    figure = _figure(5 * len(curves), 4)
    subplots = figure.subplots(1, len(curves), squeeze=False)[0]
    for axes, (name, by_run) in zip(subplots, curves.items(), strict=True):
        _draw_curves(axes, by_run, _colour(name))
        axes.set_title(f"{TASKS[name].title}, strict micro F1, development")
    _save(figure, path)
    return True


def draw_types(path: Path, summary: Summary) -> bool:
    """
    Draws the F1 of each type of each task on the test split.

    A bar is the mean over the runs. Where there are several, the line on it reaches one standard
    deviation to each side.

    # Parameters

    path : `Path`
        The PNG file to write.
    summary : `Summary`
        The results.

    # Returns

    `bool`
        Whether there was anything to draw.
    """
    scores = summary.scores(TEST)
    types = {task: types_of(scores, task) for task in TASKS}
    num_types = sum(map(len, types.values()))
    if num_types == 0:
        path.unlink(missing_ok=True)
        return False
    figure = _figure(8, 1.2 + 0.35 * num_types)
    axes = figure.subplots()
    several = len(summary.results) > 1
    names: list[str] = []
    for task, task_types in types.items():
        bars = [scores[MetricKey(task, type=type)].f1 for type in task_types]
        # By number: a type of entities and one of relations may have the same name.
        axes.barh(
            range(len(names), len(names) + len(bars)),
            [100 * bar.mean for bar in bars],
            # None is a bar without such a line.
            xerr=[100 * (bar.standard_deviation or 0.0) for bar in bars] if several else None,
            color=_colour(task),
            capsize=3,
            label=TASKS[task].title,
        )
        names += task_types
    axes.set_yticks(range(num_types), [_plain(name) for name in names])
    axes.invert_yaxis()
    axes.set_xlim(0, 100)
    axes.set_xlabel("strict F1 in per cent, test split")
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    figure.legend(loc="outside upper right", ncols=2)
    _save(figure, path)
    return True


def draw_curve(path: Path, curves: Mapping[str, Sequence[tuple[int, Statistic]]]) -> None:
    """
    Draws F1 on the test data by the number of training sentences, which is drawn on a scale of
    doublings. The line on a point reaches one standard deviation to each side.

    # Parameters

    path : `Path`
        The PNG file to write.
    curves : `Mapping[str, Sequence[tuple[int, Statistic]]]`
        Of each task, by its name, the sizes with their F1, between 0 and 1.
    """
    figure = _figure(6, 4)
    axes = figure.subplots()
    for task, points in curves.items():
        axes.errorbar(
            [size for size, _ in points],
            [100 * score.mean for _, score in points],
            yerr=[100 * (score.standard_deviation or 0.0) for _, score in points],
            marker="o",
            capsize=3,
            color=_colour(task),
            label=TASKS[task].title,
        )
    sizes = sorted({size for points in curves.values() for size, _ in points})
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.set_xlabel("training sentences")
    axes.set_ylabel("strict micro F1 in per cent, test data")
    axes.set_ylim(0, 100)
    axes.grid(alpha=0.3)
    axes.legend(loc="upper left")
    _save(figure, path)


def draw_reliability(
    path: Path, curves: Mapping[str, Mapping[str, Sequence[tuple[float, float]]]]
) -> None:
    """
    Draws how often candidates of about the same probability are right.

    # Parameters

    path : `Path`
        The PNG file to write.
    curves : `Mapping[str, Mapping[str, Sequence[tuple[float, float]]]]`
        By the title of each panel and the name of each line in it: mean probability and share that
        is right, each between 0 and 1, by bin.
    """
    figure = _figure(4.5 * len(curves), 4.2)
    subplots = figure.subplots(1, len(curves), squeeze=False)[0]
    for axes, (title, lines) in zip(subplots, curves.items(), strict=True):
        axes.plot([0, 100], [0, 100], color="grey", linestyle=":", label="calibrated")
        for name, points in lines.items():
            shares = [(100 * mean, 100 * right) for mean, right in points]
            axes.plot(*zip(*shares) if shares else ([], []), marker="o", label=name)
        axes.set_title(title)
        axes.set_xlabel("probability in per cent")
        axes.set_ylabel("right in per cent")
        axes.grid(alpha=0.3)
        axes.legend(loc="upper left")
    _save(figure, path)


def _curve(epochs: Sequence[Mapping[str, Any]], key: MetricKey) -> list[float]:
    scores = [scores_in(metrics_of(epoch, "validation_")) for epoch in epochs]
    return [100 * epoch[key].f1 for epoch in scores if key in epoch]


def _colour(task: str) -> str:
    return _COLOURS[list(TASKS).index(task) % len(_COLOURS)]


def _draw_curves(axes: "Axes", by_run: Mapping[Run, Sequence[float]], colour: str) -> None:
    for run, curve in by_run.items():
        numbers = range(1, len(curve) + 1)
        axes.plot(numbers, curve, linewidth=1, alpha=0.6, label=str(run))
    longest = max(len(curve) for curve in by_run.values())
    means = [
        statistics.fmean(curve[i] for curve in by_run.values() if i < len(curve))
        for i in range(longest)
    ]
    if len(by_run) > 1:
        axes.plot(range(1, longest + 1), means, color=colour, linewidth=2.5, label="mean")
    axes.set_xlabel("epoch")
    axes.set_ylabel("per cent")
    axes.locator_params(axis="x", integer=True)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")


def _plain(text: str) -> str:
    # A pair of dollar signs would be read as a formula.
    return text.replace("$", r"\$")


def _figure(width: float, height: float) -> "Figure":
    # Importing it takes a while. Without pyplot there is no window and no state to clean up.
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: "Figure", path: Path) -> None:
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        figure.savefig(partial, format="png", dpi=_DOTS_PER_INCH)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
