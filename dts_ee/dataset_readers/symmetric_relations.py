"""Relations whose direction has no meaning, in gold documents."""

from dataclasses import replace
from typing import Collection, Dict, Tuple

from dts_ee.document import Document, Relation

SYMMETRIC_NAMESPACE = "symmetric_relation_labels"
"""The vocabulary's namespace for the types of relations whose direction has no meaning."""


def heads_first(document: Document, types: Collection[str]) -> Document:
    """
    The document with the head of each relation of some types before its tail.

    # Parameters

    document : `Document`
        The document. It is returned unchanged if that is so already.
    types : `Collection[str]`
        Relation types whose direction has no meaning. If a document has such a relation in both
        directions, the first of them is kept.
    """
    entities = document.entities
    relations: Dict[Tuple[str, int, int], Relation] = {}
    for relation in document.relations:
        if (
            relation.type in types
            and entities[relation.tail].position < entities[relation.head].position
        ):
            relation = replace(relation, head=relation.tail, tail=relation.head)
        relations.setdefault((relation.type, relation.head, relation.tail), relation)
    ordered = tuple(relations.values())
    return document if ordered == document.relations else replace(document, relations=ordered)
