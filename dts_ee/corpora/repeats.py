"""
Removing repeated entities and relations.
"""

import logging
from dataclasses import replace
from typing import Optional, Sequence

from dts_ee.corpora.corpus import REPEATED_ENTITY, REPEATED_RELATION, Remark
from dts_ee.document import DocumentError, Entity, Field, Relation, check_entity, check_relation

logger = logging.getLogger(__name__)


def without_repeats(
    num_tokens: int,
    entities: Sequence[Entity],
    relations: Sequence[Relation],
    document_id: Optional[str] = None,
) -> tuple[list[Entity], list[Relation], list[Remark]]:
    """
    The entities and the relations of a document, each of them once.

    Entities are the same if they have the same type and span, relations if they have the same type,
    head and tail. The first is kept, with its probability. Relations of an entity that is not kept
    become relations of the entity that is kept.

    # Parameters

    num_tokens : `int`
        How many tokens the document has.
    entities : `Sequence[Entity]`
        The entities, which may be repeated.
    relations : `Sequence[Relation]`
        The relations: `head` and `tail` are indices into `entities`.
    document_id : `str`, optional (default = `None`)
        The document's identifier, for the errors and the remarks.

    # Returns

    `tuple[list[Entity], list[Relation], list[Remark]]`
        The entities and relations that are kept, and a remark on each of the others.

    # Raises

    `DocumentError`
        If an entity or a relation is invalid, or a relation joins an entity with itself. The index
        in its field counts repeated items, too.
    """
    remarks: list[Remark] = []
    kept_entities: list[Entity] = []
    # The index of the kept entity for each entity.
    indices: list[int] = []
    seen: dict[Entity, int] = {}
    for i, entity in enumerate(entities):
        check_entity(entity, num_tokens, ("entities", i), document_id)
        if entity in seen:
            detail = f"{entity.type}, tokens {entity.start} to {entity.end} (exclusive)"
            remarks.append(
                Remark(REPEATED_ENTITY, detail, False, document_id, Field(("entities", i)))
            )
        else:
            seen[entity] = len(kept_entities)
            kept_entities.append(entity)
        indices.append(seen[entity])
    kept_relations: dict[tuple[str, int, int], Relation] = {}
    for i, relation in enumerate(relations):
        field = ("relations", i)
        check_relation(relation, len(entities), field, document_id)
        head, tail = indices[relation.head], indices[relation.tail]
        if head == tail:
            raise DocumentError(
                f"head and tail are the same entity: entities[{relation.head}] and "
                f"entities[{relation.tail}] have the same type and tokens",
                field,
                document_id,
            )
        key = (relation.type, head, tail)
        if key in kept_relations:
            detail = f"{relation.type} from entity {relation.head} to entity {relation.tail}"
            remarks.append(Remark(REPEATED_RELATION, detail, False, document_id, Field(field)))
        kept_relations.setdefault(key, replace(relation, head=head, tail=tail))
    return kept_entities, list(kept_relations.values()), remarks


def warn_of_repeats(remarks: Sequence[Remark], source: Optional[str] = None) -> None:
    """Logs a warning with the number of repeated items in a file, and the first of them."""
    if remarks:
        logger.warning(
            "%srepeated entities and relations are kept once: %d of them, the first is %s",
            f"{source}: " if source else "",
            len(remarks),
            remarks[0],
        )
