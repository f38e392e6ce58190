"""
The space of a search: which settings are tried with which values.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence, Union

from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.common.params import with_overrides

from dts_ee.suggestions import did_you_mean

Value = Union[None, bool, int, float, str]

_KEYS = {
    "float": {"type", "low", "high", "log", "step"},
    "int": {"type", "low", "high", "log", "step"},
    "categorical": {"type", "choices"},
}


@dataclass(frozen=True)
class Dimension:
    """
    The values of one setting.

    # Parameters

    key : `str`
        The setting, such as `"trainer.optimizer.lr"`.
    kind : `str`
        `"float"`, `"int"` or `"categorical"`.
    low, high : `float`, optional (default = `0.0`)
        The bounds of a number, inclusive.
    log : `bool`, optional (default = `False`)
        Whether numbers are drawn on a logarithmic scale.
    step : `float`, optional (default = `None`)
        The distance of neighbouring numbers.
    choices : `Sequence[Any]`, optional (default = `()`)
        The values of a categorical setting, any JSON values.
    """

    key: str
    kind: str
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    step: Optional[float] = None
    choices: Sequence[Any] = ()

    def suggest(self, trial: Any) -> Any:
        """
        A value for a trial.

        # Parameters

        trial : `optuna.Trial`
            The trial.
        """
        if self.kind == "categorical":
            # Optuna keeps plain values only.
            names = [json.dumps(choice) for choice in self.choices]
            return json.loads(trial.suggest_categorical(self.key, names))
        if self.kind == "int":
            step = 1 if self.step is None else int(self.step)
            return trial.suggest_int(
                self.key, int(self.low), int(self.high), step=step, log=self.log
            )
        return trial.suggest_float(self.key, self.low, self.high, step=self.step, log=self.log)

    def value(self, param: Any) -> Any:
        """The setting's value for what Optuna has as the parameter of a trial."""
        return json.loads(param) if self.kind == "categorical" else param

    def param(self, value: Any) -> Any:
        """Optuna's parameter for a value of the setting; `None` if it is not in the space."""
        if self.kind == "categorical":
            for choice in self.choices:
                # 5.0 is the choice 5, but true is not 1.
                if choice == value and isinstance(choice, bool) == isinstance(value, bool):
                    return json.dumps(choice)
            return None
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not self.low <= value <= self.high:
            return None
        step = 1 if self.kind == "int" and self.step is None else self.step
        if step is not None:
            steps = (value - self.low) / step
            if not math.isclose(steps, round(steps), abs_tol=1e-8):
                return None
        return int(value) if self.kind == "int" else float(value)


def read_space(path: Path, settings: Mapping[str, Any]) -> List[Dimension]:
    """
    Reads a search space.

    # Parameters

    path : `Path`
        A Jsonnet file with an object: the keys are settings such as `trainer.optimizer.lr`; the
        values are `{type: 'float', low: …, high: …}`, also with `log: true` or `step`;
        `{type: 'int', …}` with the same; or `{type: 'categorical', choices: […]}`.
    settings : `Mapping[str, Any]`
        The evaluated experiment, which has to have the keys.

    # Raises

    `ConfigurationError`
        If the file cannot be read, or a key or value of it is wrong.
    """
    if not path.is_file():
        raise ConfigurationError(f"{path}: there is no such file")
    try:
        space = Params.from_file(path).as_dict(quiet=True)
    except RuntimeError as error:
        raise ConfigurationError(f"{path}: {error}") from error
    if not space:
        raise ConfigurationError(f"{path}: there is nothing to search, as the object is empty")
    dimensions = [_dimension(path, key, entry, settings) for key, entry in space.items()]
    for key in space:
        part = next((other for other in space if other.startswith(f"{key}.")), None)
        if part is not None:
            raise ConfigurationError(f"{path}: {part} is a part of {key}: search one of them")
    return dimensions


def _dimension(path: Path, key: str, entry: Any, settings: Mapping[str, Any]) -> Dimension:
    def error(problem: str) -> ConfigurationError:
        return ConfigurationError(f"{path}: {key}{problem}")

    _check_key(path, key, settings)
    kind = entry.get("type") if isinstance(entry, dict) else None
    if kind not in _KEYS:
        raise error(": the type should be float, int or categorical, as in {type: 'float', …}")
    for name in entry:
        if name not in _KEYS[kind]:
            near = (
                did_you_mean(name, _KEYS[kind]) or f"; there are {', '.join(sorted(_KEYS[kind]))}"
            )
            raise error(f".{name}: there is no such key{near}")
    if kind == "categorical":
        choices = entry.get("choices")
        if not isinstance(choices, list) or not choices:
            raise error(".choices: this should be a list of values")
        return Dimension(key, kind, choices=choices)
    return _numbers(key, kind, entry, error)


def _numbers(key: str, kind: str, entry: Mapping[str, Any], error: Any) -> Dimension:
    numbers: Dict[str, Any] = {}
    for name in ("low", "high", "step"):
        number = entry.get(name)
        if number is None and name == "step":
            continue
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            raise error(f".{name}: this should be a number")
        if not math.isfinite(number) or (kind == "int" and number != int(number)):
            raise error(
                f".{name}: this should be a {'whole' if kind == 'int' else 'finite'} number"
            )
        numbers[name] = number
    log = entry.get("log", False)
    if not isinstance(log, bool):
        raise error(".log: this should be true or false")
    if numbers["low"] > numbers["high"]:
        raise error(f": low ({numbers['low']}) is above high ({numbers['high']})")
    if log and numbers["low"] <= 0:
        raise error(".low: this should be above 0, as log is true")
    if numbers.get("step", 1) <= 0:
        raise error(".step: this should be above 0")
    if log and "step" in numbers:
        raise error(".step: log and step exclude each other")
    return Dimension(key, kind, log=log, **numbers)


def _check_key(path: Path, key: str, settings: Mapping[str, Any]) -> None:
    """Checks that the experiment has a setting."""
    value: Any = settings
    before = ""
    for part in key.split("."):
        if isinstance(value, list):
            raise ConfigurationError(
                f"{path}: {key}: {before} is a list, of which no part can be searched: give whole "
                "lists as choices"
            )
        if not isinstance(value, Mapping) or part not in value:
            names = value if isinstance(value, Mapping) else ()
            hint = did_you_mean(part, names) or (
                f"; {before or 'the experiment'} has {', '.join(map(str, names)) or 'no keys'}"
            )
            raise ConfigurationError(f"{path}: {key}: the experiment has no such key{hint}")
        before = f"{before}.{part}" if before else part
        value = value[part]


def with_values(settings: Mapping[str, Any], values: Mapping[str, Any]) -> Dict[str, Any]:
    """
    The settings of an experiment with other values.

    # Parameters

    settings : `Mapping[str, Any]`
        The evaluated experiment.
    values : `Mapping[str, Any]`
        The values, by keys such as `"trainer.optimizer.lr"`.
    """
    return with_overrides(dict(settings), dict(values))


def own_value(settings: Mapping[str, Any], key: str) -> Any:
    """The value that an experiment has for a key such as `"trainer.optimizer.lr"`."""
    value: Any = settings
    for part in key.split("."):
        value = value[part]
    return value


def shown(value: Any) -> str:
    """A value of a setting, as people read it."""
    return f"{value:.4g}" if isinstance(value, float) else json.dumps(value)
