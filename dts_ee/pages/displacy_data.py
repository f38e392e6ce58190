"""
A document as the data that spaCy's displaCy draws.
"""

from typing import Any, Collection, Optional

from dts_ee.document import Document, Relation, document_method


@document_method("to_displacy")
def to_displacy(document: Document) -> dict[str, Any]:
    """
    What `displacy.render(…, manual=True)` takes in each of its styles: `ent`, `span` (where
    entities overlap) and `dep` (relations as arcs from head to tail).

    Registered as a method of `Document` with name `"to_displacy"`.

    displaCy escapes the text, but not the types: escape the
    types of documents from others before putting them into a page, as `allennlp render` does.

    # Parameters

    document : `Document`
        The document.

    # Returns

    `dict[str, Any]`
        `text` and `ents` for the style `ent`; `tokens` and `spans` for `span`; `words` and `arcs`
        for `dep`, as `arcs_between` returns them for all entities; one word without entities.
    """
    entities = document.entities
    spans = [document.character_span(entity.start, entity.end) for entity in entities]
    text = " ".join(document.tokens) if document.text is None else document.text
    words, arcs = arcs_between(document, range(len(entities)))
    return {
        "text": text,
        "ents": [
            {"start": start, "end": end, "label": entity.type}
            for (start, end), entity in sorted(
                zip(spans, entities, strict=True), key=lambda pair: pair[0]
            )
        ],
        "tokens": list(document.tokens),
        "spans": [
            {"start_token": entity.start, "end_token": entity.end, "label": entity.type}
            for entity in entities
        ],
        # displaCy needs at least one word.
        "words": words or [{"text": text, "tag": ""}],
        "arcs": arcs,
    }


def arcs_between(
    document: Document, indices: Collection[int]
) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """
    The relations as arcs from head to tail, over entities.

    Each entity is one word, in the order of the sentence, even if entities overlap. The tokens
    between two entities are another word, unless they are punctuation.

    # Parameters

    document : `Document`
        The document.
    indices : `Collection[int]`
        The indices of the entities to show, including those of all relations.

    # Returns

    `tuple[list[dict[str, str]], list[dict[str, Any]]]`
        displaCy's words and arcs.
    """
    words: list[dict[str, str]] = []
    positions: dict[int, int] = {}
    end: Optional[int] = None
    for index in sorted(indices, key=lambda index: document.entities[index].span):
        entity = document.entities[index]
        between = "" if end is None else " ".join(document.tokens[end : entity.start])
        # All words are equally wide, which is too much for a comma.
        if any(character.isalnum() for character in between):
            words.append({"text": between, "tag": ""})
        positions[index] = len(words)
        words.append({"text": document.entity_text(entity), "tag": entity.type})
        end = entity.end if end is None else max(end, entity.end)
    arcs = []
    for relation in document.relations:
        head, tail = positions[relation.head], positions[relation.tail]
        arcs.append(
            {
                "start": min(head, tail),
                "end": max(head, tail),
                "dir": "right" if head < tail else "left",
                "label": _label(relation),
            }
        )
    return words, arcs


def _label(relation: Relation) -> str:
    """The type, with the probability if there is one."""
    if relation.probability is None:
        return relation.type
    return f"{relation.type} {relation.probability:.2f}"
