"""
A pipeline of two models: one recognises entities, the other extracts relations between them.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dts_ee.corpora.predictions import Prediction
from dts_ee.document import Document
from dts_ee.runs.evaluation import evaluate_archive, score
from dts_ee.tasks import ENTITIES, RELATIONS, flat_metrics


def evaluate_pipeline(
    relations_archive: Path,
    entity_predictions: Sequence[Prediction],
    documents: Sequence[Document],
) -> tuple[dict[str, float], list[Prediction]]:
    """
    Extracts relations between the entities that another model has found.

    # Parameters

    relations_archive : `Path`
        The archive of a `dts` model with `tasks: "relations"`.
    entity_predictions : `Sequence[Prediction]`
        What the other model predicted, and the gold documents.
    documents : `Sequence[Document]`
        The gold documents, as the reader of the archive reads them.

    # Returns

    `tuple[dict[str, float], list[Prediction]]`
        The metrics, as `allennlp evaluate` names them, without losses; and the predictions.

    # Raises

    `ConfigurationError`
        If the archive has another reader or model.
    """
    given = [
        replace(document, entities=prediction.predicted.entities, relations=())
        for document, prediction in zip(documents, entity_predictions, strict=True)
    ]
    _, relation_predictions = evaluate_archive(relations_archive, given)
    predictions = [
        Prediction(relations.predicted, entities.gold)
        for relations, entities in zip(relation_predictions, entity_predictions, strict=True)
    ]
    return flat_metrics(score(predictions, ENTITIES, RELATIONS)), predictions
