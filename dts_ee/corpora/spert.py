"""
SpERT's JSON, the format that joint entity and relation extraction settled on.

A file is a list of documents, or holds one document per line (JSON Lines); either may be gzipped.
A document is `{"tokens": [...], "entities": [{"type", "start", "end"}], "relations": [{"type",
"head", "tail"}], "orig_id"}`: `end` is exclusive, `head` and `tail` are indices into `entities`.
"""

import difflib
import json
import os
from typing import Any, Iterable, Mapping, Optional

from dts_ee.corpora.alignment import align_tokens
from dts_ee.corpora.files import PathOrStr, open_atomically, read_text
from dts_ee.document import Document, DocumentError, Entity, Relation

SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")

_TYPE_NAMES = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number with a fraction",
    str: "a string",
    list: "a list",
    dict: "an object",
}


def read_documents(path: PathOrStr) -> list[Document]:
    """
    All documents of a file.

    Whether it is a list or JSON Lines is seen from its first character, because the output of
    `allennlp predict` is JSON Lines whatever its name.

    # Raises

    `DocumentError`
        If the file, or any document in it, cannot be read. It names the file, the document (by its
        identifier, or else its place: `#3` counts from 1, `line 3` too) and the field.
    """
    name = os.fspath(path)
    text = read_text(path)
    if not text.strip():
        raise DocumentError("the file is empty", path=name)
    try:
        records = _list_records(text) if text.lstrip()[0] == "[" else _line_records(text)
        documents = [document_from_json(record, place) for place, record in records]
    except DocumentError as error:
        raise error.located(None, name) from error.__cause__
    if not documents:
        raise DocumentError("there are no documents in the file", path=name)
    return documents


def document_from_json(
    record: Any, place: Optional[str] = None, annotated: bool = True
) -> Document:
    """
    One document from its JSON.

    Beside the keys of the format it understands `id` (where there is no `orig_id`), `sentence` (the
    text which the tokens make up) and an entity's or a relation's `probability`; other keys are
    passed over, unless they look like a misspelt one that is missing.

    # Parameters

    record : `Any`
        What `json.loads` gave.
    place : `str`, optional (default = `None`)
        Stands in for the identifier of a document that has none.
    annotated : `bool`, optional (default = `True`)
        Whether `entities` must be there. `relations` need not: there is data without any.

    # Raises

    `DocumentError`
        If a key is missing, a value has the wrong type, or the document breaks a rule of
        `Document`.
    """
    if not isinstance(record, dict):
        raise DocumentError(f"a document must be an object, but is {_kind(record)}", None, place)
    document_id = place
    try:
        document_id = _identifier(record, place)
        tokens = tuple(
            _string(token, f"tokens[{i}]")
            for i, token in enumerate(_list(_required(record, "tokens", ""), "tokens"))
        )
        text = offsets = None
        if "sentence" in record:
            text = _string(record["sentence"], "sentence")
            offsets = align_tokens(tokens, text)
        return Document(
            tokens=tokens,
            entities=tuple(
                _entity(entity, f"entities[{i}]")
                for i, entity in enumerate(_annotations(record, "entities", annotated))
            ),
            relations=tuple(
                _relation(relation, f"relations[{i}]")
                for i, relation in enumerate(_annotations(record, "relations", False))
            ),
            id=document_id,
            text=text,
            token_offsets=offsets,
        )
    except DocumentError as error:
        raise error.located(document_id, None) from None


def document_to_json(document: Document) -> dict[str, Any]:
    """
    The JSON of a document, from which `document_from_json` makes the same document again.

    Entities also carry their `text` and the characters `start_char` to `end_char` (exclusive), in
    `sentence` where the document has its text, else in the tokens joined by spaces.
    """
    record: dict[str, Any] = {}
    if document.id is not None:
        record["orig_id"] = document.id
    if document.text is not None:
        record["sentence"] = document.text
    record["tokens"] = list(document.tokens)
    record["entities"] = []
    for entity in document.entities:
        start_char, end_char = document.character_span(entity.start, entity.end)
        item: dict[str, Any] = {
            "type": entity.type,
            "start": entity.start,
            "end": entity.end,
            "text": document.entity_text(entity),
            "start_char": start_char,
            "end_char": end_char,
        }
        if entity.probability is not None:
            item["probability"] = entity.probability
        record["entities"].append(item)
    record["relations"] = []
    for relation in document.relations:
        item = {"type": relation.type, "head": relation.head, "tail": relation.tail}
        if relation.probability is not None:
            item["probability"] = relation.probability
        record["relations"].append(item)
    return record


