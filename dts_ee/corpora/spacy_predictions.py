"""
Predictions in spaCy's `Doc`s.

`doc._.rel` has the probabilities of relations as the relation component of spaCy's tutorial has
them (see `dts_ee.corpora.spacy_rel`), `doc._.relations` is a list of `SpanRelation`s, and
`doc._.dts_ee` has the predicted sentences as `Document`s. Only the first, and the JSON of the last,
are stored: spaCy cannot save other objects with a `Doc`.
"""

import json
from typing import Any, Dict, List, NamedTuple, Sequence, Tuple

from spacy.tokens import Doc, Span

from dts_ee.corpora.spacy_docs import PREDICTIONS, user_data_key
from dts_ee.corpora.spacy_rel import REL
from dts_ee.corpora.spert import document_from_json, document_to_json
from dts_ee.document import Document, Entity

RELATIONS = "relations"


class SpanRelation(NamedTuple):
    """A relation between two entities of a `Doc`; its probability is between 0 and 1."""

    head: Span
    tail: Span
    label: str
    probability: float


def set_extensions() -> None:
    """
    Adds the extensions to spaCy's `Doc`.

    # Raises

    `ValueError`
        If something else computes an extension of the same name.
    """
    getters = {REL: None, RELATIONS: relations_of, PREDICTIONS: documents_of}
    for name, getter in getters.items():
        if Doc.has_extension(name):
            _, method, other_getter, _ = Doc.get_extension(name)
            if method is not None or other_getter not in (None, getter):
                raise ValueError(f"another package has the extension doc._.{name}")
            if getter is None:
                continue
        if getter is None:
            Doc.set_extension(name, default={})
        else:
            Doc.set_extension(name, getter=getter, force=True)


def documents_of(doc: Doc) -> List[Document]:
    """The predicted sentences of a `Doc`; `doc._.dts_ee`."""
    stored = doc.user_data.get(user_data_key(PREDICTIONS))
    return [] if stored is None else [document_from_json(record) for record in json.loads(stored)]


def relations_of(doc: Doc) -> Any:
    """
    The predicted relations of a `Doc`; `doc._.relations`.

    # Returns

    `Any`
        A list of `SpanRelation`s, or what is stored under this name: a `DocBin` that `convert`
        wrote has indices of entities there.
    """
    stored = doc.user_data.get(user_data_key(RELATIONS))
    if stored is not None:
        return stored
    documents = documents_of(doc)
    return [
        SpanRelation(
            spans[relation.head], spans[relation.tail], relation.type, relation.probability
        )
        for document, spans in zip(documents, entity_spans(doc, documents), strict=True)
        for relation in document.relations
    ]


def entity_spans(doc: Doc, documents: Sequence[Document]) -> List[List[Span]]:
    """
    The spans of the entities of each sentence.

    # Parameters

    doc : `Doc`
        The `Doc` of the sentences.
    documents : `Sequence[Document]`
        The sentences, with `start_char`. An entity without probability is given: it is that of
        `doc.ents`, if it is still there.
    """
    given = {token.i: span for span in doc.ents for token in span}

    def span_of(entity: Entity, document: Document) -> Span:
        first_char = document.start_char or 0
        start, end = document.character_span(entity.start, entity.end)
        span = doc.char_span(
            first_char + start, first_char + end, label=entity.type, alignment_mode="expand"
        )
        return given.get(span.start, span) if entity.probability is None else span

    return [[span_of(entity, document) for entity in document.entities] for document in documents]


def store(
    doc: Doc, sentences: Sequence[Document], flat: Sequence[Document], types: Sequence[str]
) -> None:
    """
    Stores predictions.

    # Parameters

    doc : `Doc`
        The `Doc`.
    sentences : `Sequence[Document]`
        Its sentences.
    flat : `Sequence[Document]`
        The sentences without overlapping entities, for `doc._.rel`: its keys have only the first
        tokens of entities.
    types : `Sequence[str]`
        The relation types that the model predicts.
    """
    rel: Dict[Tuple[int, int], Dict[str, float]] = {}
    for document, spans in zip(flat, entity_spans(doc, flat), strict=True) if types else ():
        for head in spans:
            for tail in spans:
                if head is not tail:
                    rel[head.start, tail.start] = dict.fromkeys(types, 0.0)
        for relation in document.relations:
            pair = (spans[relation.head].start, spans[relation.tail].start)
            rel[pair][relation.type] = relation.probability
    doc.user_data[user_data_key(REL)] = rel
    doc.user_data[user_data_key(PREDICTIONS)] = json.dumps(
        [document_to_json(sentence) for sentence in sentences]
    )
