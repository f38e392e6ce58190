"""Removes overlapping entities, which a sequence of tags cannot express."""

from dts_ee.corpora.overlaps import find_excluded, without_entities
from dts_ee.document import Document, DocumentError, Entity

OVERLAP_POLICIES = ("error", "longest", "first")


def resolve_overlaps(document: Document, on_overlap: str, tag_sequences: str = "one") -> Document:
    """
    Removes the entities that overlap an entity which is kept, and their relations.

    # Parameters

    document : `Document`
        The document. It is returned unchanged if no entities overlap.
    on_overlap : `str`
        `"longest"` keeps the entity with the most tokens, and of several the first. `"first"` keeps
        the entity that starts first, and of several the longest. Ties are decided by the order in
        the document. `"error"` raises an error.
    tag_sequences : `str`, optional (default = `"one"`)
        With `"per_type"`, entities of different types may overlap.

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
            'set `on_overlap` of the dataset reader to "longest" or "first" to leave one of them '
            "out of the tags (it still counts as missed in evaluation)",
            ("entities", index),
            document.id,
        )
    return without_entities(document, excluded)


def _describe(document: Document, entity: Entity) -> str:
    return (
        f"{entity.type} {document.entity_text(entity)!r} (tokens {entity.start} to {entity.end}, "
        "exclusive)"
    )
