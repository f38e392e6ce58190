"""
spaCy's `DocBin`, with relations in an extension.

The entities of a `Doc` are `doc.spans["entities"]`, because `doc.ents` cannot overlap; those that
do not overlap a longer one are in `doc.ents` too. `doc._.relations` is a list of `{"type", "head",
"tail"}`, where `head` and `tail` are indices into the entities, and `doc._.document_id` the
document's identifier. Without this group of spans, `doc.ents` are the entities; without these
relations, those in the `doc._.rel` of spaCy's relation component are read, or those that the
component `dts_ee` predicted.
"""

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Iterator, Optional, Sequence

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr
from dts_ee.corpora.json_values import as_list, as_probability
from dts_ee.corpora.record_corpus import UNANNOTATED, left_out
from dts_ee.corpora.record_errors import RecordErrors
from dts_ee.corpora.spacy_docs import (
    DOCUMENT_ID,
    PREDICTIONS,
    add_unread,
    doc_of,
    read_docs,
    user_data_key,
    write_docs,
)
from dts_ee.corpora.spacy_rel import LEAST_PROBABILITY, REL, relations_of_component
from dts_ee.corpora.text_reading import TextReading
from dts_ee.corpora.token_rows import lost_position, without_overlaps
from dts_ee.corpora.unread import Unread
from dts_ee.document import Document, DocumentError, Field

# spaCy is imported where it is used: every command would wait for it.
if TYPE_CHECKING:
    from spacy.tokens import Doc

SPAN_GROUP = "entities"

_RELATIONS = "relations"
_PROBABILITIES = "entity_probabilities"


def read_docbin(path: PathOrStr, reading: TextReading, on_error: Optional[str] = None) -> Corpus:
    """
    The sentences of all annotated `Doc`s, with their tokens; the `Doc`s are the groups.

    # Parameters

    path : `PathOrStr`
        The file.
    reading : `TextReading`
        How many sentences become one document; sentences and tokens are those of the file.
    on_error : `str`, optional (default = `None`)
        What happens to an invalid `Doc`; see `RecordErrors`.

    # Raises

    `DocumentError`
        If the file cannot be read, is not a `DocBin`, or has invalid relations.
    """
    documents: list[Document] = []
    groups: list[str] = []
    remarks: list[Remark] = []
    unread = Unread("annotation that is not read")
    improbable = Unread(f"relation with a probability below {LEAST_PROBABILITY}")
    errors = RecordErrors(path, on_error)
    for number, doc in enumerate(read_docs(path), start=1):
        with errors.located(f"#{number}"), _errors_of_spacy():
            text = _annotated(doc, number, unread, improbable)
            if text is None:
                remarks.append(left_out(UNANNOTATED, f"#{number}"))
                continue
            sentences = text.documents(reading)
            documents.extend(sentences)
            groups.extend(str(number) for _ in sentences)
            remarks.extend(text.remarks)
    remarks += [*errors.remarks, *improbable.remarks(), *unread.remarks()]
    return Corpus(documents, groups, remarks)


@contextmanager
def _errors_of_spacy() -> Iterator[None]:
    """Raises spaCy's errors as a `DocumentError`."""
    try:
        yield
    except DocumentError:
        raise
    except (KeyError, ValueError) as error:
        # A label, for example, may be missing from the file's strings.
        raise DocumentError(f"spaCy cannot read this Doc: {error}") from error


def _set_extensions() -> None:
    from spacy.tokens import Doc

    for name in (_RELATIONS, DOCUMENT_ID, _PROBABILITIES):
        if not Doc.has_extension(name):
            Doc.set_extension(name, default=None)


def _annotated(
    doc: "Doc", number: int, unread: Unread, improbable: Unread
) -> Optional[AnnotatedText]:
    """The text of a `Doc`, or `None` if nobody looked for entities in it."""
    text = AnnotatedText(str(_stored(doc, DOCUMENT_ID) or f"#{number}"), doc.text)
    known = [DOCUMENT_ID, _PROBABILITIES, _RELATIONS, PREDICTIONS]
    rel = _stored(doc, REL)
    if _stored(doc, PREDICTIONS) is not None:
        from dts_ee.corpora.spacy_predictions import rel_of

        rel = rel_of(doc)
    if not (
        SPAN_GROUP in doc.spans
        or doc.has_annotation("ENT_IOB")
        or any(
            value is not None
            for value in (rel, _stored(doc, _RELATIONS), _stored(doc, _PROBABILITIES))
        )
    ):
        add_unread(doc, (), known, text.id, unread)
        return None
    text.tokens = [(token.idx, token.idx + len(token.text)) for token in doc if token.text.strip()]
    if doc.has_annotation("SENT_START"):
        text.sentence_starts = [sentence.start_char for sentence in doc.sents]
    spans: Any = doc.spans.get(SPAN_GROUP, doc.ents)
    probabilities = _items(doc, _PROBABILITIES) or [None] * len(spans)
    if len(probabilities) != len(spans):
        raise DocumentError(
            f"there are {len(probabilities)} for {len(spans)} entities", _PROBABILITIES
        )
    for i, (span, probability) in enumerate(zip(spans, probabilities, strict=True)):
        text.entities.append(
            TextEntity(
                i,
                span.label_,
                span.start_char,
                span.end_char,
                probability=as_probability(probability, (_PROBABILITIES, i)),
            )
        )
    if _stored(doc, _RELATIONS) is None and rel is not None:
        known.append(REL)
        text.relations = relations_of_component(rel, spans, text.id, improbable)
    else:
        text.relations = _relations(_items(doc, _RELATIONS))
    add_unread(doc, spans, known, text.id, unread)
    return text


def _stored(doc: "Doc", name: str) -> Any:
    """The value of `doc._.name`, or `None`; `doc._` itself may have an extension that computes."""
    return doc.user_data.get(user_data_key(name))


def _items(doc: "Doc", name: str) -> list[Any]:
    """The values of an attribute, which were a list before they were in the file."""
    value = _stored(doc, name)
    return list(value) if isinstance(value, tuple) else as_list(value or [], (name,))


def _relations(values: list[Any]) -> list[TextRelation]:
    relations = []
    for i, relation in enumerate(values):
        field = Field((_RELATIONS, i))
        if not (
            isinstance(relation, dict)
            and isinstance(relation.get("type"), str)
            and all(isinstance(relation.get(key), int) for key in ("head", "tail"))
        ):
            raise DocumentError(f'{relation!r} has not "type", "head" and "tail"', field)
        relations.append(
            TextRelation(
                relation["type"],
                relation["head"],
                relation["tail"],
                field,
                as_probability(relation.get("probability"), (*field, "probability")),
            )
        )
    return relations


def write_docbin(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes a file, completely or not at all.

    # Returns

    `list[Remark]`
        What the format cannot express: positions in a longer text.
    """
    from spacy.vocab import Vocab

    _set_extensions()
    vocab = Vocab()
    docs = []
    for document in documents:
        doc, spans = doc_of(document, vocab)
        doc.spans[SPAN_GROUP] = spans
        flat, _ = without_overlaps(document)
        doc.ents = [spans[document.entities.index(entity)] for entity in flat.entities]
        doc._.set(_RELATIONS, [_relation(relation) for relation in document.relations])
        doc._.set(_PROBABILITIES, [entity.probability for entity in document.entities])
        docs.append(doc)
    write_docs(path, docs)
    return [remark for document in documents for remark in lost_position(document)]


def _relation(relation: Any) -> dict[str, Any]:
    item = {"type": relation.type, "head": relation.head, "tail": relation.tail}
    if relation.probability is not None:
        item["probability"] = relation.probability
    return item
