"""
spaCy's `DocBin` with the relations of the relation component in spaCy's tutorial.

`doc._.rel` has, for the first tokens of two entities in `doc.ents`, the probability of each type:
`{(0, 4): {"WORKS_FOR": 1.0, "BASED_IN": 0.0}}`; the first of the two is the head. In training data
a probability is 1 or 0.
"""

from dataclasses import replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any, Sequence

from dts_ee.corpora.annotated_text import TextRelation
from dts_ee.corpora.corpus import Remark
from dts_ee.corpora.files import PathOrStr
from dts_ee.corpora.spacy_docs import doc_of, user_data_key, write_docs
from dts_ee.corpora.token_rows import (
    lost_position,
    lost_probabilities,
    relation_remark,
    without_overlaps,
)
from dts_ee.corpora.unread import Unread
from dts_ee.document import Document, DocumentError, Field

# spaCy is imported where it is used: every command would wait for it.
if TYPE_CHECKING:
    from spacy.tokens import Doc, Span

REL = "rel"

LEAST_PROBABILITY = 0.5
"""The probability from which on there is a relation, as in the tutorial."""


def relations_of_component(
    rel: Any, spans: "Sequence[Span]", document: str, improbable: Unread
) -> list[TextRelation]:
    """
    The relations in `doc._.rel`. The key of an entity is its index.

    # Parameters

    rel : `Any`
        The value of `doc._.rel`.
    spans : `Sequence[Span]`
        The entities.
    document : `str`
        The identifier of the `Doc`.
    improbable : `Unread`
        Where to count the relations that have a probability, but a low one.

    # Raises

    `DocumentError`
        If it is no dictionary from two tokens to the probabilities of types.
    """
    if not isinstance(rel, dict):
        raise DocumentError(f"{rel!r} is no dictionary from two tokens to probabilities", REL)
    entity_at: dict[int, int] = {}
    for i, span in enumerate(spans):
        entity_at.setdefault(span.start, i)
    relations = []
    for pair, probabilities in rel.items():
        field = Field((REL, str(pair)))
        if not (
            isinstance(pair, tuple)
            and len(pair) == 2
            and all(isinstance(token, Integral) for token in pair)
            and isinstance(probabilities, dict)
        ):
            raise DocumentError(
                f"{pair!r}: {probabilities!r} is not as in (0, 4): {{'WORKS_FOR': 1.0}}", REL
            )
        head, tail = (entity_at.get(token, f"token {token}") for token in pair)
        for type, value in probabilities.items():
            if not isinstance(type, str) or not isinstance(value, Real):
                raise DocumentError(f"{type!r}: {value!r} is not the probability of a type", field)
            probability = float(value)
            if probability >= LEAST_PROBABILITY:
                # Gold where it is certain.
                known = None if probability == 1 else probability
                relations.append(TextRelation(type, head, tail, field, known))
            elif probability:
                improbable.add(type, document)
    return relations


def write_spacy_rel(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes a file, completely or not at all.

    Each `doc._.rel` has each pair of entities, with a probability for each type in the documents.

    # Returns

    `list[Remark]`
        What the format cannot express: entities that overlap a longer one, their probabilities,
        relations whose probability is below a half, and positions in a longer text.
    """
    from spacy.vocab import Vocab

    types = sorted({relation.type for document in documents for relation in document.relations})
    vocab = Vocab()
    docs: list[Doc] = []
    remarks: list[Remark] = []
    for document in documents:
        flat, lost = without_overlaps(document)
        remarks += lost
        remarks += lost_probabilities(replace(document, relations=())) + lost_position(document)
        doc, spans = doc_of(flat, vocab)
        doc.ents = spans
        rel: dict[tuple[int, int], dict[str, float]] = {
            (head.start, tail.start): dict.fromkeys(types, 0.0)
            for head in spans
            for tail in spans
            if head is not tail
        }
        for relation in flat.relations:
            probability = 1.0 if relation.probability is None else relation.probability
            if probability < LEAST_PROBABILITY:
                remarks.append(
                    relation_remark("relation with a probability below 0.5", flat, relation)
                )
            head, tail = spans[relation.head], spans[relation.tail]
            rel[head.start, tail.start][relation.type] = probability
        doc.user_data[user_data_key(REL)] = rel
        docs.append(doc)
    write_docs(path, docs)
    return remarks
