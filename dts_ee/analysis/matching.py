"""
Matching predicted entities and relations with gold ones, and the kinds of errors.
"""

from dataclasses import dataclass
from typing import Callable, NamedTuple, Optional, Sequence, TypeVar

from dts_ee.corpora.predictions import Prediction
from dts_ee.document import Document, Entity
from dts_ee.tasks import ENTITIES, RELATIONS, Task

RIGHT = "right"
WRONG_TYPE = "wrong type"
WRONG_ENTITY_TYPE = "wrong entity type"
WRONG_BOUNDARY = "wrong boundary"
WRONG_DIRECTION = "wrong direction"
MISSED = "missed"
SPURIOUS = "spurious"

ENTITY_ERRORS = (MISSED, SPURIOUS, WRONG_TYPE, WRONG_BOUNDARY)
"""The kinds of errors that `match_entities` knows."""

RELATION_ERRORS = (
    MISSED,
    SPURIOUS,
    WRONG_TYPE,
    WRONG_ENTITY_TYPE,
    WRONG_BOUNDARY,
    WRONG_DIRECTION,
)
"""The kinds of errors that `match_relations` knows."""

ITEM_ERRORS = (MISSED, SPURIOUS, WRONG_TYPE)
"""The kinds of errors that `match_items` knows."""


@dataclass(frozen=True)
class Match:
    """
    A gold item and the predicted item that is matched with it, or one of them alone.

    # Parameters

    kind : `str`
        `"right"`, or what is wrong.
    gold : `int`, optional
        The index of the gold item in its document; `None` for a spurious item.
    predicted : `int`, optional
        The index of the predicted item; `None` for a missed item.
    """

    kind: str
    gold: Optional[int]
    predicted: Optional[int]


class _Triple(NamedTuple):
    """A relation with its entities."""

    type: str
    head: Entity
    tail: Entity


Item = TypeVar("Item")
Closeness = Callable[[Item, Item], float]
"""How well a predicted item (the second) matches a gold item; 0 if it does not."""


def match_entities(prediction: Prediction) -> list[Match]:
    """
    Pairs each gold entity with at most one predicted entity, and the other way round.

    First those with the same span and type are `"right"`. Of the others, those with the same span
    have the `"wrong type"`; then those that share a token have the `"wrong boundary"`, of any type:
    those of the same type are paired before others, and those that share more of their tokens
    before those that share less. The others are `"missed"` or `"spurious"`. The right entities are
    exactly those that the metric `entity_f1` counts.

    # Returns

    `list[Match]`
        Every gold and every predicted entity once: the gold ones in their order, then the spurious
        ones.
    """
    return _matches(
        prediction.gold.entities,
        prediction.predicted.entities,
        (
            (RIGHT, lambda gold, predicted: float(gold == predicted)),
            (WRONG_TYPE, lambda gold, predicted: float(gold.span == predicted.span)),
            (WRONG_BOUNDARY, _entity_closeness),
        ),
    )


def match_relations(prediction: Prediction) -> list[Match]:
    """
    Pairs each gold relation with at most one predicted relation, and the other way round.

    First those that agree under the strict protocol are `"right"`: exactly those that the metric
    `relation_f1` counts. Of the others, in this order:

    - `"wrong entity type"`: type and spans are the same, but an entity's type differs;
    - `"wrong direction"`: the type is the same, and the spans of head and tail are swapped;
    - `"wrong type"`: the spans are the same;
    - `"wrong boundary"`: the type is the same, the two heads share a token, and so do the tails;
    - `"missed"` and `"spurious"`: what is left.

    # Returns

    `list[Match]`
        Every gold and every predicted relation once: the gold ones in their order, then the
        spurious ones.
    """
    return _matches(
        _triples(prediction.gold),
        _triples(prediction.predicted),
        (
            (RIGHT, lambda gold, predicted: float(gold == predicted)),
            (
                WRONG_ENTITY_TYPE,
                lambda gold, predicted: float(
                    gold.type == predicted.type and _spans(gold) == _spans(predicted)
                ),
            ),
            (
                WRONG_DIRECTION,
                lambda gold, predicted: float(
                    gold.type == predicted.type and _spans(gold) == _spans(predicted)[::-1]
                ),
            ),
            (WRONG_TYPE, lambda gold, predicted: float(_spans(gold) == _spans(predicted))),
            (WRONG_BOUNDARY, _relation_closeness),
        ),
    )


