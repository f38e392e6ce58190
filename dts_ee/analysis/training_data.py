"""
What is to be said of training, development and test data before a model is trained on them.
"""

from collections import Counter
from typing import Dict, Iterable, List, Mapping, Sequence

from dts_ee.document import Document

MIN_EXAMPLES = 5
"""A type with fewer examples in the training data is named in a warning."""

MIN_GOLD_ITEMS = 20
"""With fewer entities and relations a development split says nothing about an epoch."""

PLURALS = {"entity": "entities", "relation": "relations"}
"""What is counted, by its kind."""

_NAMES_SHOWN = 8


def count_types(documents: Iterable[Document]) -> Dict[str, Counter]:
    """The number of entities and of relations of each type, by `"entity"` and `"relation"`."""
    counts: Dict[str, Counter] = {"entity": Counter(), "relation": Counter()}
    for document in documents:
        counts["entity"].update(entity.type for entity in document.entities)
        counts["relation"].update(relation.type for relation in document.relations)
    return counts


def num_gold_items(documents: Iterable[Document]) -> int:
    """How many entities and relations there are."""
    return sum(len(document.entities) + len(document.relations) for document in documents)


def warn_of_training_data(documents: Sequence[Document]) -> List[str]:
    """
    Warnings about training data, each with what to do.

    # Parameters

    documents : `Sequence[Document]`
        The training data.
    """
    warnings = []
    counts = count_types(documents)
    if not counts["entity"]:
        warnings.append(
            "the training data has no entities, so that the model will find none: annotate some"
        )
    elif not counts["relation"]:
        warnings.append(
            "the training data has no relations, so that the model will find none: annotate some "
            "if you want them"
        )
    for kind, numbers in counts.items():
        rare = {name: number for name, number in numbers.items() if number < MIN_EXAMPLES}
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
        The types that the model was trained on, by `"entity"` and `"relation"`.
    documents : `Sequence[Document]`
        The evaluated data.
    name : `str`
        What it is, such as `"development data"`.
    """
    warnings = []
    for kind, numbers in count_types(documents).items():
        known = sorted(set(training[kind]))
        unseen = {type: number for type, number in numbers.items() if type not in known}
        if unseen and known:
            warnings.append(
                f"{kind} types in the {name} that the model was not trained on: {_listed(unseen)}; "
                f"{sum(unseen.values())} of {sum(numbers.values())} gold {PLURALS[kind]} count as "
                f"missed: rename them to types that it knows ({_shortened(known)}), or train with "
                "them"
            )
        elif unseen:
            warnings.append(
                f"the {name} has {sum(unseen.values())} gold {PLURALS[kind]}, but the model finds "
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
    number = num_gold_items(documents)
    if number >= MIN_GOLD_ITEMS:
        return []
    return [
        f"the development data has {number} gold entities and relations, fewer than "
        f"{MIN_GOLD_ITEMS}: too few to choose an epoch by, so that the last one is taken; put more "
        "sentences there, or train on these too and do without development data"
    ]


def _listed(numbers: Mapping[str, int]) -> str:
    return _shortened([f"{type} ({number})" for type, number in sorted(numbers.items())])


def _shortened(names: Sequence[str]) -> str:
    shown = list(names[:_NAMES_SHOWN])
    if len(names) > _NAMES_SHOWN:
        shown.append(f"and {len(names) - _NAMES_SHOWN} more")
    return ", ".join(shown)
