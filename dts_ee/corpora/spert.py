"""
SpERT's JSON, the common format of corpora for joint entity and relation extraction.

A file is a list of documents, or has one document per line (JSON Lines); either may be gzipped.
A document is `{"tokens": [...], "entities": [{"type", "start", "end"}], "relations": [{"type",
"head", "tail"}], "orig_id"}`: `end` is exclusive, `head` and `tail` are indices into `entities`.
Instead of a document there can be a text of several documents, `{"sentences": [...]}`, as `allennlp
predict` writes it.
"""

import json
import os
from dataclasses import replace
from typing import Any, Callable, Iterable, Mapping, Optional

from dts_ee.characters import is_blank
from dts_ee.corpora.alignment import align_tokens
from dts_ee.corpora.corpus import Remark
from dts_ee.corpora.files import PathOrStr, open_atomically
from dts_ee.corpora.json_records import read_json_records
from dts_ee.corpora.json_values import (
    as_index,
    as_list,
    as_object,
    as_probability,
    as_string,
    kind_of,
    misspelt,
    required,
)
from dts_ee.corpora.recognition import with_hint
from dts_ee.corpora.record_errors import RecordErrors
from dts_ee.corpora.repeats import warn_of_repeats, without_repeats
from dts_ee.document import (
    Document,
    DocumentError,
    Entity,
    FieldParts,
    Relation,
    document_method,
)

SPERT_FORMATS = ("spert", "jsonl")
"""The names of these formats, a list and one document per line; both are read alike."""

SUFFIXES = (".json", ".jsonl", ".json.gz", ".jsonl.gz")

ReadValue = Callable[[Any, FieldParts], Any]

_KEYS = (
    "tokens",
    "entities",
    "relations",
    "orig_id",
    "id",
    "sentence",
    "start_char",
    "tokenizer",
    "windows",
)

_EXTRA_KEYS: dict[str, ReadValue] = {}


def register_extra_key(key: str, read_value: ReadValue) -> None:
    """
    Has a key of a document's JSON read into `Document.extra`, and written from it.

    # Parameters

    key : `str`
        The key.
    read_value : `Callable[[Any, FieldParts], Any]`
        Takes the value and its field, and returns what `extra` is to hold, or raises a
        `DocumentError`.

    # Raises

    `ValueError`
        If the key has another meaning.
    """
    if key in (*_KEYS, "text", "sentences", "gold", *_EXTRA_KEYS):
        raise ValueError(f"the key {key!r} of a document has a meaning already")
    _EXTRA_KEYS[key] = read_value


def read_documents(path: PathOrStr, errors: Optional[RecordErrors] = None) -> list[Document]:
    """
    Reads all documents of a file. A warning lists duplicate entities and relations, which are
    removed.

    The first character decides whether the file is a list or JSON Lines, because the output of
    `allennlp predict` is JSON Lines whatever its name.

    # Parameters

    path : `PathOrStr`
        The file.
    errors : `RecordErrors`, optional (default = `None`)
        What happens to a document that cannot be read; by default, its error is raised.

    # Raises

    `DocumentError`
        If the file, or a document in it, cannot be read. It names the file, the document (by its
        identifier, or else by `#3` or `line 3`, counted from 1) and the field. If the file looks
        like one of another format, it says how to convert it.
    """
    name = os.fspath(path)
    errors = errors or RecordErrors(path)
    documents = []
    repeats: list[Remark] = []
    try:
        for default_id, record in read_records(path):
            # An error names the document, or its line.
            with errors.located(None):
                if isinstance(record, DocumentError):
                    raise record
                documents.append(document_from_json(record, default_id, repeats=repeats))
    except DocumentError as error:
        raise with_hint(error.located(None, name), name, SPERT_FORMATS) from error.__cause__
    warn_of_repeats(repeats, name)
    return documents


def read_records(path: PathOrStr) -> list[tuple[str, Any]]:
    """
    Reads the JSON of each document of a file, without checking it.

    # Returns

    `list[tuple[str, Any]]`
        The arguments `default_id` and `record` of `document_from_json` for each document. The
        record of an invalid line, or of a text whose sentences are not a list, is a
        `DocumentError`.

    # Raises

    `DocumentError`
        If the file cannot be read, is not JSON, or has no documents.
    """
    name = os.fspath(path)
    records: list[tuple[str, Any]] = []
    for default_id, record in read_json_records(path):
        records += _sentences(record, default_id, name)
    if not records:
        raise DocumentError("there are no documents in the file", path=name)
    return records


