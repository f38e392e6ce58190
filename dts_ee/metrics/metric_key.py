"""
What a score is of.
"""

from dataclasses import dataclass
from typing import Dict, Optional

from dts_ee.metrics.counts import Score

STRICT = "strict"
"""The protocol of which each type has a score, and whose scores bear no protocol's name."""

MICRO, MACRO = "micro", "macro"


@dataclass(frozen=True)
class MetricKey:
    """
    What a score is of: an average over all types, or one type.

    # Parameters

    task : `str`
        The task's name, such as `"entity"`.
    protocol : `str`, optional (default = `"strict"`)
        What has to agree for an item to be right.
    average : `str`, optional (default = `None`)
        `"micro"` or `"macro"`.
    type : `str`, optional (default = `None`)
        The type. Either this or the average is given.

    # Raises

    `ValueError`
        If both are given, or neither.
    """

    task: str
    protocol: str = STRICT
    average: Optional[str] = None
    type: Optional[str] = None

    def __post_init__(self) -> None:
        if (self.average is None) == (self.type is None):
            raise ValueError("a score is of an average or of a type")
        if self.average not in (None, MICRO, MACRO):
            raise ValueError(f"{self.average!r} is neither {MICRO} nor {MACRO}")


Scores = Dict[MetricKey, Score]
