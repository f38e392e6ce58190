"""
Files of JSON records: a list of them, or one per line (JSON Lines).
"""

import json
import os
from typing import Any, Optional

from dts_ee.corpora.files import PathOrStr, read_text
from dts_ee.corpora.json_values import kind_of
from dts_ee.corpora.lines import split_lines
from dts_ee.document import DocumentError


def json_records(text: str) -> list[tuple[str, Any]]:
    """
    The JSON of each record of a text that is not empty.

    # Returns

    `list[tuple[str, Any]]`
        The location of each record (`#3` counts from 1, `line 3` too), and what `json.loads` gave.
        In the place of a line that is no JSON, there is the `DocumentError`.

    # Raises

    `DocumentError`
        If the text is no JSON as a whole.
    """
    return _list_records(text) if text.lstrip()[0] == "[" else _line_records(text)


def read_json_objects(path: PathOrStr) -> list[tuple[str, dict[str, Any]]]:
    """
    The objects of a file, with their locations, as `json_records` returns them.

    # Raises

    `DocumentError`
        If the file cannot be read or is empty, a line is no JSON, or a record is no object.
    """
    name = os.fspath(path)
    text = read_text(path)
    if not text.strip():
        raise DocumentError("the file is empty", path=name)
    try:
        records = json_records(text)
        for location, record in records:
            if isinstance(record, DocumentError):
                raise record
            if not isinstance(record, dict):
                raise DocumentError(
                    f"must be an object, but is {kind_of(record)}", document_id=location
                )
    except DocumentError as error:
        raise error.located(None, name) from error.__cause__
    return records


def _list_records(text: str) -> list[tuple[str, Any]]:
    records = _loads(text, None)
    return [(f"#{i}", record) for i, record in enumerate(records, start=1)]


def _line_records(text: str) -> list[tuple[str, Any]]:
    lines = split_lines(text)
    records: list[tuple[str, Any]] = []
    for i, line in lines:
        try:
            records.append((f"line {i}", _loads(line, i)))
        except DocumentError as error:
            records.append((f"line {i}", error))
    wrong = any(isinstance(record, DocumentError) for _, record in records)
    if wrong and len(lines) > 1 and _is_json(text):
        raise DocumentError(
            "the file is one JSON value over several lines; a list of documents is expected, or "
            "one document per line"
        )
    return records


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