def document_from_json(
    record: Any,
    default_id: Optional[str] = None,
    annotated: bool = True,
    repeats: Optional[list[Remark]] = None,
) -> Document:
    """
    Reads a document from its JSON. Duplicate entities and relations are removed.

    In addition to the keys of the format, it reads `id` (if there is no `orig_id`), `sentence` (the
    text of the tokens), `start_char` (the start of the sentence in a longer text), `text` (that
    longer text), `tokenizer` (the configuration of the tokenizer that made the tokens), `windows`
    (the number of sentences that were joined) and the `probability` of entities and relations.
    Other keys are ignored, unless they look like a misspelt required key.

    # Parameters

    record : `Any`
        The output of `json.loads`.
    default_id : `str`, optional (default = `None`)
        The identifier of a document without one.
    annotated : `bool`, optional (default = `True`)
        Whether `entities` is required. `relations` never is.
    repeats : `list[Remark]`, optional (default = `None`)
        A list to which duplicates are added; if it is `None`, a warning is logged.

    # Raises

    `DocumentError`
        If a key is missing, a value has the wrong type, or the document breaks a rule of
        `Document`.
    """
    if not isinstance(record, dict):
        raise DocumentError(
            f"a document must be an object, but is {kind_of(record)}", None, default_id
        )
    document_id = default_id
    try:
        document_id = _identifier(record, default_id)
        tokens = tuple(
            as_string(token, ("tokens", i))
            for i, token in enumerate(as_list(required(record, "tokens", ()), ("tokens",)))
        )
        text = offsets = None
        if "sentence" in record:
            text = as_string(record["sentence"], ("sentence",))
            offsets = align_tokens(tokens, text)
        entities = [
            _entity(entity, ("entities", i))
            for i, entity in enumerate(_annotations(record, "entities", annotated))
        ]
        relations = [
            _relation(relation, ("relations", i))
            for i, relation in enumerate(_annotations(record, "relations", False))
        ]
        extra = {
            key: read_value(record[key], (key,))
            for key, read_value in _EXTRA_KEYS.items()
            if key in record
        }
        document = Document(
            tokens=tokens,
            id=document_id,
            text=text,
            token_offsets=offsets,
            start_char=as_index(record, "start_char", ()) if "start_char" in record else None,
            extra=extra,
            tokenizer=record["tokenizer"] if isinstance(record.get("tokenizer"), dict) else None,
            windows=record["windows"] if type(record.get("windows")) is int else None,
            whole_text=record["text"] if isinstance(record.get("text"), str) else None,
        )
        entities, relations, remarks = without_repeats(
            len(tokens), entities, relations, document_id
        )
    except DocumentError as error:
        raise error.located(document_id, None) from None
    if repeats is None:
        warn_of_repeats(remarks)
    else:
        repeats += remarks
    return replace(document, entities=tuple(entities), relations=tuple(relations))


# AllenNLP calls `to_json` when `evaluate` writes the inputs beside the predictions.
@document_method("to_json")
def document_to_json(document: Document) -> dict[str, Any]:
    """
    Converts a document to JSON, from which `document_from_json` reads the same document.

    Entities also have their `text`, and the character offsets `start_char` and `end_char`
    (exclusive). The offsets refer to `sentence`, or to the tokens joined by spaces if the document
    has no text; if the document has a `start_char`, to the longer text of the sentence.
    """
    record: dict[str, Any] = {}
    if document.id is not None:
        record["orig_id"] = document.id
    if document.text is not None:
        record["sentence"] = document.text
    if document.start_char is not None:
        record["start_char"] = document.start_char
    record["tokens"] = list(document.tokens)
    record["entities"] = []
    first_char = document.start_char or 0
    for entity in document.entities:
        start_char, end_char = document.character_span(entity.start, entity.end)
        item: dict[str, Any] = {
            "type": entity.type,
            "start": entity.start,
            "end": entity.end,
            "text": document.entity_text(entity),
            "start_char": first_char + start_char,
            "end_char": first_char + end_char,
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
    if document.tokenizer is not None:
        record["tokenizer"] = dict(document.tokenizer)
    if document.windows is not None:
        record["windows"] = document.windows
    return {**record, **document.extra}


def prediction_to_json(document: Document) -> dict[str, Any]:
    """
    Converts a predicted document to JSON, which always has a `sentence`: without a text, it is the
    tokens joined by spaces.
    """
    return {"sentence": " ".join(document.tokens), **document_to_json(document)}


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


def _sentences(record: Any, default_id: str, path: str) -> list[tuple[str, Any]]:
    """The record of a document, or the records of the sentences of a text."""
    if isinstance(record, DocumentError):
        return [(default_id, record.located(None, path))]
    if not isinstance(record, dict) or "sentences" not in record or "tokens" in record:
        return [] if _is_blank_prediction(record) else [(default_id, record)]
    try:
        sentences = as_list(record["sentences"], ("sentences",))
    except DocumentError as error:
        return [(default_id, error.located(default_id, path))]
    whole = {"text": record["text"]} if isinstance(record.get("text"), str) else {}
    return [
        (f"{default_id}-{i}", {**sentence, **whole} if isinstance(sentence, dict) else sentence)
        for i, sentence in enumerate(sentences, start=1)
    ]


def _is_blank_prediction(record: Any) -> bool:
    """Whether it is what `allennlp predict` writes for a sentence without words."""
    return (
        isinstance(record, dict)
        and isinstance(record.get("sentence"), str)
        and is_blank(record["sentence"])
        and record.get("tokens") == record.get("entities") == record.get("relations") == []
    )


def _identifier(record: Mapping[str, Any], default_id: Optional[str]) -> Optional[str]:
    for key in ("orig_id", "id"):
        if key in record:
            value = record[key]
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
            return as_string(value, (key,))
    return default_id


def _annotations(record: Mapping[str, Any], key: str, expected: bool) -> list[Any]:
    if key not in record and not expected and not misspelt(record, key):
        return []
    return as_list(required(record, key, ()), (key,))


def _entity(value: Any, field: FieldParts) -> Entity:
    record = as_object(value, field)
    return Entity(
        type=as_string(required(record, "type", field), (*field, "type")),
        start=as_index(record, "start", field),
        end=as_index(record, "end", field),
        probability=as_probability(record.get("probability"), (*field, "probability")),
    )


def _relation(value: Any, field: FieldParts) -> Relation:
    record = as_object(value, field)
    return Relation(
        type=as_string(required(record, "type", field), (*field, "type")),
        head=as_index(record, "head", field),
        tail=as_index(record, "tail", field),
        probability=as_probability(record.get("probability"), (*field, "probability")),
    )
