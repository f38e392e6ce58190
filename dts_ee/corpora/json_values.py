"""
Checks of the types of JSON values.
"""

import difflib
from typing import Any, Mapping, Optional

from dts_ee.document import DocumentError, FieldParts

_TYPE_NAMES = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number with a fraction",
    str: "a string",
    list: "a list",
    dict: "an object",
}


def kind_of(value: Any) -> str:
    """The name of a value's type in JSON."""
    return _TYPE_NAMES.get(type(value), type(value).__name__)


def required(record: Mapping[str, Any], key: str, field: FieldParts) -> Any:
    """
    The value of a key.

    # Raises

    `DocumentError`
        If it is missing; the error names a similar unknown key.
    """
    if key in record:
        return record[key]
    similar = misspelt(record, key)
    hint = f', but an unknown "{similar}"' if similar else ""
    raise DocumentError(f'there is no "{key}"{hint}', (*field, key))


_KNOWN_KEYS = {
    "tokens",
    "entities",
    "relations",
    "orig_id",
    "id",
    "sentence",
    "sentences",
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


def misspelt(record: Mapping[str, Any], key: str) -> Optional[str]:
    """The unknown key of the record that is similar to `key`, if there is one."""
    unknown = {name.lower(): name for name in record if name not in _KNOWN_KEYS}
    similar = difflib.get_close_matches(key, unknown, n=1, cutoff=0.7)
    return unknown[similar[0]] if similar else None


def as_list(value: Any, field: FieldParts) -> list[Any]:
    """Returns a value that is a list; raises a `DocumentError` with the field otherwise."""
    if not isinstance(value, list):
        raise DocumentError(f"must be a list, but is {kind_of(value)}", field)
    return value


def as_object(value: Any, field: FieldParts) -> dict[str, Any]:
    """Returns a value that is an object; raises a `DocumentError` with the field otherwise."""
    if not isinstance(value, dict):
        raise DocumentError(f"must be an object, but is {kind_of(value)}", field)
    return value


def as_string(value: Any, field: FieldParts) -> str:
    """Returns a value that is a string in UTF-8; raises a `DocumentError` otherwise."""
    if not isinstance(value, str):
        raise DocumentError(f"must be a string, but is {kind_of(value)}", field)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise DocumentError(f"holds half of a surrogate pair: {value!a}", field) from None
    return value


def as_index(record: Mapping[str, Any], key: str, field: FieldParts) -> int:
    """Returns the value of a key, a whole number; raises a `DocumentError` otherwise."""
    return as_whole_number(required(record, key, field), (*field, key))


def as_whole_number(value: Any, field: FieldParts) -> int:
    """Returns a value that is a whole number; raises a `DocumentError` otherwise."""
    if isinstance(value, bool) or not isinstance(value, int):
        shown = f" ({value})" if isinstance(value, float) else ""
        raise DocumentError(f"must be a whole number, but is {kind_of(value)}{shown}", field)
    return value


def as_probability(value: Any, field: FieldParts) -> Optional[float]:
    """Returns a value that is a number or `None`; raises a `DocumentError` otherwise."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise DocumentError(f"must be a number, but is {kind_of(value)}", field)
    try:
        return float(value)
    except OverflowError:
        raise DocumentError("is not between 0 and 1", field) from None
