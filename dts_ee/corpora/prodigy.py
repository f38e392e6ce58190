"""
Prodigy's JSON Lines, of `ner.manual`, `rel.manual` and the like.

A record is an answer: `text`, `tokens`, `spans` (`start`, `end`, `label`), `relations` (`label`,
with the spans of head and tail as `head_span` and `child_span`, and their tokens as `head` and
`child`) and `answer`, which is `accept`, `reject` or `ignore`. Ends of characters are exclusive,
those of tokens inclusive.
"""

import json
from typing import Any, Optional, Sequence, Union

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr, open_atomically
from dts_ee.corpora.json_values import (
    as_index,
    as_list,
    as_object,
    as_probability,
    as_string,
    required,
)
from dts_ee.corpora.record_corpus import (
    UNANNOTATED,
    identifier,
    left_out,
    read_record_corpus,
)
from dts_ee.corpora.text_reading import Spans, TextReading
from dts_ee.corpora.token_rows import lost_position
from dts_ee.corpora.token_spans import add_span
from dts_ee.corpora.unread import Unread
from dts_ee.document import Document, DocumentError, Entity, Field

_KNOWN = (
    "text",
    "tokens",
    "spans",
    "relations",
    "answer",
    "id",
    "meta",
    # How the answer came about, and how it was shown.
    "_input_hash",
    "_task_hash",
    "_session_id",
    "_annotator_id",
    "_view_id",
    "_is_binary",
    "_timestamp",
    "config",
)
_SPAN_KEYS = (
    *("text", "start", "end", "token_start", "token_end", "label", "score"),
    *("type", "source", "input_hash", "pattern", "priority", "rank"),
)
_RELATION_KEYS = ("head", "child", "head_span", "child_span", "label", "color", "score")


class _Answer:
    """The text of an answer, and the keys of its entities: their characters, type and number."""

    def __init__(self, text: AnnotatedText, token_borders: Spans) -> None:
        self.text = text
        self.token_borders = token_borders
        self._types: dict[tuple[int, int], list[str]] = {}

    def add_entity(self, span: dict[str, Any], field: Field) -> None:
        """Adds the entity of a span, if it has a label."""
        start, end = as_index(span, "start", field), as_index(span, "end", field)
        if not span.get("label"):
            self.text.remark("entity without a label", f"characters {start} to {end}", field)
            return
        type = as_string(span["label"], (*field, "label"))
        types = self._types.setdefault((start, end), [])
        types.append(type)
        entity = TextEntity(
            (start, end, type, types.count(type)),
            type,
            start,
            end,
            field,
            as_probability(span.get("score"), (*field, "score")),
        )
        if span.get("text"):
            self.text.add_quoted(entity, as_string(span["text"], (*field, "text")))
        else:
            self.text.entities.append(entity)

    def key(self, relation: dict[str, Any], end: str, field: Field) -> tuple[int, int, str, int]:
        """The key of a relation's head or tail; an entity that is nowhere else is added."""
        name = f"{end}_span"
        if relation.get(name) is None:
            return self._key_at_token(as_index(relation, end, field), field)
        location = Field((*field, name))
        span = as_object(relation[name], location)
        borders = as_index(span, "start", location), as_index(span, "end", location)
        types = self._types.get(borders, [])
        label = span.get("label")
        if not types and label:
            self.add_entity(span, location)
            types = self._types[borders]
        return (*borders, label if label in types else types[0] if types else "", 1)

    def _key_at_token(self, token: int, field: Field) -> tuple[int, int, str, int]:
        """The key of the entity that a token is in."""
        if 0 <= token < len(self.token_borders):
            start, end = self.token_borders[token]
            for borders, types in self._types.items():
                if borders[0] <= start and end <= borders[1]:
                    return (*borders, types[0], 1)
        return (token, token, "", 1)


def read_prodigy(path: PathOrStr, reading: TextReading, on_error: Optional[str] = None) -> Corpus:
    """
    The sentences of all accepted answers; the answers are the groups.

    Rejected and ignored answers are left out, and so are records that have neither an answer nor
    spans.

    # Parameters

    path : `PathOrStr`
        The file that `prodigy db-out` wrote.
    reading : `TextReading`
        How a text is divided into sentences, and into tokens if it has none.
    on_error : `str`, optional (default = `None`)
        What happens to an invalid record; see `RecordErrors`.

    # Raises

    `DocumentError`
        If the file cannot be read, or a record is invalid.
    """
    return read_record_corpus(path, reading, _text, on_error)


