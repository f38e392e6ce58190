"""
Reading a file with all its problems, not only the first.
"""

from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Optional

from dts_ee.corpora.corpus import Remark
from dts_ee.corpora.files import PathOrStr
from dts_ee.corpora.recognition import with_hint
from dts_ee.corpora.spert import SPERT_FORMATS, document_from_json, read_records
from dts_ee.document import Document, DocumentError, Field, FieldParts


@dataclass
class ReadDocuments:
    """
    The documents and the problems of a file.

    # Parameters

    documents : `list[Document]`
        The documents that can be read.
    problems : `list[DocumentError]`
        The errors in the other documents, in the order of the file.
    remarks : `list[Remark]`
        Possible mistakes in the documents.
    """

    documents: list[Document] = field(default_factory=list)
    problems: list[DocumentError] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


def read_with_problems(path: PathOrStr) -> ReadDocuments:
    """
    Reads the documents of a file in SpERT's JSON, or JSON Lines, and all problems in it.

    A file that looks like one of another format has one problem, which says how to convert it.

    # Parameters

    path : `PathOrStr`
        The file. If it cannot be read at all, there is one problem, and no documents.
    """
    result = ReadDocuments()
    try:
        records = read_records(path)
    except DocumentError as error:
        result.problems.append(with_hint(error, path, SPERT_FORMATS))
        return result
    for name, record in records:
        if isinstance(record, DocumentError):
            result.problems.append(record)
            continue
        document, problems = _document_with_problems(record, name, result.remarks)
        result.problems += [problem.located(None, str(path)) for problem in problems]
        if document is not None:
            result.documents.append(document)
    if result.problems:
        first = with_hint(result.problems[0], path, SPERT_FORMATS)
        if first is not result.problems[0]:
            return ReadDocuments(problems=[first])
    return result


def _document_with_problems(
    record: Any, name: str, remarks: list[Remark]
) -> tuple[Optional[Document], list[DocumentError]]:
    """
    The document, or all its problems.

    `document_from_json` stops at the first problem. The invalid value is then replaced by a valid
    one, and the record is read again, until there is no problem or nothing can be replaced.
    """
    problems: list[DocumentError] = []
    # The original index of each relation that is left; entities keep their indices.
    indices = list(range(len(record["relations"]))) if _has_relations(record) else []
    while True:
        repeats: list[Remark] = []
        try:
            document = document_from_json(record, name, repeats=repeats)
        except DocumentError as error:
            problems.append(_with_original_index(error, indices))
            repaired = _repaired(record, error.field or (), indices)
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


def _with_original_index(error: DocumentError, indices: list[int]) -> DocumentError:
    """The error, with the original index of its relation."""
    field = error.field
    if field is not None and len(field) > 1 and field[0] == "relations":
        field = Field(("relations", indices[int(field[1])], *field[2:]))
    return DocumentError(error.problem, field, error.document_id, error.path)


def _repaired(
    record: Mapping[str, Any], field: FieldParts, indices: list[int]
) -> Optional[dict[str, Any]]:
    """The record with an invalid field replaced or removed; `None` if that is not possible."""
    if not field:
        return None
    key = str(field[0])
    if len(field) == 1:
        repair = _REPAIRS.get(key)
        return None if repair is None else repair(record)
    if key not in ("tokens", "entities", "relations"):
        return None
    items, index = list(record[key]), int(field[1])
    if key == "tokens":
        items[index] = "x"
        return _without("sentence")({**record, key: items})
    if key == "entities":
        # Replaced, so that relations find it at its index, by an entity unlike any other.
        items[index] = {"type": f"\0{index}", "start": 0, "end": 1}
    else:
        del items[index]
        del indices[index]
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
"""How to repair an invalid key. Without tokens, nothing else can be checked."""
