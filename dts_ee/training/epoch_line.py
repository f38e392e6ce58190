"""
The line on an epoch, for a training's own process and for progress from its folder.
"""

from datetime import timedelta
from typing import Any, Mapping, Sequence

from dts_ee.metrics.flat_names import metrics_of
from dts_ee.tasks import TASKS, scores_in


def epoch_line(
    number: int, num_epochs: int, metrics: Mapping[str, Any], validation_metrics: Sequence[str]
) -> str:
    """
    Formats an epoch: `epoch 3 of 20: loss 4.21, development NER 81.2 / RE 44.0`.

    # Parameters

    number : `int`
        The epoch, counted from 1.
    num_epochs : `int`
        The maximum number of epochs.
    metrics : `Mapping[str, Any]`
        AllenNLP's metrics of the epoch.
    validation_metrics : `Sequence[str]`
        The names of the metrics that the epoch is chosen by. They are shown for models without
        tasks of `TASKS`.
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
    The main scores, such as `NER 81.2 / RE 44.0`; empty without scores.

    # Parameters

    metrics : `Mapping[str, Any]`
        AllenNLP's metrics.
    prefix : `str`
        The prefix of the metrics' names, such as `"validation_"`.
    validation_metrics : `Sequence[str]`
        The names of the metrics that are shown for models without tasks of `TASKS`.
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
