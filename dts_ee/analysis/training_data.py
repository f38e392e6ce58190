"""
Warnings about training, development and test data.
"""

from collections import Counter
from typing import Dict, Iterable, List, Mapping, Sequence

from dts_ee.characters import in_one_line
from dts_ee.document import Document
from dts_ee.tasks import TASKS, plurals

MIN_EXAMPLES = 5
"""A type with fewer examples in the training data is named in a warning."""

MIN_GOLD_ITEMS = 20
"""With fewer entities and relations a development split is too small to choose an epoch by."""

_NAMES_SHOWN = 8


def count_types(documents: Iterable[Document]) -> Dict[str, Counter]:
    """How many items of each type there are, by the name of their task."""
    counts: Dict[str, Counter] = {name: Counter() for name in TASKS}
    for document in documents:
        for name, task in TASKS.items():
            counts[name].update(type for type, *_ in task.items(document))
    return counts


def new_and_kept_types(
    former: Mapping[str, Sequence[str]], types: Mapping[str, Sequence[str]]
) -> List[str]:
    """
    A line for each task of a model that is trained further, with its new and its kept types.

    # Parameters

    former, types : `Mapping[str, Sequence[str]]`
        The types of the model before and now, by the name of their task.
    """
    lines = []
    for name, names in types.items():
        kept = former.get(name, [])
        new = [type for type in names if type not in kept]
        lines.append(
            f"{name} types: new {_shortened(new) or 'none'}; kept {_shortened(kept) or 'none'}"
        )
    return lines


def warn_of_training_data(
    documents: Sequence[Document], former: Mapping[str, Sequence[str]] = {}
) -> List[str]:
    """
    Warnings about training data, each with what to do.

    # Parameters

    documents : `Sequence[Document]`
        The training data.
    former : `Mapping[str, Sequence[str]]`, optional (default = `{}`)
        The types that the model knew before, by the name of their task.
    """
    warnings = []
    counts = count_types(documents)
    for name, types in former.items():
        missing = [type for type in types if not counts[name][type]]
        if missing:
            warnings.append(
                f"{name} types that the model knows and the training data does not have: "
                f"{_shortened(missing)}; from data without them it learns that there are none: add "
                "annotated sentences with them"
            )
    # Without entities there are no relations: only the first task without items is named.
    lacking = next((name for name in counts if not counts[name] and not former.get(name)), None)
    if lacking is not None:
        warnings.append(
            f"the training data has no {TASKS[lacking].plural}, so the model will find none: "
            f"annotate some{'' if lacking == next(iter(TASKS)) else ' if you want them'}"
        )
    for kind, numbers in counts.items():
        rare = {
            name: number
            for name, number in numbers.items()
            if number < MIN_EXAMPLES and name not in former.get(kind, ())
        }
        if rare:
            warnings.append(
                f"{kind} types with fewer than {MIN_EXAMPLES} training examples, which can hardly "
                f"be learned: {_listed(rare)}; annotate more of them, or join them with others"
            )
    return warnings


def warn_of_unseen_types(
    training: Mapping[str, Iterable[str]], documents: Sequence[Document], name: str
) -> List[str]:
    """
    Warnings about types in evaluated data that the training data does not have.

    # Parameters

    training : `Mapping[str, Iterable[str]]`
        The types that the model was trained on, by the name of their task.
    documents : `Sequence[Document]`
        The evaluated data.
    name : `str`
        What the data is called, such as `"development data"`.
    """
    warnings = []
    counts = count_types(documents)
    for kind, types in training.items():
        numbers, plural, known = counts[kind], TASKS[kind].plural, sorted(set(types))
        unseen = {type: number for type, number in numbers.items() if type not in known}
        if unseen and known:
            warnings.append(
                f"{kind} types in the {name} that the model was not trained on: {_listed(unseen)}; "
                f"{sum(unseen.values())} of {sum(numbers.values())} gold {plural} count as "
                f"missed: rename them to types that it knows ({_shortened(known)}), or train with "
                "them"
            )
        elif unseen:
            warnings.append(
                f"the {name} has {sum(unseen.values())} gold {plural}, but the model finds "
                "none: it was trained without any; train with some"
            )
    return warnings


def warn_of_development_data(documents: Sequence[Document]) -> List[str]:
    """
    A warning about a development split that is too small to choose an epoch by, or none.

    # Parameters

    documents : `Sequence[Document]`
        The development data.
    """
    number = sum(sum(numbers.values()) for numbers in count_types(documents).values())
    if number >= MIN_GOLD_ITEMS:
        return []
    return [
        f"the development data has {number} gold {plurals()}, fewer than "
        f"{MIN_GOLD_ITEMS}: too few to choose an epoch by, so the last one is taken; add "
        "sentences, or train on these too, without development data"
    ]


def _listed(numbers: Mapping[str, int]) -> str:
    return _shortened([f"{type} ({number})" for type, number in sorted(numbers.items())])


def _shortened(names: Sequence[str]) -> str:
    shown = [in_one_line(name) for name in names[:_NAMES_SHOWN]]
    if len(names) > _NAMES_SHOWN:
        shown.append(f"and {len(names) - _NAMES_SHOWN} more")
    return ", ".join(shown)
