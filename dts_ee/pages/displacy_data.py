"""
What spaCy's displaCy draws when it is told everything.
"""

from typing import Any, Collection, Optional

from dts_ee.document import Document, Relation, document_method


@document_method("to_displacy")
def to_displacy(document: Document) -> dict[str, Any]:
    """
    What `displacy.render(…, manual=True)` takes in each of its styles: `ent`, `span` (where
    entities overlap) and `dep` (relations as arcs from head to tail).

    Registered as a method of `Document` with name `"to_displacy"`.

    displaCy escapes the text, but not the types: those of a document from elsewhere are not to be
    put into a page as they are. `allennlp render` escapes them.

    # Parameters

    document : `Document`
        The document.

    # Returns

    `dict[str, Any]`
        `text` and `ents` for the style `ent`; `tokens` and `spans` for `span`; `words` and `arcs`
        for `dep`, as `arcs_between` gives them for all entities; one word where there are none.
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
        # displaCy cannot draw no words.
        "words": words or [{"text": text, "tag": ""}],
        "arcs": arcs,
    }


def arcs_between(
    document: Document, indices: Collection[int]
) -> tuple[list[dict[str, str]], list[dict[str, Any]]]:
    """
    The relations as arcs from head to tail, over entities.

    Each entity is one word, in the order of the sentence and beside each other even where they
    overlap. What stands between two is another word, unless it is punctuation alone.

    # Parameters

    document : `Document`
        The document.
    indices : `Collection[int]`
        Which of its entities; those that take part in a relation are among them.

    # Returns

    `tuple[list[dict[str, str]], list[dict[str, Any]]]`
        The words and the arcs, as displaCy has them.
    """
    words: list[dict[str, str]] = []
    positions: dict[int, int] = {}
    end: Optional[int] = None
    for index in sorted(indices, key=lambda index: document.entities[index].span):
        entity = document.entities[index]
        between = "" if end is None else " ".join(document.tokens[end : entity.start])
        # A slot as wide as an entity's is too much for a comma.
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
    """The type, and the probability where there is one."""
    if relation.probability is None:
        return relation.type
    return f"{relation.type} {relation.probability:.2f}"
