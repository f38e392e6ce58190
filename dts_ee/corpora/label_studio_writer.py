"""
Writing tasks for Label Studio's import.
"""

import json
from typing import Any, Optional, Sequence, Union

from dts_ee.corpora.corpus import Remark
from dts_ee.corpora.files import PathOrStr, open_atomically
from dts_ee.corpora.token_rows import lost_position
from dts_ee.document import Document, Entity, Relation

_MODEL_VERSION = "dts_ee"


def write_label_studio(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes a file for Label Studio's import, completely or not at all.

    If a document has a probability, all are predictions; the score of a prediction is the mean
    probability of its entities and relations. Otherwise they are annotations.

    # Returns

    `list[Remark]`
        What the format cannot express: positions in a longer text.
    """
    predicted = any(_probabilities(document) for document in documents)
    tasks = [_task(document, predicted) for document in documents]
    with open_atomically(path) as file:
        json.dump(tasks, file, ensure_ascii=False, indent=1)
        file.write("\n")
    return [remark for document in documents for remark in lost_position(document)]


def _probabilities(document: Document) -> list[float]:
    items: list[Union[Entity, Relation]] = [*document.entities, *document.relations]
    return [item.probability for item in items if item.probability is not None]


def _task(document: Document, predicted: bool) -> dict[str, Any]:
    text = " ".join(document.tokens) if document.text is None else document.text
    data: dict[str, Any] = {"text": text}
    if document.id is not None:
        data["id"] = document.id
    data["tokens"] = [list(document.character_span(i, i + 1)) for i in range(len(document.tokens))]
    results: list[dict[str, Any]] = []
    for i, entity in enumerate(document.entities):
        start, end = document.character_span(entity.start, entity.end)
        value = {"start": start, "end": end, "text": text[start:end], "labels": [entity.type]}
        result = {"id": f"e{i}", "from_name": "label", "to_name": "text", "type": "labels"}
        results.append(_scored({**result, "value": value}, entity.probability))
    for relation in document.relations:
        results.append(
            _scored(
                {
                    "type": "relation",
                    "from_id": f"e{relation.head}",
                    "to_id": f"e{relation.tail}",
                    "direction": "right",
                    "labels": [relation.type],
                },
                relation.probability,
            )
        )
    if not predicted:
        return {"data": data, "annotations": [{"result": results}]}
    prediction: dict[str, Any] = {"model_version": _MODEL_VERSION}
    probabilities = _probabilities(document)
    if probabilities:
        prediction["score"] = sum(probabilities) / len(probabilities)
    return {"data": data, "predictions": [{**prediction, "result": results}]}


def _scored(result: dict[str, Any], probability: Optional[float]) -> dict[str, Any]:
    return result if probability is None else {**result, "score": probability}