def match_items(task: Task, prediction: Prediction) -> list[Match]:
    """
    Pairs each gold item of any task with at most one predicted item, and the other way round.

    First those that agree under the strict protocol are `"right"`. Of the others, those that agree
    except for their types have the `"wrong type"`. The others are `"missed"` or `"spurious"`.

    # Returns

    `list[Match]`
        Every gold and every predicted item once, by their indices in `Task.items`: the gold ones
        first, then the spurious ones.
    """
    return _matches(
        task.items(prediction.gold),
        task.items(prediction.predicted),
        (
            (RIGHT, lambda gold, predicted: float(gold == predicted)),
            (WRONG_TYPE, lambda gold, predicted: float(gold[1:] == predicted[1:])),
        ),
    )


@dataclass(frozen=True)
class Matching:
    """
    How the predictions of a task are matched.

    # Parameters

    match : `Callable[[Prediction], list[Match]]`
        The matches of a document.
    types : `Callable[[Document], list[str]]`
        The types of a document's items, in the order of the matches' indices.
    errors : `tuple[str, ...]`
        The kinds of errors.
    apart : `tuple[str, ...]`, optional (default = `()`)
        The kinds that have their own row and column in a confusion matrix.
    """

    match: Callable[[Prediction], list[Match]]
    types: Callable[[Document], list[str]]
    errors: tuple[str, ...]
    apart: tuple[str, ...] = ()


def matching_of(task: Task) -> Matching:
    """How a task's predictions are matched; by default with `match_items`."""
    return _MATCHINGS.get(task.name) or Matching(
        lambda prediction: match_items(task, prediction),
        lambda document: [type for type, *_ in task.items(document)],
        ITEM_ERRORS,
    )


_MATCHINGS = {
    ENTITIES.name: Matching(
        match_entities,
        lambda document: [entity.type for entity in document.entities],
        ENTITY_ERRORS,
        (WRONG_BOUNDARY,),
    ),
    RELATIONS.name: Matching(
        match_relations,
        lambda document: [relation.type for relation in document.relations],
        RELATION_ERRORS,
        (WRONG_BOUNDARY, WRONG_DIRECTION),
    ),
}


def _matches(
    gold: Sequence[Item],
    predicted: Sequence[Item],
    stages: Sequence[tuple[str, Closeness[Item]]],
) -> list[Match]:
    matched: dict[int, Match] = {}
    unmatched = dict(enumerate(predicted))
    for kind, closeness in stages:
        fits = []
        for i, gold_item in enumerate(gold):
            if i not in matched:
                fits += [
                    (-fit, i, j)
                    for j, predicted_item in unmatched.items()
                    if (fit := closeness(gold_item, predicted_item)) > 0
                ]
        for _, i, j in sorted(fits):
            if i not in matched and j in unmatched:
                matched[i] = Match(kind, i, j)
                del unmatched[j]
    of_gold = [matched.get(i, Match(MISSED, i, None)) for i in range(len(gold))]
    return of_gold + [Match(SPURIOUS, None, j) for j in unmatched]


def _entity_closeness(gold: Entity, predicted: Entity) -> float:
    shared = min(gold.end, predicted.end) - max(gold.start, predicted.start)
    if shared <= 0:
        return 0.0
    whole = max(gold.end, predicted.end) - min(gold.start, predicted.start)
    return shared / whole + float(gold.type == predicted.type)


def _relation_closeness(gold: _Triple, predicted: _Triple) -> float:
    heads = _entity_closeness(gold.head, predicted.head)
    tails = _entity_closeness(gold.tail, predicted.tail)
    return heads + tails if gold.type == predicted.type and heads and tails else 0.0


def _triples(document: Document) -> list[_Triple]:
    entities = document.entities
    return [
        _Triple(relation.type, entities[relation.head], entities[relation.tail])
        for relation in document.relations
    ]


def _spans(triple: _Triple) -> tuple[tuple[int, int], tuple[int, int]]:
    return triple.head.span, triple.tail.span
