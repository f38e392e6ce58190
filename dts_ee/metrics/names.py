"""
The metrics' names where AllenNLP shows them.
"""

from typing import Dict, Mapping

TASKS = {"entity_f1": "NER", "relation_f1": "RE"}
"""The metrics that matter most, strict micro F1, and what their tasks are called."""


def with_underscores(metrics: Mapping[str, float]) -> Dict[str, float]:
    """
    The same metrics, with an underscore before all names but the two that matter most.

    AllenNLP's progress bar, which has one line, leaves out the names that begin with one.
    """
    return {
        name if name in TASKS or name.startswith("_") else f"_{name}": value
        for name, value in metrics.items()
    }
