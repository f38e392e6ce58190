"""
What to do with overlapping entities, which a sequence of tags cannot express.
"""

from dts_ee.corpora.overlaps import find_excluded, without_entities
from dts_ee.document import Document, DocumentError, Entity

OVERLAP_POLICIES = ("error", "longest", "first")


def resolve_overlaps(document: Document, on_overlap: str, tag_sequences: str = "one") -> Document:
    """
    The document without the entities that overlap a better one, and without their relations.

    # Parameters

    document : `Document`
        Returned as it is where nothing overlaps.
    on_overlap : `str`
        `"longest"` prefers the entity with the most tokens, then the one that starts first;
        `"first"` the one that starts first, then the longest; what is still equal goes by the
        order in the document. `"error"` raises.
    tag_sequences : `str`, optional (default = `"one"`)
        With one sequence of tags `"per_type"`, only entities of the same type are in each other's
        way.

    # Raises

    `DocumentError`
        If entities overlap and the policy is `"error"`.
    """

    def excludes(better: Entity, entity: Entity) -> bool:
        in_one_sequence = tag_sequences == "one" or better.type == entity.type
        return in_one_sequence and better.overlaps(entity)

    def rank(index: int) -> tuple[int, int, int]:
        entity = document.entities[index]
        length = entity.end - entity.start
        if on_overlap == "longest":
            return -length, entity.start, index
        return entity.start, -length, index

    excluded = find_excluded(document, rank, excludes)
    if not excluded:
        return document
    if on_overlap == "error":
        index, better = next(iter(excluded.items()))
        raise DocumentError(
            f"{_describe(document, document.entities[index])} overlaps "
            f"{_describe(document, document.entities[better])}, which tags cannot express: "
            'set `on_overlap` of the dataset reader to "longest" or "first" to train without '
            "one of them (it still counts as missed in evaluation)",
            ("entities", index),
            document.id,
        )
    return without_entities(document, excluded)


def _describe(document: Document, entity: Entity) -> str:
    return (
        f"{entity.type} {document.entity_text(entity)!r} (tokens {entity.start} to {entity.end}, "
        "exclusive)"
    )
