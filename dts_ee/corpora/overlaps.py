"""
Leaving out entities that overlap others.
"""

from dataclasses import replace
from typing import Any, Callable, Container

from dts_ee.document import Document, Entity


def find_excluded(
    document: Document,
    rank: Callable[[int], Any],
    excludes: Callable[[Entity, Entity], bool] = Entity.overlaps,
) -> dict[int, int]:
    """
    Which entities have to go for the others not to overlap, and because of which.

    # Parameters

    document : `Document`
        The document.
    rank : `Callable[[int], Any]`
        A key to sort the indices of entities by: the first are kept.
    excludes : `Callable[[Entity, Entity], bool]`, optional (default = `Entity.overlaps`)
        Whether an entity that is kept is in the way of another.

    # Returns

    `dict[int, int]`
        For the index of each entity that has to go, in the order of their ranks, that of the best
        one which is in its way.
    """
    entities = document.entities
    kept: list[int] = []
    excluded: dict[int, int] = {}
    for index in sorted(range(len(entities)), key=rank):
        better = next((i for i in kept if excludes(entities[i], entities[index])), None)
        if better is None:
            kept.append(index)
        else:
            excluded[index] = better
    return excluded


def without_entities(document: Document, excluded: Container[int]) -> Document:
    """The document without some entities, named by their indices, and without their relations."""
    kept = [index for index in range(len(document.entities)) if index not in excluded]
    places = {index: place for place, index in enumerate(kept)}
    return replace(
        document,
        entities=tuple(document.entities[index] for index in kept),
        relations=tuple(
            replace(relation, head=places[relation.head], tail=places[relation.tail])
            for relation in document.relations
            if relation.head in places and relation.tail in places
        ),
    )
