"""
Writing tasks for Label Studio's import.
"""

import json
from typing import Any, Optional, Sequence, Union

from dts_ee.corpora.corpus import Remark
from dts_ee.corpora.files import PathOrStr, open_atomically
from dts_ee.corpora.label_studio_config import LabelStudioConfig
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
    config = LabelStudioConfig()
    if not predicted:
        return {"data": data, "annotations": [{"result": results_of([document], config)}]}
    prediction = prediction_of([document], config, _MODEL_VERSION)
    return {"data": data, "predictions": [prediction]}


def prediction_of(
    sentences: Sequence[Document],
    config: LabelStudioConfig,
    model_version: str,
    starts: Optional[Sequence[int]] = None,
) -> dict[str, Any]:
    """
    A prediction for a task. Its score is the mean probability of its entities and relations.

    # Parameters

    sentences, config, starts
        As for `results_of`.
    model_version : `str`
        The version of the model.
    """
    prediction: dict[str, Any] = {"model_version": model_version}
    probabilities = [p for sentence in sentences for p in _probabilities(sentence)]
    if probabilities:
        prediction["score"] = sum(probabilities) / len(probabilities)
    return {**prediction, "result": results_of(sentences, config, starts)}


def results_of(
    sentences: Sequence[Document],
    config: LabelStudioConfig,
    starts: Optional[Sequence[int]] = None,
) -> list[dict[str, Any]]:
    """
    The results of an annotation or a prediction: its regions, then its relations.

    # Parameters

    sentences : `Sequence[Document]`
        The sentences of the task's text.
    config : `LabelStudioConfig`
        The names that regions refer to.
    starts : `Sequence[int]`, optional (default = `None`)
        The character of the text at which each sentence begins; `None` for 0.
    """
    regions: list[dict[str, Any]] = []
    relations: list[dict[str, Any]] = []
    names = {"from_name": config.from_name, "to_name": config.to_name, "type": "labels"}
    for sentence, first in zip(sentences, starts or [0] * len(sentences), strict=True):
        ids = [f"e{len(regions) + i}" for i in range(len(sentence.entities))]
        for id, entity in zip(ids, sentence.entities, strict=True):
            start, end = sentence.character_span(entity.start, entity.end)
            value = {
                "start": first + start,
                "end": first + end,
                "text": sentence.entity_text(entity),
                "labels": [entity.type],
            }
            regions.append(_scored({"id": id, **names, "value": value}, entity.probability))
        for relation in sentence.relations:
            result = {
                "type": "relation",
                "from_id": ids[relation.head],
                "to_id": ids[relation.tail],
                "direction": "right",
                "labels": [relation.type],
            }
            relations.append(_scored(result, relation.probability))
    return regions + relations


def _scored(result: dict[str, Any], probability: Optional[float]) -> dict[str, Any]:
    return result if probability is None else {**result, "score": probability}
