"""
What is said of an epoch, in a training's own process and where its folder is watched.
"""

from datetime import timedelta
from typing import Any, Mapping, Sequence

from dts_ee.metrics.flat_names import metrics_of
from dts_ee.tasks import TASKS, scores_in


def epoch_line(
    number: int, num_epochs: int, metrics: Mapping[str, Any], validation_metrics: Sequence[str]
) -> str:
    """
    How far a training is, and how good: `epoch 3 of 20: loss 4.21, development NER 81.2 / RE 44.0`.

    # Parameters

    number : `int`
        The epoch, counted from 1.
    num_epochs : `int`
        How many there are at most.
    metrics : `Mapping[str, Any]`
        AllenNLP's metrics of the epoch.
    validation_metrics : `Sequence[str]`
        The names of the metrics that the epoch is chosen by, which are shown of models that have
        no task of the table.
    """
    parts = []
    if "training_loss" in metrics:
        parts.append(f"loss {_short(metrics['training_loss'])}")
    development = figures(metrics, "validation_", validation_metrics)
    if development:
        parts.append(f"development {development}")
    return f"epoch {number} of {num_epochs}" + (f": {', '.join(parts)}" if parts else "")


def figures(metrics: Mapping[str, Any], prefix: str, validation_metrics: Sequence[str]) -> str:
    """
    The figures that matter, such as `NER 81.2 / RE 44.0`; nothing where there are none.

    # Parameters

    metrics : `Mapping[str, Any]`
        AllenNLP's metrics.
    prefix : `str`
        What the names of those of the data in question begin with.
    validation_metrics : `Sequence[str]`
        What is shown of models that have no task of the table.
    """
    split = metrics_of(metrics, prefix)
    scores = scores_in(split)
    shown = [
        f"{task.title} {100 * scores[task.micro].f1:.1f}"
        for task in TASKS.values()
        if task.micro in scores
    ] or [f"{name} {_short(split[name])}" for name in validation_metrics if name in split]
    return " / ".join(shown)


def duration(seconds: float) -> str:
    """Hours, minutes and seconds, as `0:01:12`."""
    return str(timedelta(seconds=round(seconds)))


def _short(value: float) -> str:
    return f"{value:.2f}" if abs(value) >= 0.1 or value == 0 else f"{value:#.2g}"
