"""
Label Studio's JSON format, for its export and import.

A task has its text under `data`, and annotations. The results of an annotation are entities
(`type` is `labels` or `hypertextlabels`, with `start`, `end` and the labels under `value`) and
relations (`from_id`, `to_id`, `direction` and `labels`). Files that are written here also have the
tokens under `data`, as lists of start and end characters; Label Studio exports `data` unchanged.
"""

import json
import os
from typing import Any, Iterator, Optional, Sequence

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr, open_atomically, read_text
from dts_ee.corpora.text_reading import Spans, TextReading
from dts_ee.corpora.token_rows import lost_position
from dts_ee.document import Document, DocumentError, Field, FieldParts

_ENTITY_KINDS = ("labels", "hypertextlabels")


def read_label_studio(path: PathOrStr, reading: TextReading) -> Corpus:
    """
    The sentences of all tasks that were annotated; the tasks are the groups.

    Of several annotations of a task, the first that was not cancelled is taken. A result with
    several labels is several entities or relations, and a relation in both directions is two. If
    the characters of an entity do not match its text, the text is searched.

    # Parameters

    path : `PathOrStr`
        The file, exported as `JSON`.
    reading : `TextReading`
        How a text without tokens is divided into sentences and tokens.

    # Raises

    `DocumentError`
        If the file cannot be read, or a task is invalid.
    """
    name = os.fspath(path)
    documents: list[Document] = []
    groups: list[str] = []
    remarks: list[Remark] = []
    for number, task in enumerate(_tasks(path), start=1):
        try:
            text = _annotated(task, number)
            sentences = text.documents(reading) if text else []
        except DocumentError as error:
            raise error.located(f"#{number}", name) from None
        if text is None:
            remarks.append(Remark("task without annotation", _preview(task), document=f"#{number}"))
            continue
        documents.extend(sentences)
        groups.extend(str(number) for _ in sentences)
        remarks.extend(text.remarks)
    return Corpus(documents, groups, remarks)


def _tasks(path: PathOrStr) -> list[Any]:
    try:
        tasks = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, DocumentError):
            raise
        raise DocumentError(f"invalid JSON: {error}", path=os.fspath(path)) from error
    if not isinstance(tasks, list):
        raise DocumentError("a list of tasks is expected", path=os.fspath(path))
    return tasks


def _preview(task: Any) -> str:
    return json.dumps(task["data"], ensure_ascii=False)[:80]


def _annotated(task: Any, number: int) -> Optional[AnnotatedText]:
    """The text of a task with its annotation, or `None` if it has none."""
    data = _get(task, "data", dict, ())
    if "annotations" not in task:
        raise DocumentError(
            'there is no "annotations": export as "JSON", not as "JSON-MIN"', "annotations"
        )
    text = AnnotatedText(str(data.get("id", task.get("id", f"#{number}"))), _text(data))
    text.tokens = _tokens(data, text.text)
    annotations = [
        (i, annotation)
        for i, annotation in enumerate(_get(task, "annotations", list, ()))
        if not _dict(annotation, ("annotations", i)).get("was_cancelled")
    ]
    if not annotations:
        return None
    for i, annotation in annotations[1:]:
        size = len(_get(annotation, "result", list, ("annotations", i)))
        location = Field(("annotations", i))
        text.remark("more than one annotation", f"{size} results", location)
    i, annotation = annotations[0]
    results = list(_results(annotation, ("annotations", i)))
    # Relations name entities, which may come later.
    labels: dict[str, list[str]] = {}
    for location, result in results:
        if result.get("type") in _ENTITY_KINDS:
            _add_entity(text, result, location, labels)
    for location, result in results:
        if result.get("type") == "relation":
            _add_relations(text, result, location, labels)
        elif result.get("type") not in _ENTITY_KINDS:
            text.remark("result of another kind", str(result.get("type")), location)
    return text


def _results(
    annotation: dict[str, Any], field: FieldParts
) -> Iterator[tuple[Field, dict[str, Any]]]:
    for i, result in enumerate(_get(annotation, "result", list, field)):
        location = Field((*field, "result", i))
        yield location, _dict(result, location)


def _text(data: dict[str, Any]) -> str:
    if "text" in data:
        return _get(data, "text", str, ("data",))
    texts = [value for key, value in data.items() if isinstance(value, str) and key != "id"]
    if len(texts) != 1:
        raise DocumentError('there is no "text", and no or more than one other string', "data")
    return texts[0]


def _tokens(data: dict[str, Any], text: str) -> Optional[Spans]:
    if "tokens" not in data:
        return None
    spans: Spans = []
    for i, span in enumerate(_get(data, "tokens", list, ("data",))):
        field = ("data", "tokens", i)
        if (
            not isinstance(span, list)
            or len(span) != 2
            or any(value.__class__ is not int for value in span)
        ):
            raise DocumentError(f"{span!r} is not a start and an end character", field)
        start, end = span
        if not (spans[-1][1] if spans else 0) <= start < end <= len(text):
            raise DocumentError(f"{span} is out of order, or not in the text", field)
        spans.append((start, end))
    return spans


