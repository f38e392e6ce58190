"""
Scores as AllenNLP has them: numbers with a name each.

The names are `entity_f1` (strict, micro average), `entity_macro_f1`, `entity_boundaries_f1`,
`entity_boundaries_macro_f1`, and `_entity_Peop_f1` for a type, with `precision` and `recall` in
place of `f1`.

A type with the name of an average or a protocol, `macro` or `boundaries`, has `type_` before its
name: `_entity_type_macro_f1`. So has one that would look like such a type, `type_macro`.
"""

from dataclasses import fields
from functools import cache
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from dts_ee.metrics.counts import Score
from dts_ee.metrics.metric_key import MACRO, MICRO, STRICT, MetricKey, Scores

PARTS = tuple(part.name for part in fields(Score))
"""What a score consists of: `precision`, `recall` and `f1`."""

Protocols = Mapping[str, Sequence[str]]
"""The names of each task's protocols, by the task's name."""

_TYPE = "type_"


def flatten(scores: Scores, protocols: Protocols, underscores: bool = False) -> Dict[str, float]:
    """
    The numbers of scores, by name.

    # Parameters

    scores : `Scores`
        The scores.
    protocols : `Protocols`
        Those of the scores' tasks.
    underscores : `bool`, optional (default = `False`)
        Whether every name but that of the strict micro F1 begins with an underscore, as those of
        single types do. AllenNLP's progress bar, which has one line, leaves these out.

    # Raises

    `ValueError`
        If there is a score of a type under another protocol than `strict`.
    """
    numbers = {}
    for key, score in scores.items():
        if key.type is not None and key.protocol != STRICT:
            raise ValueError(f"there is no name for a score of a type under {key.protocol}")
        averages = _averages(key.task, tuple(protocols[key.task]))
        if key.type is None:
            middle = {average: middle for middle, average in averages.items()}[key]
        else:
            middle = f"{_TYPE if _looks_like_average(key.type, averages) else ''}{key.type}_"
        for part in PARTS:
            matters_most = middle == "" and part == "f1"
            hidden = key.type is not None or (underscores and not matters_most)
            numbers[f"{'_' if hidden else ''}{key.task}_{middle}{part}"] = getattr(score, part)
    return numbers


def unflatten(metrics: Mapping[str, Any], protocols: Protocols) -> Scores:
    """
    The scores among AllenNLP's metrics: those that have precision, recall and F1.

    # Parameters

    metrics : `Mapping[str, Any]`
        By name, with underscores or without, among others such as losses.
    protocols : `Protocols`
        Those of the tasks whose scores are looked for.
    """
    found: Dict[MetricKey, Dict[str, float]] = {}
    for name, number in metrics.items():
        parsed = _parse(name, protocols)
        if parsed is not None:
            key, part = parsed
            found.setdefault(key, {})[part] = number
    return {key: Score(**parts) for key, parts in found.items() if len(parts) == len(PARTS)}


def metrics_of(metrics: Mapping[str, Any], prefix: str) -> Dict[str, Any]:
    """
    AllenNLP's metrics of one split, by their names without what tells the split.

    # Parameters

    metrics : `Mapping[str, Any]`
        All metrics.
    prefix : `str`
        What the names of the split's begin with, such as `"best_validation_"`.
    """
    return {
        name[len(prefix) :]: number for name, number in metrics.items() if name.startswith(prefix)
    }


def check_names(protocols: Protocols) -> None:
    """
    # Raises

    `ValueError`
        If names of scores of these tasks would say two things.
    """
    for task, names in protocols.items():
        if not task or task.startswith("_") or STRICT not in names:
            raise ValueError(f"{task!r} is no name of a task, or has no protocol {STRICT}")
        if len(_averages(task, tuple(names))) < 2 * len(names) or any(
            protocol.startswith(_TYPE) for protocol in names
        ):
            raise ValueError(f"a protocol of {task!r} is called as something else is: {names}")
        for other in protocols:
            if other.startswith(f"{task}_"):
                raise ValueError(
                    f"a task cannot be called {other!r} beside {task!r}: it could be a type of it"
                )


@cache
def _averages(task: str, protocols: Tuple[str, ...]) -> Mapping[str, MetricKey]:
    """The averages of a task, by what stands in their names between task and number."""
    keys = {}
    for protocol in protocols:
        prefix = "" if protocol == STRICT else f"{protocol}_"
        keys[prefix] = MetricKey(task, protocol, average=MICRO)
        keys[f"{prefix}{MACRO}_"] = MetricKey(task, protocol, average=MACRO)
    return keys


def _looks_like_average(type: str, averages: Mapping[str, MetricKey]) -> bool:
    """Whether a type is called as an average is, after any number of `type_`."""
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
