"""
Tokens that a source gives by their characters.
"""

from typing import Any

from dts_ee.corpora.json_values import as_list, as_whole_number
from dts_ee.corpora.text_reading import Spans
from dts_ee.document import DocumentError, FieldParts


def token_spans(value: Any, text: str, field: FieldParts) -> Spans:
    """
    The tokens of a text, given as a list of start and end characters.

    # Raises

    `DocumentError`
        If it is something else, or tokens are empty, out of order, or not in the text.
    """
    spans: Spans = []
    for i, item in enumerate(as_list(value, field)):
        pair = as_list(item, (*field, i))
        if len(pair) != 2:
            raise DocumentError(f"{item!r} is not a start and an end character", (*field, i))
        start, end = (as_whole_number(number, (*field, i)) for number in pair)
        add_span(spans, start, end, text, (*field, i))
    return spans


def add_span(spans: Spans, start: int, end: int, text: str, field: FieldParts) -> None:
    """Adds a token to those before it; raises a `DocumentError` if it cannot follow them."""
    if not (spans[-1][1] if spans else 0) <= start < end <= len(text):
        raise DocumentError(
            f"characters {start} to {end} are out of order, or not in the text", field
        )
    spans.append((start, end))
