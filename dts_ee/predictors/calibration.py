"""Calibration of predicted probabilities by temperature scaling."""

import json
import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Dict, Mapping, TypeVar

from dts_ee.corpora.files import PathOrStr, read_text
from dts_ee.document import Document, DocumentError, Entity, Relation
from dts_ee.models import Thresholds
from dts_ee.tasks import ENTITIES, RELATIONS

Item = TypeVar("Item", Entity, Relation)

LEAST = 1e-7
"""Probabilities nearer to 0 or 1 cannot be distinguished in single precision."""


@dataclass(frozen=True)
class Calibration:
    """
    Temperatures for the probabilities of entities and relations (Guo et al. 2017).

    The log-odds of a probability are divided by the temperature: a temperature above 1 makes
    probabilities less extreme, a temperature below 1 more extreme. Their order does not change.

    # Parameters

    entity_temperature : `float`, optional (default = `1.0`)
        The temperature of entities.
    relation_temperature : `float`, optional (default = `1.0`)
        The temperature of relations.
    """

    entity_temperature: float = 1.0
    relation_temperature: float = 1.0

    @classmethod
    def from_file(cls, path: PathOrStr) -> "Calibration":
        """
        Reads a file that `allennlp calibrate` wrote.

        # Raises

        `DocumentError`
            If the file cannot be read, or does not have two temperatures above 0.
        """
        text = read_text(path)
        try:
            record = json.loads(text)
        except ValueError as error:
            raise DocumentError(f"invalid JSON: {error}", path=str(path)) from None
        return cls(*(_temperature(record, task, str(path)) for task in ("entities", "relations")))

    def uncalibrated(self, thresholds: Mapping[str, Thresholds]) -> Dict[str, Thresholds]:
        """
        Converts thresholds for calibrated probabilities to thresholds for uncalibrated ones.

        # Parameters

        thresholds : `Mapping[str, Thresholds]`
            The thresholds of entities and relations, by the name of the task.
        """
        return {
            task: of_task.converted(
                partial(_threshold_at, temperature=1.0 / self._temperatures[task])
            )
            for task, of_task in thresholds.items()
        }

    def calibrated_threshold(self, task: str, threshold: float) -> float:
        """
        The threshold for calibrated probabilities that has the same effect as one for uncalibrated
        ones.

        # Parameters

        task : `str`
            The name of the task, `"entity"` or `"relation"`.
        threshold : `float`
            The threshold for uncalibrated probabilities.
        """
        return _threshold_at(threshold, self._temperatures[task])

    @property
    def _temperatures(self) -> Dict[str, float]:
        return {
            ENTITIES.name: self.entity_temperature,
            RELATIONS.name: self.relation_temperature,
        }

    def calibrated(self, document: Document) -> Document:
        """The document with calibrated probabilities."""
        return replace(
            document,
            entities=tuple(
                _at_temperature(entity, self.entity_temperature) for entity in document.entities
            ),
            relations=tuple(
                _at_temperature(relation, self.relation_temperature)
                for relation in document.relations
            ),
        )


def _threshold_at(threshold: float, temperature: float) -> float:
    # The ends of the scale are the same at all temperatures.
    return threshold if threshold in (0.0, 1.0) else at_temperature(threshold, temperature)


def _at_temperature(item: Item, temperature: float) -> Item:
    if item.probability is None:
        return item
    return replace(item, probability=at_temperature(item.probability, temperature))


def log_odds(probability: float) -> float:
    """The logarithm of `p / (1 - p)`, with a finite value for 0 and 1."""
    bounded = min(max(probability, LEAST), 1.0 - LEAST)
    return math.log(bounded) - math.log1p(-bounded)


def at_temperature(probability: float, temperature: float) -> float:
    """Divides the log-odds of a probability by a temperature."""
    scaled = log_odds(probability) / temperature
    if scaled < 0:
        odds = math.exp(scaled)
        return odds / (1.0 + odds)
    return 1.0 / (1.0 + math.exp(-scaled))


def _temperature(record: Any, task: str, path: str) -> float:
    try:
        temperature = record[task]["temperature"]
    except (KeyError, TypeError):
        temperature = None
    if isinstance(temperature, bool) or not isinstance(temperature, (int, float)):
        raise DocumentError("there is no temperature", (task, "temperature"), path=path)
    if not 0.0 < temperature < math.inf:
        raise DocumentError(f"{temperature} is not above 0", (task, "temperature"), path=path)
    return float(temperature)
