"""
The training data of GLiNER, and of GLiNER2.

A record of GLiNER is a sentence: `{"tokenized_text", "ner", "relations"}`, with entities `[first,
last, type]` by their tokens, the last one included, and relations `[head, tail, type]` by the
indices of entities. A record of GLiNER2 is a text with the words of its mentions: `{"input",
"output": {"entities": {"type": ["mention"]}, "relations": [{"type": {"head", "tail"}}]}}`, or the
same with `text` and `schema`.
"""

import json
from typing import Any, Optional, Sequence, Union

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr, open_atomically
from dts_ee.corpora.json_values import (
    as_list,
    as_object,
    as_string,
    as_whole_number,
)
from dts_ee.corpora.occurrences import nearest_pair, occurrences
from dts_ee.corpora.record_corpus import (
    UNANNOTATED,
    Text,
    identifier,
    left_out,
    read_record_corpus,
)
from dts_ee.corpora.text_reading import TextReading
from dts_ee.corpora.token_rows import lost_with_tokens
from dts_ee.corpora.token_text import TokenText
from dts_ee.corpora.unread import Unread, is_empty
from dts_ee.document import Document, DocumentError, Field

_TOKENS = "tokenized_text"


def read_gliner(path: PathOrStr, reading: TextReading, on_error: Optional[str] = None) -> Corpus:
    """
    The sentences of all records; the records are the groups.

    A record of GLiNER is one sentence. In one of GLiNER2, every occurrence of a mention in the text
    is an entity, and a relation joins the nearest occurrences of its head and its tail.

    # Parameters

    path : `PathOrStr`
        The file, a list or JSON Lines.
    reading : `TextReading`
        How a text of GLiNER2 is divided into sentences and tokens.
    on_error : `str`, optional (default = `None`)
        What happens to an invalid record; see `RecordErrors`.

    # Raises

    `DocumentError`
        If the file cannot be read, or a record is invalid.
    """
    return read_record_corpus(path, reading, _text, on_error)


def _text(record: dict[str, Any], location: str, unread: Unread) -> Union[Text, Remark]:
    if _TOKENS in record:
        return _tokenized(record, location, unread)
    for text_key, schema_key in (("input", "output"), ("text", "schema")):
        if text_key in record:
            return _with_mentions(record, text_key, schema_key, location, unread)
    raise DocumentError(f'there is no "{_TOKENS}" and no "input"')


def _tokenized(record: dict[str, Any], location: str, unread: Unread) -> Union[TokenText, Remark]:
    tokens = [
        as_string(token, (_TOKENS, i))
        for i, token in enumerate(as_list(record[_TOKENS], (_TOKENS,)))
    ]
    id = identifier(record, ("id",), location)
    unread.add_keys(record, ("id", _TOKENS, "ner", "relations"), id)
    if "ner" not in record:
        return left_out(UNANNOTATED, location)
    text = TokenText(id, [tokens])
    entities = as_list(record["ner"], ("ner",))
    for i, item in enumerate(entities):
        field = Field(("ner", i))
        values = as_list(item, field)
        if len(values) != 3:
            raise DocumentError("must be [first, last, type]", field)
        first, last = (as_whole_number(values[j], (*field, j)) for j in (0, 1))
        text.add_entity(i, as_string(values[2], (*field, 2)), first, last, field)
    for i, item in enumerate(as_list(record.get("relations") or [], ("relations",))):
        field = Field(("relations", i))
        values = as_list(item, field)
        if len(values) != 3:
            raise DocumentError("must be [head, tail, type]", field)
        ends = [as_whole_number(values[j], (*field, j)) for j in (0, 1)]
        for j, end in enumerate(ends):
            if not 0 <= end < len(entities):
                raise DocumentError(
                    f"there is no entity {end}: the record has {len(entities)}", (*field, j)
                )
        text.add_relation(as_string(values[2], (*field, 2)), ends[0], ends[1], field)
    return text


def _with_mentions(
    record: dict[str, Any], text_key: str, schema_key: str, location: str, unread: Unread
) -> Union[AnnotatedText, Remark]:
    schema = as_object(record.get(schema_key, {}), (schema_key,))
    id = identifier(record, ("id",), location)
    unread.add_keys(record, ("id", text_key, schema_key), id)
    unread.add_keys(schema, ("entities", "relations"), id, f"{schema_key}: ")
    text = AnnotatedText(id, as_string(record[text_key], (text_key,)))
    if "entities" not in schema and "relations" not in schema:
        return left_out(UNANNOTATED, location)
    key_of_span: dict[tuple[int, int], int] = {}
    field = Field((schema_key, "entities"))
    for type, mentions in as_object(schema.get("entities", {}), field).items():
        for i, value in enumerate(as_list(mentions, (*field, type))):
            mention = as_string(value, (*field, type, i))
            spans = occurrences(text.text, mention)
            mention_field = Field((*field, type, i))
            if not spans:
                text.remark("mention that is not in its text", repr(mention), mention_field)
            if len(spans) > 1:
                text.remark(
                    "mention that occurs several times",
                    f"{mention!r}: all {len(spans)} are entities",
                    mention_field,
                    lost=False,
                )
            for span in spans:
                key_of_span.setdefault(span, len(text.entities))
                text.entities.append(
                    TextEntity(len(text.entities), as_string(type, field), *span, mention_field)
                )
    field = Field((schema_key, "relations"))
    for i, item in enumerate(as_list(schema.get("relations", []), field)):
        for type, value in as_object(item, (*field, i)).items():
            _add_relation(text, type, value, Field((*field, i, type)), key_of_span)
    return text


def _add_relation(
    text: AnnotatedText,
    type: str,
    value: Any,
    field: Field,
    key_of_span: dict[tuple[int, int], int],
) -> None:
    """Adds the relation of a head and a tail between the nearest entities with these words."""
    ends = as_object(value, field)
    if set(ends) != {"head", "tail"} or any(isinstance(end, list) for end in ends.values()):
        if not is_empty(ends):
            text.remark("relation without one head and one tail", repr(ends), field)
        return
    heads, tails = (
        occurrences(text.text, as_string(ends[end], (*field, end))) for end in ("head", "tail")
    )
    pair = nearest_pair(
        [span for span in heads if span in key_of_span],
        [span for span in tails if span in key_of_span],
    )
    if pair is None:
        text.remark(
            "relation of an entity that is not there",
            f"{type} from {ends['head']!r} to {ends['tail']!r}",
            field,
        )
        return
    head, tail = (key_of_span[span] for span in pair)
    text.relations.append(TextRelation(as_string(type, field), head, tail, field))


def write_gliner(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes a list of records of GLiNER, completely or not at all.

    # Returns

    `list[Remark]`
        What the format cannot express: texts, probabilities, and positions in a longer text.
    """
    records = [_record(document) for document in documents]
    with open_atomically(path) as file:
        json.dump(records, file, ensure_ascii=False, indent=1)
        file.write("\n")
    return [remark for document in documents for remark in lost_with_tokens(document)]


def _record(document: Document) -> dict[str, Any]:
    record = {
        _TOKENS: list(document.tokens),
        "ner": [[entity.start, entity.end - 1, entity.type] for entity in document.entities],
        "relations": [
            [relation.head, relation.tail, relation.type] for relation in document.relations
        ],
    }
    return record if document.id is None else {"id": document.id, **record}