def _text(record: dict[str, Any], location: str, unread: Unread) -> Union[AnnotatedText, Remark]:
    answer = record.get("answer")
    if answer not in (None, "accept", "reject", "ignore"):
        raise DocumentError(f"{answer!r} is not accept, reject or ignore", "answer")
    if answer in ("reject", "ignore"):
        return left_out(f"answer {answer}", location)
    meta = as_object(record.get("meta") or {}, ("meta",))
    id = identifier({**meta, **record}, ("id",), location)
    unread.add_keys(record, _KNOWN, id)
    unread.add_keys(meta, ("id",), id, "meta: ")
    if answer is None and "spans" not in record and "relations" not in record:
        return left_out(UNANNOTATED, location)
    text = AnnotatedText(id, as_string(required(record, "text", ()), ("text",)))
    if record.get("_is_binary"):
        text.remark("answer on single entities", "others may be missing", lost=False)
    borders: Spans = []
    if record.get("tokens") is not None:
        borders = _tokens(as_list(record["tokens"], ("tokens",)), text.text)
        text.tokens = [span for span in borders if text.text[slice(*span)].strip()]
    answered = _Answer(text, borders)
    for i, item in enumerate(as_list(record.get("spans") or [], ("spans",))):
        field = Field(("spans", i))
        span = as_object(item, field)
        answered.add_entity(span, field)
        unread.add_keys(span, _SPAN_KEYS, id, "spans: ")
    for i, item in enumerate(as_list(record.get("relations") or [], ("relations",))):
        field = Field(("relations", i))
        relation = as_object(item, field)
        unread.add_keys(relation, _RELATION_KEYS, id, "relations: ")
        head, tail = (answered.key(relation, end, field) for end in ("head", "child"))
        text.relations.append(
            TextRelation(
                as_string(required(relation, "label", field), (*field, "label")),
                head,
                tail,
                field,
                as_probability(relation.get("score"), (*field, "score")),
            )
        )
    return text


def _tokens(items: list[Any], text: str) -> Spans:
    spans: Spans = []
    for i, item in enumerate(items):
        field = ("tokens", i)
        token = as_object(item, field)
        start, end = as_index(token, "start", field), as_index(token, "end", field)
        add_span(spans, start, end, text, field)
        if token.get("text", text[start:end]) != text[start:end]:
            raise DocumentError(
                f"the token is {token['text']!r}, but the characters are {text[start:end]!r}",
                (*field, "text"),
            )
    return spans


def write_prodigy(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes a file of accepted answers, completely or not at all.

    # Returns

    `list[Remark]`
        What the format cannot express: positions in a longer text.
    """
    with open_atomically(path) as file:
        for document in documents:
            file.write(json.dumps(_record(document), ensure_ascii=False) + "\n")
    return [remark for document in documents for remark in lost_position(document)]


def _record(document: Document) -> dict[str, Any]:
    text = " ".join(document.tokens) if document.text is None else document.text
    tokens = []
    for i, token in enumerate(document.tokens):
        start, end = document.character_span(i, i + 1)
        space = text[end : end + 1] == " "
        tokens.append({"text": token, "start": start, "end": end, "id": i, "ws": space})
    spans = [_span(document, entity) for entity in document.entities]
    relations = [
        _scored(
            {
                "head": spans[relation.head]["token_end"],
                "child": spans[relation.tail]["token_end"],
                "head_span": spans[relation.head],
                "child_span": spans[relation.tail],
                "label": relation.type,
            },
            relation.probability,
        )
        for relation in document.relations
    ]
    record: dict[str, Any] = {
        "text": text,
        "tokens": tokens,
        "spans": spans,
        "relations": relations,
    }
    if document.id is not None:
        record["meta"] = {"id": document.id}
    return {**record, "answer": "accept"}


def _span(document: Document, entity: Entity) -> dict[str, Any]:
    start, end = document.character_span(entity.start, entity.end)
    return _scored(
        {
            "start": start,
            "end": end,
            "token_start": entity.start,
            "token_end": entity.end - 1,
            "label": entity.type,
        },
        entity.probability,
    )


def _scored(item: dict[str, Any], probability: Optional[float]) -> dict[str, Any]:
    return item if probability is None else {**item, "score": probability}
