"""
The inputs in a request, and their checks.
"""

import json
from typing import Any, Optional, Union

from allennlp.common import JsonDict

from dts_ee.document import DocumentError
from dts_ee.predictors.requests import as_inputs
from dts_ee.serving.request_error import RequestError
from dts_ee.serving.serving_settings import ServingSettings

_TEXT_FIELDS = ("sentence", "text", "tokens")

_MAX_DEPTH = 16
"""Lists and objects of an input are in no more others; an input that means something needs five."""


def parse_json(body: bytes) -> Any:
    """
    The value of a JSON text in UTF-8.

    # Raises

    `RequestError`
        If it is not valid JSON (400).
    """
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except json.JSONDecodeError as error:
        message = f"{error.msg} (line {error.lineno}, column {error.colno})"
    except UnicodeDecodeError:
        message = "it is not in UTF-8"
    except (ValueError, RecursionError) as error:
        # A constant that JSON lacks, a number of thousands of digits, or a thousand brackets.
        message = str(error)
    raise RequestError(400, "invalid_json", f"the body is no valid JSON: {message}") from None


def read_input(value: Any, settings: ServingSettings) -> Union[JsonDict, RequestError]:
    """
    Checks an input against the limits of the server; the predictor checks everything else.

    # Parameters

    value : `Any`
        The value from the JSON body: an object, or, as in SpERT's prediction data, a list of tokens
        or a sentence.
    settings : `ServingSettings`
        The limits.

    # Returns

    `Union[JsonDict, RequestError]`
        The input of the predictor, or the error, with status 422.
    """
    try:
        inputs = as_inputs(value)
    except DocumentError as error:
        return RequestError(422, "invalid_input", str(error))
    return _problem(inputs, settings) or inputs


def length_of(inputs: JsonDict) -> int:
    """The number of characters in the text of an input; tokens count as if joined by spaces."""
    return sum(_length(inputs.get(field)) for field in _TEXT_FIELDS)


def _problem(value: JsonDict, settings: ServingSettings) -> Optional[RequestError]:
    if _is_too_deep(value):
        message = f"there are lists or objects in more than {_MAX_DEPTH} others"
        return RequestError(422, "invalid_input", message)
    for field in _TEXT_FIELDS:
        length = _length(value.get(field))
        if length > settings.max_text_length:
            return RequestError(
                422,
                "text_too_long",
                f"there are {length} characters; the limit is {settings.max_text_length}",
                field,
            )
    entities = value.get("entities")
    if isinstance(entities, list) and len(entities) > settings.max_entities:
        return RequestError(
            422,
            "too_many_entities",
            f"there are {len(entities)} entities; the limit is {settings.max_entities}",
            "entities",
        )
    if not _is_unicode(value):
        return RequestError(422, "invalid_input", "there is half of a surrogate pair in a string")
    return None


def _length(value: Any) -> int:
    """The number of characters of a string, or of tokens joined by spaces."""
    if isinstance(value, str):
        return len(value)
    if not isinstance(value, list) or not value:
        return 0
    return len(value) - 1 + sum(len(token) for token in value if isinstance(token, str))


def _is_too_deep(value: Any) -> bool:
    # A worker gets an input as a pickle, which cannot be written for all that JSON can nest.
    level = [value]
    for _ in range(_MAX_DEPTH + 1):
        parts = (item.values() if isinstance(item, dict) else item for item in level)
        level = [inner for part in parts for inner in part if isinstance(inner, (dict, list))]
    return bool(level)


def _is_unicode(value: Any) -> bool:
    # JSON can escape half of a surrogate pair, which UTF-8 cannot encode.
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _refuse_constant(name: str) -> None:
    raise ValueError(f"there is no {name} in JSON")
