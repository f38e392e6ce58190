"""
doccano's JSON Lines, for its export and import.

A record has its `text` and either `label`, a list of `[start, end, type]`, or, since doccano knows
relations, `entities` (`id`, `label`, `start_offset` and `end_offset`) and `relations` (`from_id`,
`to_id` and `type`). Files that are written here also have an `orig_id` and the `tokens`, as lists
of start and end characters: doccano keeps what it does not know, and exports it again.
"""

import json
from typing import Any, Hashable, Optional, Sequence, Union

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr, open_atomically
from dts_ee.corpora.json_values import (
    as_index,
    as_list,
    as_object,
    as_string,
    as_whole_number,
    required,
)
from dts_ee.corpora.record_corpus import (
    UNANNOTATED,
    identifier,
    left_out,
    read_record_corpus,
)
from dts_ee.corpora.text_reading import TextReading
from dts_ee.corpora.token_rows import lost_position, lost_probabilities
from dts_ee.corpora.token_spans import token_spans
from dts_ee.corpora.unread import Unread
from dts_ee.document import Document, DocumentError, Field

_TEXTS = ("text", "data")
_LABELS = ("label", "labels", "entities")
"""The keys of the text and of the entities, which several versions call differently."""

_KNOWN = ("id", "orig_id", "tokens", "relations", *_TEXTS, *_LABELS)


def read_doccano(path: PathOrStr, reading: TextReading, on_error: Optional[str] = None) -> Corpus:
    """
    The sentences of all texts; the texts are the groups.

    A text that has none of the keys for entities was not annotated, and is left out.

    # Parameters

    path : `PathOrStr`
        The file, exported as `JSONL`, or `JSON`.
    reading : `TextReading`
        How a text without tokens is divided into sentences and tokens.
    on_error : `str`, optional (default = `None`)
        What happens to an invalid record; see `RecordErrors`.

    # Raises

    `DocumentError`
        If the file cannot be read, or a record is invalid.
    """
    return read_record_corpus(path, reading, _text, on_error)


def _text(record: dict[str, Any], location: str, unread: Unread) -> Union[AnnotatedText, Remark]:
    key = next((key for key in _TEXTS if key in record), "text")
    text = AnnotatedText(
        identifier(record, ("orig_id", "id"), location),
        as_string(required(record, key, ()), (key,)),
    )
    unread.add_keys(record, _KNOWN, text.id)
    if not any(key in record for key in (*_LABELS, "relations")):
        return left_out(UNANNOTATED, location)
    if "tokens" in record:
        text.tokens = token_spans(record["tokens"], text.text, ("tokens",))
    ids: set[Hashable] = set()
    for key in _LABELS:
        for i, item in enumerate(as_list(record.get(key, []), (key,))):
            _add_entity(text, item, Field((key, i)), ids, unread)
    for i, item in enumerate(as_list(record.get("relations", []), ("relations",))):
        field = Field(("relations", i))
        relation = as_object(item, field)
        head, tail = (as_index(relation, end, field) for end in ("from_id", "to_id"))
        type = as_string(required(relation, "type", field), (*field, "type"))
        text.relations.append(TextRelation(type, head, tail, field))
        known = ("id", "from_id", "to_id", "type")
        unread.add_keys(relation, known, text.id, "relations: ")
    return text


def _add_entity(
    text: AnnotatedText, item: Any, field: Field, ids: set[Hashable], unread: Unread
) -> None:
    if isinstance(item, str):
        unread.add(f"{field[0]}: class of the whole text", text.id)
        return
    if isinstance(item, dict):
        start, end = (as_index(item, key, field) for key in ("start_offset", "end_offset"))
        type = as_string(required(item, "label", field), (*field, "label"))
        unread.add_keys(
            item, ("id", "label", "start_offset", "end_offset"), text.id, f"{field[0]}: "
        )
        id: Hashable = as_index(item, "id", field) if "id" in item else (field[0], field[1])
    else:
        values = as_list(item, field)
        if len(values) != 3:
            raise DocumentError("must be [start, end, type]", field)
        start, end = (as_whole_number(values[i], (*field, i)) for i in (0, 1))
        type, id = as_string(values[2], (*field, 2)), (field[0], field[1])
    if id in ids:
        raise DocumentError(f"the id {id} occurs twice", (*field, "id"))
    ids.add(id)
    text.entities.append(TextEntity(id, type, start, end, field))


def write_doccano(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes a file for doccano's import with relations, completely or not at all.

    # Returns

    `list[Remark]`
        What the format cannot express: probabilities, and positions in a longer text.
    """
    number = 0
    remarks: list[Remark] = []
    with open_atomically(path) as file:
        for document in documents:
            remarks += lost_probabilities(document) + lost_position(document)
            record = _record(document, number)
            number += len(document.entities) + len(document.relations)
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    return remarks


def _record(document: Document, number: int) -> dict[str, Any]:
    """The record of a document, with the ids from `number` on."""
    record: dict[str, Any] = {
        "text": " ".join(document.tokens) if document.text is None else document.text
    }
    if document.id is not None:
        record["orig_id"] = document.id
    record["tokens"] = [document.character_span(i, i + 1) for i in range(len(document.tokens))]
    record["entities"] = []
    for i, entity in enumerate(document.entities):
        start, end = document.character_span(entity.start, entity.end)
        record["entities"].append(
            {
                "id": number + i,
                "label": entity.type,
                "start_offset": start,
                "end_offset": end,
            }
        )
    record["relations"] = [
        {
            "id": number + len(document.entities) + i,
            "from_id": number + relation.head,
            "to_id": number + relation.tail,
            "type": relation.type,
        }
        for i, relation in enumerate(document.relations)
    ]
    return record
