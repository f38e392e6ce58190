"""
Converts scores to AllenNLP's flat metrics and back.

The names of the metrics are `entity_f1` (strict, micro average), `entity_macro_f1`,
`entity_boundaries_f1`, `entity_boundaries_macro_f1`, and `_entity_Peop_f1` for a type, with
`precision` and `recall` instead of `f1`.

A type whose name is that of an average or a protocol, such as `macro` or `boundaries`, gets the
prefix `type_`: `_entity_type_macro_f1`. So does a type such as `type_macro`.
"""

from dataclasses import fields
from functools import cache
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from dts_ee.metrics.counts import Score
from dts_ee.metrics.metric_key import MACRO, MICRO, STRICT, MetricKey, Scores

PARTS = tuple(part.name for part in fields(Score))
"""The fields of a score: `precision`, `recall` and `f1`."""

Protocols = Mapping[str, Sequence[str]]
"""The names of each task's protocols, by the task's name."""

_TYPE = "type_"


def flatten(scores: Scores, protocols: Protocols, underscores: bool = False) -> Dict[str, float]:
    """
    Converts scores to metrics by name.

    # Parameters

    scores : `Scores`
        The scores.
    protocols : `Protocols`
        The protocols of the tasks.
    underscores : `bool`, optional (default = `False`)
        Whether all names except that of the strict micro F1 begin with an underscore, as those of
        single types always do. AllenNLP's progress bar leaves these metrics out.

    # Raises

    `ValueError`
        If a score of a type is not of the protocol `strict`.
    """
    metrics = {}
    for key, score in scores.items():
        if key.type is not None and key.protocol != STRICT:
            raise ValueError(
                f"there is no metric name for the score of a type under {key.protocol}"
            )
        averages = _averages(key.task, tuple(protocols[key.task]))
        if key.type is None:
            middle = {average: middle for middle, average in averages.items()}[key]
        else:
            middle = f"{_TYPE if _looks_like_average(key.type, averages) else ''}{key.type}_"
        for part in PARTS:
            is_strict_micro_f1 = middle == "" and part == "f1"
            hidden = key.type is not None or (underscores and not is_strict_micro_f1)
            metrics[f"{'_' if hidden else ''}{key.task}_{middle}{part}"] = getattr(score, part)
    return metrics


def unflatten(metrics: Mapping[str, Any], protocols: Protocols) -> Scores:
    """
    Converts AllenNLP's metrics to scores. Other metrics, such as losses, are ignored.

    # Parameters

    metrics : `Mapping[str, Any]`
        Metrics by name, with underscores or without.
    protocols : `Protocols`
        The protocols of the tasks.
    """
    parts_of: Dict[MetricKey, Dict[str, float]] = {}
    for name, value in metrics.items():
        parsed = _parse(name, protocols)
        if parsed is not None:
            key, part = parsed
            parts_of.setdefault(key, {})[part] = value
    return {key: Score(**parts) for key, parts in parts_of.items() if len(parts) == len(PARTS)}


def metrics_of(metrics: Mapping[str, Any], prefix: str) -> Dict[str, Any]:
    """
    AllenNLP's metrics of one split, by their names without the split's prefix.

    # Parameters

    metrics : `Mapping[str, Any]`
        The metrics of all splits.
    prefix : `str`
        The prefix, such as `"best_validation_"`.
    """
    return {
        name[len(prefix) :]: value for name, value in metrics.items() if name.startswith(prefix)
    }


def check_names(protocols: Protocols) -> None:
    """
    Checks that the metrics of tasks have unique names.

    # Raises

    `ValueError`
        If a name is ambiguous.
    """
    for task, names in protocols.items():
        if not task or task.startswith("_") or STRICT not in names:
            raise ValueError(f"{task!r} is not a valid name of a task, or has no protocol {STRICT}")
        if len(_averages(task, tuple(names))) < 2 * len(names) or any(
            protocol.startswith(_TYPE) for protocol in names
        ):
            raise ValueError(f"a protocol of {task!r} has a name that is taken: {names}")
        for other in protocols:
            if other.startswith(f"{task}_"):
                raise ValueError(
                    f"a task cannot be called {other!r} beside {task!r}: its metrics would have "
                    f"the names of types of {task!r}"
                )


@cache
def _averages(task: str, protocols: Tuple[str, ...]) -> Mapping[str, MetricKey]:
    """The averages of a task, by the part of their names between the task and `f1`."""
    keys = {}
    for protocol in protocols:
        prefix = "" if protocol == STRICT else f"{protocol}_"
        keys[prefix] = MetricKey(task, protocol, average=MICRO)
        keys[f"{prefix}{MACRO}_"] = MetricKey(task, protocol, average=MACRO)
    return keys


def _looks_like_average(type: str, averages: Mapping[str, MetricKey]) -> bool:
    """Whether a type, without any number of prefixes `type_`, has the name of an average."""
    while type.startswith(_TYPE):
        type = type[len(_TYPE) :]
    return f"{type}_" in averages


def _parse(name: str, protocols: Protocols) -> Optional[Tuple[MetricKey, str]]:
    hidden, bare = name.startswith("_"), name[name.startswith("_") :]
    part = bare.rpartition("_")[2]
    task = next((task for task in protocols if bare.startswith(f"{task}_")), None)
    if part not in PARTS or task is None:
        return None
    middle = bare[len(task) + 1 : -len(part)]
    averages = _averages(task, tuple(protocols[task]))
    if middle in averages:
        return averages[middle], part
    if not hidden:
        return None
    type = middle[:-1]
    if type.startswith(_TYPE) and _looks_like_average(type, averages):
        type = type[len(_TYPE) :]
    return MetricKey(task, type=type), part
