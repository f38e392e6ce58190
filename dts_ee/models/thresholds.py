"""The least probabilities of predictions."""

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Iterable, Mapping, Optional, Sequence, Tuple, Union

from allennlp.common.checks import ConfigurationError

from dts_ee.suggestions import did_you_mean

ThresholdsValue = Union[float, str, Mapping[str, float]]
"""What `Thresholds.parse` reads."""


@dataclass(frozen=True)
class Thresholds:
    """
    The least probability of a prediction of each type.

    # Parameters

    default : `float`, optional (default = `None`)
        The threshold of the types that are not in `by_type`; `None` for the model's own threshold.
    by_type : `Mapping[str, float]`, optional (default = `{}`)
        The thresholds of single types.
    """

    default: Optional[float] = None
    # A dictionary has no hash.
    by_type: Mapping[str, float] = field(default_factory=dict, hash=False)

    @classmethod
    def parse(cls, value: ThresholdsValue, types: Sequence[str]) -> "Thresholds":
        """
        Reads thresholds from a command line, a JSON object or an argument in Python.

        # Parameters

        value : `ThresholdsValue`
            A number, which is the threshold of all types; a mapping from types to numbers; or a
            string such as `"0.5"`, `"Kill=0.8,Live_In=0.6"` or `"0.5,Kill=0.8"`, in which a number
            alone is the threshold of all other types.
        types : `Sequence[str]`
            The types that the model predicts.

        # Raises

        `ConfigurationError`
            If it is something else, a number is not a probability, a type is unknown, or there are
            two thresholds for the same types.
        """
        default: Optional[float] = None
        by_type: Dict[str, float] = {}
        for type, threshold in _pairs(value):
            if type is None:
                if default is not None:
                    raise ConfigurationError(f"{value!r} has two thresholds for all types")
                default = _probability(threshold)
                continue
            if type in by_type:
                raise ConfigurationError(f"{value!r} has two thresholds for {type}")
            if type not in types:
                near = did_you_mean(type, types) or f"; it knows {', '.join(types) or 'none'}"
                raise ConfigurationError(f"the model does not know the type {type!r}{near}")
            by_type[type] = _probability(threshold, f"{type}: ")
        return cls(default, by_type)

    def of(self, type: str, own: float) -> float:
        """
        The threshold of a type.

        # Parameters

        type : `str`
            The type.
        own : `float`
            The model's own threshold.
        """
        return self.by_type.get(type, own if self.default is None else self.default)

    def converted(self, convert: Callable[[float], float]) -> "Thresholds":
        """The thresholds after a function of each."""
        return Thresholds(
            None if self.default is None else convert(self.default),
            {type: convert(threshold) for type, threshold in self.by_type.items()},
        )


def _pairs(value: Any) -> Iterable[Tuple[Optional[str], Any]]:
    """The thresholds and their types; `None` for all other types."""
    if isinstance(value, Mapping):
        return value.items()
    if not isinstance(value, str):
        return [(None, value)]
    pairs = []
    for part in value.split(","):
        type, equals, number = part.rpartition("=")
        try:
            pairs.append((type.strip() if equals else None, float(number)))
        except ValueError:
            raise ConfigurationError(
                f"{part.strip()!r} is neither a number nor TYPE=NUMBER, such as 0.5 or Kill=0.8"
            ) from None
    return pairs


def _probability(value: Any, prefix: str = "") -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.0 <= value <= 1.0:
        raise ConfigurationError(f"{prefix}{value!r} is not a probability from 0 to 1")
    return float(value)
