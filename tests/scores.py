"""
Metrics as AllenNLP writes them, for tests.
"""

from typing import Mapping

from dts_ee.metrics import MetricKey, Score
from dts_ee.tasks import flat_metrics


def metrics(f1s: Mapping[MetricKey, float], prefix: str = "") -> dict[str, float]:
    """Metrics of scores whose precision and recall are as their F1."""
    flat = flat_metrics({key: Score(f1, f1, f1) for key, f1 in f1s.items()})
    return {f"{prefix}{name}": number for name, number in flat.items()}
