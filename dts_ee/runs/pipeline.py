"""
Two separately trained models in a row: entities by one, relations between them by the other.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dts_ee.corpora.predictions import Prediction
from dts_ee.runs.evaluation import evaluate_archive, score
from dts_ee.tasks import ENTITIES, RELATIONS, flat_metrics


def evaluate_pipeline(
    relations_archive: Path, entity_predictions: Sequence[Prediction]
) -> tuple[dict[str, float], list[Prediction]]:
    """
    Extracts relations between the entities that another model has found.

    # Parameters

    relations_archive : `Path`
        The archive of a `dts` model with `tasks: "relations"`.
    entity_predictions : `Sequence[Prediction]`
        The documents as the other model predicted them, beside the gold ones.

    # Returns

    `tuple[dict[str, float], list[Prediction]]`
        The metrics, as `allennlp evaluate` names them, without losses; and the predictions.

    # Raises

    `ConfigurationError`
        If the archive has another reader or model.
    """
    given = [replace(each.predicted, relations=()) for each in entity_predictions]
    _, found = evaluate_archive(relations_archive, given)
    predictions = [
        Prediction(each.predicted, entities.gold)
        for each, entities in zip(found, entity_predictions, strict=True)
    ]
    return flat_metrics(score(predictions, ENTITIES, RELATIONS)), predictions
