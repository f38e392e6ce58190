"""
The metrics' names where AllenNLP shows them.
"""

from typing import Dict, Mapping

_IN_PROGRESS_BAR = ("entity_f1", "relation_f1")


def with_underscores(metrics: Mapping[str, float]) -> Dict[str, float]:
    """
    The same metrics, with an underscore before all names but the two that matter most.

    AllenNLP's progress bar, which has one line, leaves out the names that begin with one.
    """
    return {
        name if name in _IN_PROGRESS_BAR or name.startswith("_") else f"_{name}": value
        for name, value in metrics.items()
    }
