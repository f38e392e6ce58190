"""The keys of scores: task, protocol, and average or type."""

from dataclasses import dataclass
from typing import Dict, Optional

from dts_ee.metrics.counts import Score

STRICT = "strict"
"""The main protocol: types have scores under it, and its name is left out of metrics' names."""

MICRO, MACRO = "micro", "macro"


@dataclass(frozen=True)
class MetricKey:
    """
    The key of a score, which is an average over all types, or the score of one type.

    # Parameters

    task : `str`
        The task's name, such as `"entity"`.
    protocol : `str`, optional (default = `"strict"`)
        The name of the protocol.
    average : `str`, optional (default = `None`)
        `"micro"` or `"macro"`.
    type : `str`, optional (default = `None`)
        The type. Exactly one of average and type must be given.

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
