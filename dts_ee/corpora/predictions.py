"""
Files with predicted and gold documents.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterable, Sequence

from dts_ee.corpora.files import PathOrStr, open_atomically
from dts_ee.corpora.lines import numbered_lines
from dts_ee.corpora.spert import document_from_json, document_to_json, prediction_to_json
from dts_ee.document import Document, DocumentError


@dataclass(frozen=True)
class Prediction:
    """
    A sentence as it was predicted and as it is annotated.

    # Parameters

    predicted : `Document`
        The document with the predicted entities and relations.
    gold : `Document`
        The document with the gold entities and relations, including those that a model cannot
        express.
    """

    predicted: Document
    gold: Document


def write_predictions(path: PathOrStr, predictions: Iterable[Prediction]) -> None:
    """
    Writes predictions, one JSON object a line, completely or not at all.

    A line is what `allennlp predict` writes for the sentence, which the readers can read, with one
    more key: `gold`, an object with the gold `entities` and `relations`.
    """
    with open_atomically(path) as file:
        for prediction in predictions:
            file.write(json.dumps(_to_json(prediction)) + "\n")


def read_predictions(path: Path) -> list[Prediction]:
    """
    Reads a file that `write_predictions` wrote.

    # Raises

    `DocumentError`
        If the file is missing or a line of it cannot be read; it names the line.
    """
    predictions = []
    try:
        with path.open("rb") as file:
            for number, line in numbered_lines(file, str(path)):
                try:
                    predictions.append(_from_json(line, f"line {number}"))
                except DocumentError as error:
                    raise error.located(f"line {number}", str(path)) from None
    except FileNotFoundError:
        raise DocumentError("there is no such file", path=str(path)) from None
    return predictions


def are_of(predictions: Sequence[Prediction], documents: Sequence[Document]) -> bool:
    """Whether the predictions' gold documents are the given ones, in the same order."""
    return [_annotation(prediction.gold) for prediction in predictions] == [
        _annotation(document) for document in documents
    ]


def _annotation(document: Document) -> tuple[Any, ...]:
    # Without text and identifier, which are filled in when a sentence without them is written.
    return document.tokens, document.entities, document.relations, document.extra


def _to_json(prediction: Prediction) -> dict[str, Any]:
    gold = document_to_json(prediction.gold)
    return {
        **prediction_to_json(prediction.predicted),
        "gold": {
            "entities": gold["entities"],
            "relations": gold["relations"],
            **prediction.gold.extra,
        },
    }


def _from_json(line: str, location: str) -> Prediction:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise DocumentError(f"invalid JSON: {error}") from None
    predicted = document_from_json(record, location)
    gold = record.get("gold")
    if not isinstance(gold, dict):
        raise DocumentError("there is no object of this name", "gold", predicted.id)
    sentence = {key: value for key, value in record.items() if key not in predicted.extra}
    return Prediction(predicted, document_from_json({**sentence, **gold}, location))
