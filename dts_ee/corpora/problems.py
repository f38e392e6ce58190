"""
Reading on after what cannot be read, so that all problems of a file are known at once.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Optional

from dts_ee.corpora.corpus import Remark
from dts_ee.corpora.files import PathOrStr
from dts_ee.corpora.spert import document_from_json, read_records
from dts_ee.document import Document, DocumentError


@dataclass
class ReadDocuments:
    """
    What a file has.

    # Parameters

    documents : `list[Document]`
        The documents that can be read.
    problems : `list[DocumentError]`
        Everything that is wrong with the others, in the order of the file.
    remarks : `list[Remark]`
        What can be read, and is perhaps not as it should be.
    """

    documents: list[Document] = field(default_factory=list)
    problems: list[DocumentError] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def read_with_problems(path: PathOrStr) -> ReadDocuments:
    """
    The documents of a file in SpERT's JSON, or JSON Lines, and everything that is wrong in it.

    # Parameters

    path : `PathOrStr`
        The file. One that cannot be read at all has one problem, and no documents.
    """
    found = ReadDocuments()
    try:
        records = read_records(path)
    except DocumentError as error:
        found.problems.append(error)
        return found
    for place, record in records:
        if isinstance(record, DocumentError):
            found.problems.append(record)
            continue
        document, problems = _document_with_problems(record, place, found.remarks)
        found.problems += [problem.located(None, str(path)) for problem in problems]
        if document is not None:
            found.documents.append(document)
    return found


def _document_with_problems(
    record: Any, place: str, remarks: list[Remark]
) -> tuple[Optional[Document], list[DocumentError]]:
    """
    The document, or all that is wrong with it.

    `document_from_json` stops at the first problem. What it is about is then replaced by something
    harmless, and the record is tried again, until nothing is wrong or nothing can be replaced.
    """
    problems: list[DocumentError] = []
    # Where each relation that is still there was at first; entities keep their places.
    places = list(range(len(record.get("relations") or ()))) if _has_relations(record) else []
    while True:
        repeats: list[Remark] = []
        try:
            document = document_from_json(record, place, repeats=repeats)
        except DocumentError as error:
            problems.append(_with_first_places(error, places))
            repaired = _repaired(record, error.field or "", places)
            if repaired is None:
                return None, problems
            record = repaired
        else:
            if problems:
                return None, problems
            remarks += repeats
            return document, problems


def _has_relations(record: Any) -> bool:
    return isinstance(record, dict) and isinstance(record.get("relations"), list)


def _with_first_places(error: DocumentError, places: list[int]) -> DocumentError:
    def first_place(match: re.Match[str]) -> str:
        return str(places[int(match[0])])

    field = error.field and re.sub(r"(?<=^relations\[)\d+", first_place, error.field)
    return DocumentError(error.problem, field, error.document_id, error.path)


def _repaired(record: Mapping[str, Any], field: str, places: list[int]) -> Optional[dict[str, Any]]:
    """The record without what a field is wrong in, or `None` where nothing would be left."""
    match = re.match(r"(\w+)(?:\[(\d+)\])?", field)
    if match is None:
        return None
    key, index = match[1], match[2]
    if index is None:
        repair = _REPAIRS.get(key)
        return None if repair is None else repair(record)
    if key not in ("tokens", "entities", "relations"):
        return None
    items = list(record[key])
    if key == "tokens":
        items[int(index)] = "x"
        return _without("sentence")({**record, key: items})
    if key == "entities":
        # It keeps its place for the relations, and is like no other.
        items[int(index)] = {"type": f"\0{index}", "start": 0, "end": 1}
    else:
        del items[int(index)]
        del places[int(index)]
    return {**record, key: items}


def _without(*keys: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    return lambda record: {key: value for key, value in record.items() if key not in keys}


_REPAIRS: dict[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "sentence": _without("sentence"),
    "start_char": _without("start_char"),
    "orig_id": _without("orig_id", "id"),
    "id": _without("orig_id", "id"),
    "entities": lambda record: {**record, "entities": [], "relations": []},
    "relations": lambda record: {**record, "relations": []},
}
"""What to do where a whole key is wrong. Without tokens nothing else can be said."""
