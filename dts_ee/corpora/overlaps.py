"""
Removing entities that overlap others.
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
    Finds the entities to remove so that the others do not overlap.

    # Parameters

    document : `Document`
        The document.
    rank : `Callable[[int], Any]`
        A key to sort the indices of entities by: the first are kept.
    excludes : `Callable[[Entity, Entity], bool]`, optional (default = `Entity.overlaps`)
        Whether an entity that is kept excludes another.

    # Returns

    `dict[int, int]`
        From the index of each entity to remove, in the order of their ranks, to the index of the
        first kept entity that excludes it.
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
    """The document without the entities at some indices, and without their relations."""
    kept = [index for index in range(len(document.entities)) if index not in excluded]
    new_indices = {index: new_index for new_index, index in enumerate(kept)}
    return replace(
        document,
        entities=tuple(document.entities[index] for index in kept),
        relations=tuple(
            replace(relation, head=new_indices[relation.head], tail=new_indices[relation.tail])
            for relation in document.relations
            if relation.head in new_indices and relation.tail in new_indices
        ),
    )
