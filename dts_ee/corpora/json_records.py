"""
Files of JSON records: a list of them, or one per line (JSON Lines).
"""

import json
import os
from typing import Any, Optional

from dts_ee.corpora.files import PathOrStr, read_bytes
from dts_ee.corpora.lines import check_utf8, split_lines
from dts_ee.document import DocumentError


def read_json_records(path: PathOrStr) -> list[tuple[str, Any]]:
    """
    The JSON of each record of a file.

    The first character decides whether it is a list or JSON Lines.

    # Returns

    `list[tuple[str, Any]]`
        The location of each record (`#3` counts from 1, `line 3` too), and what `json.loads` gave.
        In the place of a line that is no JSON or not UTF-8, there is the `DocumentError`.

    # Raises

    `DocumentError`
        If the file cannot be read, is empty, or is no JSON as a whole.
    """
    # Each byte that is not UTF-8 becomes half of a surrogate pair, and its line an error.
    text = read_bytes(path).decode("utf-8-sig", errors="surrogateescape")
    try:
        if not text.strip():
            raise DocumentError("the file is empty")
        return _list_records(text) if text.lstrip()[0] == "[" else _line_records(text)
    except DocumentError as error:
        raise error.located(None, os.fspath(path)) from error.__cause__


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
    check_utf8(text, line)
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
