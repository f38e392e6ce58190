"""
Common parts of the formats with one token per line.
"""

import re
from typing import Sequence, Union

from dts_ee.corpora.corpus import Remark
from dts_ee.corpora.overlaps import find_excluded, without_entities
from dts_ee.corpora.text_reading import Spans, word_spans
from dts_ee.document import Document, Entity, Relation


def without_overlaps(document: Document) -> tuple[Document, list[Remark]]:
    """
    The document without the entities that overlap a longer one, and without their relations.

    Of two entities of equal length, the first in the document is kept.

    # Returns

    `tuple[Document, list[Remark]]`
        The document, and remarks on what is lost.
    """
    entities = document.entities
    excluded = find_excluded(document, lambda i: (entities[i].start - entities[i].end, i))
    remarks = [
        Remark(
            "entity that overlaps another",
            f"{entities[index].type} {document.entity_text(entities[index])!r}, because of "
            f"{entities[better].type} {document.entity_text(entities[better])!r}",
            document=document.id,
        )
        for index, better in excluded.items()
    ]
    remarks += [
        relation_remark("relation of an entity that is lost", document, relation)
        for relation in document.relations
        if relation.head in excluded or relation.tail in excluded
    ]
    return without_entities(document, excluded), remarks


def relation_remark(problem: str, document: Document, relation: Relation) -> Remark:
    """A remark on a relation that is lost."""
    head, tail = (
        document.entity_text(document.entities[index]) for index in (relation.head, relation.tail)
    )
    return Remark(problem, f"{relation.type} from {head!r} to {tail!r}", document=document.id)


def lost_with_tokens(document: Document) -> list[Remark]:
    """What a format with only tokens, entities and relations cannot express."""
    remarks = []
    if document.text is not None and document.text != " ".join(document.tokens):
        remarks.append(Remark("text between tokens", repr(document.text), document=document.id))
    return remarks + lost_probabilities(document) + lost_position(document)


def lost_token_borders(document: Document) -> list[Remark]:
    """The tokens of a document, where a format has its text alone and that does not show them."""
    text = " ".join(document.tokens) if document.text is None else document.text

    def divide(text: str) -> Spans:
        return [match.span() for match in re.finditer(r"\S+", text)]

    # Not every tokenizer takes an invisible character for a space.
    if all(
        [text[start:end] for start, end in spans] == list(document.tokens)
        for spans in (divide(text), word_spans(text, divide))
    ):
        return []
    problem = "tokens that white space does not separate"
    return [Remark(problem, " ".join(document.tokens), document=document.id)]


def lost_probabilities(document: Document) -> list[Remark]:
    """The probabilities of a document, which few formats can express."""
    kinds: dict[str, Sequence[Union[Entity, Relation]]] = {
        "entities": document.entities,
        "relations": document.relations,
    }
    return [
        Remark("probability", f"{kind}[{i}]: {item.probability}", document=document.id)
        for kind, items in kinds.items()
        for i, item in enumerate(items)
        if item.probability is not None
    ]


def lost_position(document: Document) -> list[Remark]:
    """The position of a document in a longer text, which only SpERT's JSON can express."""
    if document.start_char is None:
        return []
    detail = f"begins at character {document.start_char}"
    return [Remark("position in a longer text", detail, document=document.id)]


def one_cell(text: str, document: Document, remarks: list[Remark]) -> str:
    """The text with spaces instead of tabs and line ends."""
    cell = re.sub(r"[\t\n\r]", " ", text)
    if cell != text:
        remarks.append(Remark("tab or end of line", repr(text), document=document.id))
    return cell
