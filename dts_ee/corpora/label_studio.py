"""
Label Studio's JSON format, as it is exported.

A task has its text under `data`, and annotations. The results of an annotation are entities
(`type` is `labels`, `hypertextlabels` or `paragraphlabels`, with characters and the labels under
`value`) and relations (`from_id`, `to_id`, `direction` and `labels`). Predictions have results too,
with scores. Files that are written by `write_label_studio` also have the tokens under `data`, as
lists of start and end characters; Label Studio exports `data` unchanged.
"""

import json
import os
from dataclasses import dataclass
from typing import Any, Iterator, Optional

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr, read_text
from dts_ee.corpora.json_values import as_list, as_object, as_string, kind_of, required
from dts_ee.corpora.label_studio_texts import TaskText, TextFinder
from dts_ee.corpora.record_errors import RecordErrors
from dts_ee.corpora.text_reading import Spans, TextReading
from dts_ee.corpora.unread import Unread
from dts_ee.document import Document, DocumentError, Field, FieldParts

_ENTITY_KINDS = ("labels", "hypertextlabels", "paragraphlabels")

_ANNOTATIONS = ("annotations", "completions")
"""The key of a task's annotations, and what it was before Label Studio 1.0."""

_READ_PREDICTIONS = "--unannotated predictions reads those of tasks without annotation"


@dataclass
class _Task:
    """
    A task, with the results that are read.

    `results` is `None` if it was not annotated. `num_predictions` counts the predictions that are
    not read, without those of which the file has only the number.
    """

    name: str
    data: dict[str, Any]
    id: str
    results: Optional[list[tuple[Field, dict[str, Any]]]]
    num_predictions: int
    remarks: list[tuple[str, str, Field]]
    has_only_numbers: bool = False
    """Whether it has no annotation, and of its predictions only the numbers."""

    def values(self) -> list[dict[str, Any]]:
        """The values of the entities."""
        return [
            value
            for _, result in self.results or ()
            if result.get("type") in _ENTITY_KINDS
            and isinstance(value := result.get("value"), dict)
        ]


def read_label_studio(
    path: PathOrStr,
    reading: TextReading,
    text_key: Optional[str] = None,
    unannotated: Optional[str] = None,
    on_error: Optional[str] = None,
) -> Corpus:
    """
    The sentences of all tasks that were annotated; the tasks are the groups.

    Of several annotations of a task, the first that was not cancelled is taken. A result with
    several labels is several entities or relations, and a relation in both directions is two.

    # Parameters

    path : `PathOrStr`
        The file, exported as `JSON`.
    reading : `TextReading`
        How a text without tokens is divided into sentences and tokens.
    text_key : `str`, optional (default = `None`)
        The key of the text in `data`, if it has to be told; see `TextFinder`.
    unannotated : `str`, optional (default = `None`)
        What is read of a task without annotation: with `"predictions"` the first of its
        predictions, with `"empty"` a text without entities. Otherwise it is left out.
    on_error : `str`, optional (default = `None`)
        What happens to an invalid task; see `RecordErrors`.

    # Raises

    `DocumentError`
        If the file cannot be read, a task is invalid, or none was annotated.
    """
    name = os.fspath(path)
    documents: list[Document] = []
    groups: list[str] = []
    remarks: list[Remark] = []
    errors = RecordErrors(path, on_error)
    tasks = []
    for number, value in enumerate(_tasks(path), start=1):
        with errors.located(f"#{number}"):
            tasks.append(_task(value, number, unannotated))
    annotated = [task for task in tasks if task.results is not None]
    num_unread = sum(task.num_predictions > 0 for task in tasks)
    num_numbers = sum(task.has_only_numbers for task in tasks)
    if tasks and not annotated:
        hint = f"; {num_unread} have predictions: {_READ_PREDICTIONS}" if num_unread else ""
        if num_numbers:
            hint += f"; {_only_numbers(num_numbers)}"
        raise DocumentError(f"none of the {len(tasks)} tasks was annotated{hint}", path=name)
    unread = Unread()
    finder = TextFinder([(task.data, task.values()) for task in annotated], text_key)
    for task in tasks:
        if task.results is None:
            preview = json.dumps(task.data, ensure_ascii=False)[:80]
            remarks.append(Remark("task without annotation", preview, document=task.name))
            continue
        with errors.located(task.name):
            text, sentences = _sentences(task, finder, reading, unread)
            documents.extend(sentences)
            groups.extend(task.name.removeprefix("#") for _ in sentences)
            remarks.extend(text.remarks)
    remarks += [*errors.remarks, *unread.remarks()]
    if num_unread:
        detail = f"predictions of {num_unread} tasks are not read; {_READ_PREDICTIONS}"
        remarks.append(Remark("predictions that are not read", detail))
    if num_numbers:
        remarks.append(Remark("predictions that are not in the file", _only_numbers(num_numbers)))
    return Corpus(documents, groups, remarks)


def _only_numbers(num_tasks: int) -> str:
    return (
        f"of {num_tasks} tasks the file has only the numbers of predictions; exports of Label "
        "Studio's API have them with predictions.only_id false"
    )


def _tasks(path: PathOrStr) -> list[Any]:
    try:
        tasks = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        if isinstance(error, DocumentError):
            raise
        raise DocumentError(f"invalid JSON: {error}", path=os.fspath(path)) from error
    if isinstance(tasks, dict) and "data" in tasks:
        return [tasks]
    if not isinstance(tasks, list):
        raise DocumentError("a list of tasks is expected", path=os.fspath(path))
    return tasks


