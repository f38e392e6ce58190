"""
The OpenAPI schema of requests and answers, as far as FastAPI does not infer it.
"""

from typing import Any

from dts_ee.tasks import TASKS

TITLE = "dts_ee"

_ENTITY: dict[str, Any] = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "start": {"type": "integer", "description": "The first token."},
        "end": {"type": "integer", "description": "One after the last token."},
        "text": {"type": "string"},
        "start_char": {"type": "integer"},
        "end_char": {"type": "integer", "description": "One after the last character."},
        "probability": {"type": "number", "minimum": 0, "maximum": 1},
    },
}

_THRESHOLD: dict[str, Any] = {
    "description": (
        "The least probability, instead of the server's: a number, an object with a number for "
        "each of some types, or a string such as `0.5,Kill=0.8`."
    ),
    "oneOf": [
        {"type": "number", "minimum": 0, "maximum": 1},
        {
            "type": "object",
            "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
        },
        {"type": "string"},
    ],
}

_INPUT: dict[str, Any] = {
    "type": "object",
    "description": (
        "`text`, of any number of sentences; or `sentence`, which is one; or its `tokens`; or a "
        "sentence and its tokens. With `entities`, relations are found between those."
    ),
    "properties": {
        "text": {"type": "string"},
        "sentence": {"type": "string"},
        "tokens": {"type": "array", "items": {"type": "string"}},
        "entities": {"type": "array", "items": _ENTITY},
        "orig_id": {"type": ["string", "integer"]},
        "entity_threshold": _THRESHOLD,
        "relation_threshold": _THRESHOLD,
    },
    "additionalProperties": True,
}

_INPUTS = [
    _INPUT,
    {"type": "array", "items": {"type": "string"}, "description": "The tokens of a sentence."},
    {"type": "string", "description": "A sentence."},
]
"""One input: an object, or as in SpERT's prediction data."""

_ITEMS = [*_INPUTS, {"description": "Anything else has an error as its answer."}]
"""An input in a list, in which a bad one affects no other."""

_RELATION: dict[str, Any] = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "head": {"type": "integer", "description": "An index into the entities."},
        "tail": {"type": "integer", "description": "An index into the entities."},
        "probability": {"type": "number", "minimum": 0, "maximum": 1},
    },
}

_WARNINGS: dict[str, Any] = {
    "type": "array",
    "items": {"type": "string"},
    "description": "How the given entities were understood, where that is not certain.",
}

_ERROR: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["status", "type", "message"],
            "properties": {
                "status": {"type": "integer"},
                "type": {"type": "string"},
                "message": {"type": "string"},
                "field": {"type": "string"},
            },
        }
    },
}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _error(description: str) -> dict[str, Any]:
    return {"description": description, "content": _json(_ERROR)}


PREDICT_REQUEST: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"anyOf": [*_INPUTS, {"type": "array", "items": {"anyOf": _ITEMS}}]},
                "example": {"text": "Marta Lindqvist writes for the Harbour Gazette."},
            }
        },
    }
}
"""One input or a list of them."""


def predict_responses() -> dict[Any, dict[str, Any]]:
    """The answers of `/predict`, by status, with the keys of all tasks that are registered."""
    sentence: dict[str, Any] = {
        "type": "object",
        "properties": {
            "orig_id": {"type": "string"},
            "sentence": {"type": "string"},
            "start_char": {"type": "integer", "description": "Where it begins in the text."},
            "tokens": {"type": "array", "items": {"type": "string"}},
            "entities": {"type": "array", "items": _ENTITY},
            "relations": {"type": "array", "items": _RELATION},
            **{task.key: {"description": task.title} for task in TASKS.values() if task.key},
            "warnings": _WARNINGS,
        },
    }
    text: dict[str, Any] = {
        "type": "object",
        "properties": {
            "orig_id": {"type": "string"},
            "text": {"type": "string"},
            "sentences": {"type": "array", "items": sentence},
            "warnings": _WARNINGS,
        },
    }
    return {
        200: {
            "description": "The prediction; for a list of inputs a list, with an error in place "
            "of the prediction of an invalid input.",
            "content": _json(
                {
                    "anyOf": [
                        sentence,
                        text,
                        {"type": "array", "items": {"anyOf": [sentence, text, _ERROR]}},
                    ]
                }
            ),
        },
        400: _error("The body is not valid JSON, or the Host is not one of the server's."),
        403: _error("A page of another site may not send requests."),
        408: _error("The body did not arrive in time."),
        413: _error("The body is too large."),
        415: _error("The content type is not JSON, or the body is compressed."),
        422: _error("An input is invalid or its text too long, or the list has too many inputs."),
        429: _error("Too many inputs wait to be predicted."),
        500: _error("The prediction failed."),
        503: _error("The model is being loaded, the server is stopping, or it took too long."),
    }


_NAMES: dict[str, Any] = {"type": "array", "items": {"type": "string"}}

_LEAST: dict[str, Any] = {
    "type": "object",
    "description": "For each type, the least probability for inputs without thresholds.",
    "additionalProperties": {"type": "number", "minimum": 0, "maximum": 1},
}

_TYPES: dict[str, Any] = {
    "type": "object",
    "properties": {
        "model": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "version": {"type": ["string", "null"], "description": "From the model's card."},
                "description": {"type": "string"},
                "features": {**_NAMES, "description": "Its encoders, and other features."},
                "training_data": {**_NAMES, "description": "The files, if they are known."},
            },
        },
        "entity_types": _NAMES,
        "relation_types": _NAMES,
        "entities_given": {
            "type": "boolean",
            "description": "Whether the model only predicts relations between given entities.",
        },
        "further_types": {
            "type": "object",
            "description": "The types of further tasks, by the names of the tasks.",
            "additionalProperties": _NAMES,
        },
        "entity_threshold": _LEAST,
        "relation_threshold": _LEAST,
    },
}

TYPES_RESPONSES: dict[Any, dict[str, Any]] = {
    200: {"description": "The model, and what it predicts.", "content": _json(_TYPES)},
    503: _error("The model is being loaded, or failed, or the server is stopping."),
}
"""The answers of `/types`, by status."""


_HEALTH: dict[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["loading", "ready", "stopping", "failed"]},
        "workers": {"type": "integer", "description": "How many there are to be."},
        "ready": {"type": "integer", "description": "How many of them are ready."},
    },
}

HEALTH_RESPONSES: dict[Any, dict[str, Any]] = {
    200: {"description": "A worker is ready.", "content": _json(_HEALTH)},
    503: {
        "description": "The model is being loaded, or failed, or the server is stopping.",
        "content": _json(_HEALTH),
    },
}
"""The answers of `/health`, by status."""