def _add_entity(
    text: AnnotatedText, result: dict[str, Any], location: Field, labels: dict[str, list[str]]
) -> None:
    value = _get(result, "value", dict, location)
    field = (*location, "value")
    types = _strings(_get(value, result["type"], list, field), (*field, result["type"]))
    id = _get(result, "id", str, location)
    if id in labels:
        raise DocumentError(f"the id {id!r} occurs twice", (*location, "id"))
    labels[id] = types
    if not types:
        text.remark("entity without a label", str(value.get("text")), location)
    start, end = (_get(value, key, int, field) for key in ("start", "end"))
    for type in types:
        entity = TextEntity((id, type), type, start, end, location, _score(result, location))
        quoted = value.get("text")
        if isinstance(quoted, str) and quoted.strip():
            text.add_quoted(entity, quoted)
        else:
            text.entities.append(entity)
    if len(types) > 1:
        text.remark("entity with several labels", ", ".join(types), location, lost=False)


def _add_relations(
    text: AnnotatedText, result: dict[str, Any], location: Field, labels: dict[str, list[str]]
) -> None:
    head, tail = (_get(result, key, str, location) for key in ("from_id", "to_id"))
    types = _strings(result.get("labels") or [], (*location, "labels"))
    if not types:
        text.remark("relation without a label", f"from {head} to {tail}", location)
    direction = result.get("direction", "right")
    if direction not in ("right", "left", "bi"):
        raise DocumentError(f"{direction!r} is not right, left or bi", (*location, "direction"))
    pairs = [(head, tail)] if direction in ("right", "bi") else []
    if direction in ("left", "bi"):
        pairs.append((tail, head))
    if direction == "bi":
        text.remark(
            "relation in both directions", f"between {head} and {tail}", location, lost=False
        )
    for type in types:
        for ids in pairs:
            # Of an entity with several labels, the relation is with the first.
            head_key, tail_key = ((id, (labels.get(id) or [""])[0]) for id in ids)
            text.relations.append(
                TextRelation(type, head_key, tail_key, location, _score(result, location))
            )


def _score(result: dict[str, Any], location: Field) -> Optional[float]:
    score = result.get("score")
    if score is not None and (isinstance(score, bool) or not isinstance(score, (int, float))):
        raise DocumentError(f"{score!r} is not a number", (*location, "score"))
    return score


def _get(record: Any, key: str, type: type, field: FieldParts) -> Any:
    value = _dict(record, field).get(key)
    # `isinstance` takes booleans for numbers.
    if value.__class__ is not type:
        kinds = {dict: "an object", list: "a list", str: "a string", int: "a whole number"}
        raise DocumentError(f"must be {kinds[type]}", (*field, key))
    return value


def _dict(value: Any, field: FieldParts) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise DocumentError("must be an object", field)
    return value


def _strings(values: Any, field: FieldParts) -> list[str]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise DocumentError("must be a list of strings", field)
    return values


def write_label_studio(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes a file for Label Studio's import, completely or not at all.

    # Returns

    `list[Remark]`
        What the format cannot express: positions in a longer text.
    """
    tasks = [_task(document) for document in documents]
    with open_atomically(path) as file:
        json.dump(tasks, file, ensure_ascii=False, indent=1)
        file.write("\n")
    return [remark for document in documents for remark in lost_position(document)]


def _task(document: Document) -> dict[str, Any]:
    text = " ".join(document.tokens) if document.text is None else document.text
    data: dict[str, Any] = {"text": text}
    if document.id is not None:
        data["id"] = document.id
    data["tokens"] = [list(document.character_span(i, i + 1)) for i in range(len(document.tokens))]
    results: list[dict[str, Any]] = []
    for i, entity in enumerate(document.entities):
        start, end = document.character_span(entity.start, entity.end)
        value = {"start": start, "end": end, "text": text[start:end], "labels": [entity.type]}
        result = {"id": f"e{i}", "from_name": "label", "to_name": "text", "type": "labels"}
        results.append(_scored({**result, "value": value}, entity.probability))
    for relation in document.relations:
        results.append(
            _scored(
                {
                    "type": "relation",
                    "from_id": f"e{relation.head}",
                    "to_id": f"e{relation.tail}",
                    "direction": "right",
                    "labels": [relation.type],
                },
                relation.probability,
            )
        )
    return {"data": data, "annotations": [{"result": results}]}


def _scored(result: dict[str, Any], probability: Optional[float]) -> dict[str, Any]:
    return result if probability is None else {**result, "score": probability}
