"""
Predictions in spaCy's `Doc`s.

`doc._.dts_ee` has the predicted sentences as `Document`s, `doc._.relations` is a list of
`SpanRelation`s, and `doc._.rel` has the probabilities of relations as the relation component of
spaCy's tutorial has them (see `dts_ee.corpora.spacy_rel`). The sentences are stored, as JSON, and
the others are computed: spaCy cannot save most Python objects with a `Doc`, and from the bytes of
a `Doc` with pairs of tokens as keys, it cannot make the `Doc` again.
"""

import json
from functools import lru_cache
from typing import Any, NamedTuple, Sequence, cast

from spacy.tokens import Doc, Span

from dts_ee.corpora.spacy_docs import PREDICTIONS, user_data_key
from dts_ee.corpora.spacy_rel import REL
from dts_ee.corpora.spert import document_from_json, document_to_json
from dts_ee.corpora.token_rows import without_overlaps
from dts_ee.document import Document, DocumentError, Entity

RELATIONS = "relations"

Predictions = tuple[Sequence[Document], Sequence[str]]
"""Sentences, and the relation types that the model predicts."""


class SpanRelation(NamedTuple):
    """A relation between two entities of a `Doc`; its probability is between 0 and 1."""

    head: Span
    tail: Span
    label: str
    probability: float


def set_extensions() -> None:
    """
    Adds the extensions to spaCy's `Doc`. What is stored under their names comes first.

    # Raises

    `ValueError`
        If another package computes an extension of the same name.
    """
    getters = {PREDICTIONS: documents_of, RELATIONS: relations_of, REL: rel_of}
    for name, getter in getters.items():
        if Doc.has_extension(name):
            _, method, other, _ = Doc.get_extension(name)
            if method is not None or other not in (None, getter):
                raise ValueError(f"another package computes doc._.{name}, as dts_ee does")
        Doc.set_extension(name, getter=getter, force=True)


def store_predictions(doc: Doc, sentences: Sequence[Document], types: Sequence[str]) -> None:
    """
    Stores predictions.

    # Parameters

    doc : `Doc`
        The `Doc`.
    sentences : `Sequence[Document]`
        Its sentences, with `start_char`.
    types : `Sequence[str]`
        The relation types that the model predicts.
    """
    for name in (RELATIONS, REL):
        doc.user_data.pop(user_data_key(name), None)
    doc.user_data[user_data_key(PREDICTIONS)] = json.dumps(
        {
            "sentences": [document_to_json(sentence) for sentence in sentences],
            "relation_types": list(types),
        }
    )


def documents_of(doc: Doc) -> list[Document]:
    """The predicted sentences of a `Doc`."""
    return list(_predictions(doc)[0])


def relations_of(doc: Doc) -> Any:
    """
    The predicted relations of a `Doc`.

    # Returns

    `Any`
        A list of `SpanRelation`s, or what is stored: a `DocBin` that `convert` wrote has indices of
        entities there.
    """
    stored = doc.user_data.get(user_data_key(RELATIONS))
    if stored is not None:
        return stored
    documents, _ = _predictions(doc)
    return [
        SpanRelation(
            spans[relation.head],
            spans[relation.tail],
            relation.type,
            cast(float, relation.probability),
        )
        for document, spans in zip(documents, entity_spans(doc, documents), strict=True)
        for relation in document.relations
    ]


def rel_of(doc: Doc) -> Any:
    """
    The probability of each relation type for each ordered pair of entities in a sentence, 0 if the
    relation is not predicted. Entities that overlap a longer one are left out, because a key has
    only the first tokens of two entities.
    """
    stored = doc.user_data.get(user_data_key(REL))
    if stored is not None:
        return stored
    documents, types = _predictions(doc)
    flat = [without_overlaps(document)[0] for document in documents]
    rel: dict[tuple[int, int], dict[str, float]] = {}
    for document, spans in zip(flat, entity_spans(doc, flat), strict=True):
        for head in spans:
            for tail in spans:
                if head is not tail and types:
                    rel[head.start, tail.start] = dict.fromkeys(types, 0.0)
        for relation in document.relations:
            pair = (spans[relation.head].start, spans[relation.tail].start)
            rel.setdefault(pair, {})[relation.type] = cast(float, relation.probability)
    return rel


def entity_spans(doc: Doc, documents: Sequence[Document]) -> list[list[Span]]:
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
        assert span is not None  # There are words in it.
        return given.get(span.start, span) if entity.probability is None else span

    return [[span_of(entity, document) for entity in document.entities] for document in documents]


def _predictions(doc: Doc) -> Predictions:
    stored = doc.user_data.get(user_data_key(PREDICTIONS))
    if stored is None:
        return (), ()
    try:
        documents, types = _parsed(stored)
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise DocumentError(f"these are no predictions: {error}", PREDICTIONS) from None
    for document in documents:
        if document.text is None or not doc.text.startswith(document.text, document.start_char):
            raise DocumentError(f"{document.text!r} is not in the text", PREDICTIONS)
    return documents, types


# The extensions are asked for again and again in a loop over pairs of entities.
@lru_cache(maxsize=64)
def _parsed(stored: str) -> Predictions:
    record = json.loads(stored)
    documents = tuple(document_from_json(sentence) for sentence in record["sentences"])
    return documents, tuple(record["relation_types"])