def write_documents(path: PathOrStr, documents: Iterable[Document]) -> None:
    """
    Writes documents to a `.json`, `.jsonl`, `.json.gz` or `.jsonl.gz` file, all of them or none.

    # Raises

    `DocumentError`
        If the name ends in none of these.
    """
    name = os.fspath(path)
    if not name.endswith(SUFFIXES):
        raise DocumentError(f"the name must end in one of {', '.join(SUFFIXES)}", path=name)
    as_list = name.endswith((".json", ".json.gz"))
    with open_atomically(path) as file:
        separator = "[\n" if as_list else ""
        for document in documents:
            file.write(separator)
            file.write(json.dumps(document_to_json(document), ensure_ascii=False))
            separator = ",\n" if as_list else "\n"
        if as_list:
            file.write("[]\n" if separator == "[\n" else "\n]\n")
        elif separator:
            file.write("\n")


def _list_records(text: str) -> list[tuple[str, Any]]:
    records = _loads(text, None)
    return [(f"#{i}", record) for i, record in enumerate(records, start=1)]


def _line_records(text: str) -> list[tuple[str, Any]]:
    # Not `splitlines`, which also splits at characters that JSON allows inside strings.
    lines = [(i, line) for i, line in enumerate(text.split("\n"), start=1) if line.strip()]
    try:
        return [(f"line {i}", _loads(line, i)) for i, line in lines]
    except DocumentError:
        if len(lines) == 1 or not _is_json(text):
            raise
        raise DocumentError(
            "the file is one JSON value over several lines; a list of documents is expected, or "
            "one document per line"
        ) from None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _loads(text: str, line: Optional[int]) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        cut_off = not text[error.pos :].strip() or error.msg.startswith("Unterminated string")
        hint = "; it seems to be cut off" if cut_off else ""
        raise DocumentError(
            f"invalid JSON in line {line or error.lineno}, column {error.colno}: {error.msg}{hint}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"invalid JSON in line {line or 1}: {error}") from error


def _kind(value: Any) -> str:
    return _TYPE_NAMES[type(value)]


def _identifier(record: Mapping[str, Any], place: Optional[str]) -> Optional[str]:
    for key in ("orig_id", "id"):
        if key in record:
            value = record[key]
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
            return _string(value, key)
    return place


def _required(record: Mapping[str, Any], key: str, field: str) -> Any:
    if key in record:
        return record[key]
    similar = _misspelt(record, key)
    hint = f', but an unknown "{similar}"' if similar else ""
    raise DocumentError(f'there is no "{key}"{hint}', f"{field}.{key}" if field else key)


def _annotations(record: Mapping[str, Any], key: str, required: bool) -> list[Any]:
    if key not in record and not required and not _misspelt(record, key):
        return []
    return _list(_required(record, key, ""), key)


_KNOWN_KEYS = {
    "tokens",
    "entities",
    "relations",
    "orig_id",
    "id",
    "sentence",
    "type",
    "start",
    "end",
    "text",
    "start_char",
    "end_char",
    "head",
    "tail",
    "probability",
}


def _misspelt(record: Mapping[str, Any], key: str) -> Optional[str]:
    """The unknown key of the record which may be meant to be `key`."""
    unknown = {name.lower(): name for name in record if name not in _KNOWN_KEYS}
    similar = difflib.get_close_matches(key, unknown, n=1, cutoff=0.7)
    return unknown[similar[0]] if similar else None


def _list(value: Any, field: str) -> list[Any]:
    if not isinstance(value, list):
        raise DocumentError(f"must be a list, but is {_kind(value)}", field)
    return value


def _object(value: Any, field: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DocumentError(f"must be an object, but is {_kind(value)}", field)
    return value


def _string(value: Any, field: str) -> str:
    if not isinstance(value, str):
        raise DocumentError(f"must be a string, but is {_kind(value)}", field)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise DocumentError(f"holds half of a surrogate pair: {value!a}", field) from None
    return value


def _index(record: Mapping[str, Any], key: str, field: str) -> int:
    value = _required(record, key, field)
    if isinstance(value, bool) or not isinstance(value, int):
        shown = f" ({value})" if isinstance(value, float) else ""
        raise DocumentError(
            f"must be a whole number, but is {_kind(value)}{shown}", f"{field}.{key}"
        )
    return value


def _entity(value: Any, field: str) -> Entity:
    record = _object(value, field)
    return Entity(
        type=_string(_required(record, "type", field), f"{field}.type"),
        start=_index(record, "start", field),
        end=_index(record, "end", field),
        probability=_probability(record, field),
    )


def _relation(value: Any, field: str) -> Relation:
    record = _object(value, field)
    return Relation(
        type=_string(_required(record, "type", field), f"{field}.type"),
        head=_index(record, "head", field),
        tail=_index(record, "tail", field),
        probability=_probability(record, field),
    )


def _probability(record: dict[str, Any], field: str) -> Optional[float]:
    probability = record.get("probability")
    if probability is None:
        return None
    if isinstance(probability, bool) or not isinstance(probability, (int, float)):
        raise DocumentError(
            f"must be a number, but is {_kind(probability)}", f"{field}.probability"
        )
    return float(probability)
