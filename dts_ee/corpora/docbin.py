"""
spaCy's `DocBin`, with relations in an extension.

The entities of a `Doc` are `doc.spans["entities"]`, because `doc.ents` cannot overlap; those that
do not overlap a longer one are in `doc.ents` too. `doc._.relations` is a list of `{"type", "head",
"tail"}`, where `head` and `tail` are indices into the entities, and `doc._.document_id` the
document's identifier. Without this group of spans, `doc.ents` are the entities.
"""

import os
import zlib
from typing import TYPE_CHECKING, Any, Optional, Sequence, Union

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr, open_bytes_atomically
from dts_ee.corpora.text_reading import TextReading
from dts_ee.corpora.token_rows import lost_position, without_overlaps
from dts_ee.document import Document, DocumentError, Field
from dts_ee.garbage_collection import garbage_collection_kept

# spaCy is imported where it is used: every command would wait for it.
if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

SPAN_GROUP = "entities"

_RELATIONS = "relations"
_ID = "document_id"
_PROBABILITIES = "entity_probabilities"


def read_docbin(path: PathOrStr, reading: TextReading) -> Corpus:
    """
    The sentences of all `Doc`s, with their tokens; the `Doc`s are the groups.

    # Parameters

    path : `PathOrStr`
        The file.
    reading : `TextReading`
        Not used.

    # Raises

    `DocumentError`
        If the file cannot be read, is not a `DocBin`, or has invalid relations.
    """
    _set_extensions()
    documents: list[Document] = []
    groups: list[str] = []
    remarks: list[Remark] = []
    for number, doc in enumerate(_read_docs(path), start=1):
        try:
            text = _annotated(doc, number)
            sentences = text.documents(reading)
        except DocumentError as error:
            raise error.located(f"#{number}", os.fspath(path)) from None
        documents.extend(sentences)
        groups.extend(str(number) for _ in sentences)
        remarks.extend(text.remarks)
    return Corpus(documents, groups, remarks)


def _set_extensions() -> None:
    from spacy.tokens import Doc

    for name in (_RELATIONS, _ID, _PROBABILITIES):
        if not Doc.has_extension(name):
            Doc.set_extension(name, default=None)


def _read_docs(path: PathOrStr) -> "list[Doc]":
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        raise DocumentError("there is no such file", path=name) from None
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror}", path=name) from error
    try:
        with garbage_collection_kept():
            return list(DocBin().from_bytes(data).get_docs(Vocab()))
    except (ValueError, KeyError, TypeError, zlib.error) as error:
        raise DocumentError(f"is not a DocBin: {error}", path=name) from error


def _annotated(doc: "Doc", number: int) -> AnnotatedText:
    text = AnnotatedText(doc._.get(_ID) or f"#{number}", doc.text)
    text.tokens = [(token.idx, token.idx + len(token.text)) for token in doc if token.text.strip()]
    if doc.has_annotation("SENT_START"):
        text.sentence_starts = [sentence.start_char for sentence in doc.sents]
    spans: Any = doc.ents
    if SPAN_GROUP in doc.spans:
        spans = doc.spans[SPAN_GROUP]
    probabilities = doc._.get(_PROBABILITIES) or [None] * len(spans)
    if len(probabilities) != len(spans):
        raise DocumentError(
            f"there are {len(probabilities)} for {len(spans)} entities", _PROBABILITIES
        )
    for i, (span, probability) in enumerate(zip(spans, probabilities, strict=True)):
        text.entities.append(
            TextEntity(i, span.label_, span.start_char, span.end_char, probability=probability)
        )
    for i, relation in enumerate(doc._.get(_RELATIONS) or []):
        field = Field((_RELATIONS, i))
        if not (
            isinstance(relation, dict)
            and isinstance(relation.get("type"), str)
            and all(isinstance(relation.get(key), int) for key in ("head", "tail"))
        ):
            raise DocumentError(f'{relation!r} has not "type", "head" and "tail"', field)
        text.relations.append(
            TextRelation(
                relation["type"],
                relation["head"],
                relation["tail"],
                field,
                relation.get("probability"),
            )
        )
    return text


def write_docbin(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes a file, completely or not at all.

    # Returns

    `list[Remark]`
        What the format cannot express: positions in a longer text.
    """
    from spacy.tokens import DocBin
    from spacy.vocab import Vocab

    _set_extensions()
    vocab = Vocab()
    docs = [_doc(document, vocab) for document in documents]
    data = DocBin(
        attrs=["ENT_IOB", "ENT_TYPE", "SENT_START"], store_user_data=True, docs=docs
    ).to_bytes()
    with open_bytes_atomically(path) as file:
        file.write(data)
    return [remark for document in documents for remark in lost_position(document)]


def _doc(document: Document, vocab: "Vocab") -> "Doc":
    from spacy.tokens import Doc, Span

    words, spaces, token_words = _words(document)
    starts: list[Union[bool, int, None]] = [i == 0 for i in range(len(words))]
    doc = Doc(vocab, words=words, spaces=spaces, sent_starts=starts)

    def span(index: int) -> Any:
        entity = document.entities[index]
        return Span(
            doc, token_words[entity.start], token_words[entity.end - 1] + 1, label=entity.type
        )

    doc.spans[SPAN_GROUP] = [span(index) for index in range(len(document.entities))]
    flat, _ = without_overlaps(document)
    doc.ents = [span(document.entities.index(entity)) for entity in flat.entities]
    doc._.set(_ID, document.id)
    doc._.set(_RELATIONS, [_relation(relation) for relation in document.relations])
    doc._.set(_PROBABILITIES, [entity.probability for entity in document.entities])
    return doc


def _relation(relation: Any) -> dict[str, Any]:
    item = {"type": relation.type, "head": relation.head, "tail": relation.tail}
    if relation.probability is not None:
        item["probability"] = relation.probability
    return item


def _words(document: Document) -> tuple[list[str], list[bool], list[int]]:
    """spaCy's words, whether a space follows each, and the index of each token's word."""
    text: Optional[str] = document.text
    if text is None:
        text = " ".join(document.tokens)
    words: list[str] = []
    spaces: list[bool] = []
    token_words: list[int] = []
    position = 0

    def add_gap(end: int) -> None:
        gap = text[position:end]
        # A single space belongs to the word before it; other white space is a word of its own.
        if words and gap.startswith(" "):
            spaces[-1] = True
            gap = gap[1:]
        if gap:
            words.append(gap)
            spaces.append(False)

    for i, token in enumerate(document.tokens):
        start, end = document.character_span(i, i + 1)
        add_gap(start)
        token_words.append(len(words))
        words.append(token)
        spaces.append(False)
        position = end
    add_gap(len(text))
    return words, spaces, token_words
