"""
The settings that a seed is trained with.
"""

import json
from pathlib import Path
from typing import Any, Mapping

from allennlp.common import Params
from allennlp.common.checks import ConfigurationError

SEED_NAMES = ("random_seed", "numpy_seed", "pytorch_seed")

_DEFAULT_NUM_EPOCHS = 20
"""That of AllenNLP's trainer."""

_MOST_DIFFERENCES = 5


def load_settings(config: Path, overrides: str = "") -> dict[str, Any]:
    """
    An experiment's settings, evaluated and overridden.

    # Parameters

    config : `Path`
        A Jsonnet or JSON file.
    overrides : `str`, optional (default = `""`)
        A JSON object, as for `allennlp train --overrides`.

    # Raises

    `ConfigurationError`
        If there is no such file, it is no valid Jsonnet, the overrides do not fit, or the settings
        are for distributed training.
    """
    try:
        settings = Params.from_file(config, overrides).as_dict(quiet=True)
    except FileNotFoundError:
        raise ConfigurationError(f"{config}: there is no such file") from None
    except (RuntimeError, ValueError) as error:
        raise ConfigurationError(f"{config}: {error}") from error
    if "distributed" in settings:
        # It can only be recovered once it has written a vocabulary.
        raise ConfigurationError(
            f"{config} is for distributed training, but each seed is trained in one process"
        )
    return settings


def with_seed(settings: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The same settings, with AllenNLP's three seeds set."""
    return {**settings, **dict.fromkeys(SEED_NAMES, seed)}


def num_epochs(settings: Mapping[str, Any]) -> int:
    """How many epochs are trained at most."""
    return int(settings.get("trainer", {}).get("num_epochs", _DEFAULT_NUM_EPOCHS))


def reader_of_test_split(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings of the dataset reader that the test split is read with."""
    return settings.get("validation_dataset_reader") or settings.get("dataset_reader", {})


def differences(wanted: Mapping[str, Any], stored: Mapping[str, Any]) -> str:
    """
    What differs between two settings, in words; nothing if they are the same.

    # Parameters

    wanted : `Mapping[str, Any]`
        What is asked for now.
    stored : `Mapping[str, Any]`
        What stands in a folder from before.
    """
    now, before = _flat(wanted), _flat(stored)
    changed = []
    # In the order of the configuration file, with what it no longer has at the end.
    for name in dict.fromkeys([*now, *before]):
        if name not in now:
            changed.append(f"{name} was {_shown(before[name])} and is not set now")
        elif name not in before:
            changed.append(f"{name} was not set and is {_shown(now[name])} now")
        elif now[name] != before[name]:
            changed.append(f"{name} was {_shown(before[name])} and is {_shown(now[name])} now")
    if len(changed) > _MOST_DIFFERENCES:
        others = len(changed) - _MOST_DIFFERENCES
        changed = [*changed[:_MOST_DIFFERENCES], f"and {others} more differ"]
    return "; ".join(changed)


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    return Params(dict(settings)).as_flat_dict()


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"