def _task(value: Any, number: int, unannotated: Optional[str]) -> _Task:
    task = as_object(value, ())
    data = as_object(required(task, "data", ()), ("data",))
    name = f"#{number}"
    id = as_string(str(data.get("id", task.get("id", name))), ("data", "id"))
    found = _Task(name, data, id, None, 0, [])
    annotations = _annotations(task)
    predictions = _predictions(task)
    if annotations:
        _use_first(found, annotations, "annotation")
        found.num_predictions = len(predictions)
    elif predictions and unannotated == "predictions":
        _use_first(found, predictions, "prediction")
    else:
        found.num_predictions = len(predictions)
        found.has_only_numbers = bool(task.get("predictions")) and not predictions
        if unannotated == "empty":
            found.results = []
    return found


def _annotations(task: dict[str, Any]) -> list[tuple[Field, dict[str, Any]]]:
    """The annotations that were not cancelled, with their fields."""
    for key in _ANNOTATIONS:
        if task.get(key) is not None:
            annotations = [
                (Field((key, i)), as_object(annotation, (key, i)))
                for i, annotation in enumerate(as_list(task[key], (key,)))
            ]
            return [item for item in annotations if not item[1].get("was_cancelled")]
    return []


def _predictions(task: dict[str, Any]) -> list[tuple[Field, dict[str, Any]]]:
    """The predictions, with their fields; some exports have their numbers instead."""
    return [
        (Field(("predictions", i)), prediction)
        for i, prediction in enumerate(as_list(task.get("predictions") or [], ("predictions",)))
        if isinstance(prediction, dict)
    ]


def _use_first(task: _Task, items: list[tuple[Field, dict[str, Any]]], kind: str) -> None:
    for field, item in items[1:]:
        size = len(as_list(required(item, "result", field), (*field, "result")))
        task.remarks.append((f"more than one {kind}", f"{size} results", field))
    field, item = items[0]
    task.results = list(_results(item, field))


def _results(item: dict[str, Any], field: FieldParts) -> Iterator[tuple[Field, dict[str, Any]]]:
    results = as_list(required(item, "result", field), (*field, "result"))
    for i, result in enumerate(results):
        location = Field((*field, "result", i))
        yield location, as_object(result, location)


def _sentences(
    task: _Task, finder: TextFinder, reading: TextReading, unread: Unread
) -> tuple[AnnotatedText, list[Document]]:
    task_text, names = finder.text(task.data, task.values())
    for name in names:
        unread.add(name, task.name)
    text = AnnotatedText(task.id, task_text.text)
    text.tokens = _tokens(task.data, text.text)
    for problem, detail, field in task.remarks:
        text.remark(problem, detail, field)
    # Relations name entities, which may come later.
    regions: dict[str, _Region] = {}
    for location, result in task.results or ():
        if result.get("type") in _ENTITY_KINDS:
            _add_entity(text, result, task_text, location, regions)
    for location, result in task.results or ():
        if result.get("type") == "relation":
            _add_relations(text, result, location, regions)
        elif result.get("type") not in _ENTITY_KINDS:
            text.remark("result of another kind", str(result.get("type")), location)
    return text, text.documents(reading)


def _tokens(data: dict[str, Any], text: str) -> Optional[Spans]:
    if "tokens" not in data:
        return None
    spans: Spans = []
    for i, span in enumerate(as_list(data["tokens"], ("data", "tokens"))):
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


@dataclass
class _Region:
    """The characters and the labels of an entity."""

    span: tuple[int, int]
    labels: list[str]


def _add_entity(
    text: AnnotatedText,
    result: dict[str, Any],
    task_text: TaskText,
    location: Field,
    regions: dict[str, _Region],
) -> None:
    field = (*location, "value")
    value = as_object(required(result, "value", location), field)
    kind = str(result["type"])
    types = _strings(required(value, kind, field), (*field, kind))
    id = as_string(required(result, "id", location), (*location, "id"))
    start, end = task_text.span(value, field)
    region = regions.setdefault(id, _Region((start, end), []))
    # Where a task has several sets of labels, a region has a result for each.
    if region.span != (start, end) or set(region.labels) & set(types):
        raise DocumentError(f"the id {id!r} occurs twice", (*location, "id"))
    region.labels += types
    quoted = value.get("text")
    if not types:
        text.remark("entity without a label", str(quoted), location)
    for type in types:
        entity = TextEntity((id, type), type, start, end, location, _score(result, location))
        if isinstance(quoted, str) and quoted.strip():
            text.add_quoted(entity, quoted)
        else:
            text.entities.append(entity)
    if len(region.labels) > 1:
        text.remark("entity with several labels", ", ".join(region.labels), location, lost=False)


def _add_relations(
    text: AnnotatedText, result: dict[str, Any], location: Field, regions: dict[str, _Region]
) -> None:
    head, tail = (
        as_string(required(result, key, location), (*location, key)) for key in ("from_id", "to_id")
    )
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
            head_key, tail_key = (
                (id, regions[id].labels[0] if id in regions and regions[id].labels else "")
                for id in ids
            )
            text.relations.append(
                TextRelation(type, head_key, tail_key, location, _score(result, location))
            )


def _score(result: dict[str, Any], location: Field) -> Optional[float]:
    score = result.get("score")
    if score is None:
        return None
    if isinstance(score, bool) or not isinstance(score, (int, float)):
        raise DocumentError(f"must be a number, but is {kind_of(score)}", (*location, "score"))
    if not 0 <= score <= 1:
        raise DocumentError(f"{score} is not between 0 and 1", (*location, "score"))
    return float(score)


def _strings(values: Any, field: FieldParts) -> list[str]:
    return [as_string(value, (*field, i)) for i, value in enumerate(as_list(values, field))]
