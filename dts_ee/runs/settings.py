"""
The settings that a run is trained with.
"""

import json
import os
import re
from pathlib import Path
from typing import Any, Mapping, Optional

import _jsonnet
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.common.params import _environment_variables, parse_overrides

from dts_ee.training.from_archive import with_archive_and_overrides

SEED_NAMES = ("random_seed", "numpy_seed", "pytorch_seed")

_NO_FOLDS = (
    "RUNTIME ERROR: only functions can be called",
    "RUNTIME ERROR: function has no parameter fold",
)
"""Jsonnet's errors for a file that cannot be called with a fold."""

_DEFAULT_NUM_EPOCHS = 20
_DEFAULT_VALIDATION_METRIC = "-loss"
"""The defaults of AllenNLP's trainer."""

_MAX_DIFFERENCES = 5

# Strings are kept, because they may have what looks like a comment.
_STRING_OR_COMMENT = re.compile(
    r"""('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")|//.*|\#.*|/\*[\s\S]*?\*/"""
)
_NAME = re.compile(r"\b[A-Za-z]\w*")


def load_settings(config: Path, overrides: str = "", fold: Optional[int] = None) -> dict[str, Any]:
    """
    An experiment's settings, evaluated and overridden.

    # Parameters

    config : `Path`
        A Jsonnet or JSON file. Where it is a Jsonnet function, all its parameters have defaults.
    overrides : `str`, optional (default = `""`)
        A JSON object, as for `allennlp train --overrides`.
    fold : `int`, optional (default = `None`)
        The value of the function's parameter `fold`; `None` for its default.

    # Raises

    `ConfigurationError`
        If there is no such file, it is not valid Jsonnet, it has no parameter `fold` and one is
        given, or the overrides do not fit.
    """
    try:
        if fold is None:
            settings = Params.from_file(config, overrides).as_dict(quiet=True)
        else:
            settings = _settings_of_fold(config, overrides, fold)
    except FileNotFoundError:
        raise ConfigurationError(f"{config}: there is no such file") from None
    except (RuntimeError, ValueError) as error:
        raise ConfigurationError(f"{config}: {error}") from error
    return settings


def _settings_of_fold(config: Path, overrides: str, fold: int) -> dict[str, Any]:
    # As `Params.from_file` does it, which passes no arguments to a function.
    path = Path(cached_path(config)).resolve()
    call = f"(import {json.dumps(str(path))})(fold={fold})"
    try:
        text = _jsonnet.evaluate_snippet("fold", call, ext_vars=_environment_variables())
    except RuntimeError as error:
        if str(error).startswith(_NO_FOLDS):
            raise ConfigurationError(
                f"{config} has no folds: it should be a Jsonnet function with a parameter `fold`, "
                "such as function(fold=0) { … }"
            ) from None
        raise
    return with_archive_and_overrides(json.loads(text), parse_overrides(overrides))


def environment_of(config: Path) -> dict[str, str]:
    """
    The environment variables that are set and that an experiment names: in its file, or in a file
    that it imports.

    # Parameters

    config : `Path`
        A Jsonnet or JSON file that can be evaluated.
    """
    sources = [Path(cached_path(config)).read_text(encoding="utf-8")]

    def read(folder: str, name: str) -> tuple[str, bytes]:
        path = Path(folder, name)
        content = path.read_bytes()
        sources.append(content.decode(errors="replace"))
        return str(path), content

    variables = _environment_variables()
    _jsonnet.evaluate_file(str(cached_path(config)), ext_vars=variables, import_callback=read)
    named = {
        name
        for source in sources
        for name in _NAME.findall(_STRING_OR_COMMENT.sub(lambda match: match[1] or "", source))
    }
    return {name: os.environ[name] for name in sorted(named & os.environ.keys())}


def with_seed(settings: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """The same settings, with AllenNLP's three seeds set."""
    return {**settings, **dict.fromkeys(SEED_NAMES, seed)}


def num_epochs(settings: Mapping[str, Any]) -> int:
    """How many epochs are trained at most."""
    return int(settings.get("trainer", {}).get("num_epochs", _DEFAULT_NUM_EPOCHS))


def validation_metrics(settings: Mapping[str, Any]) -> list[str]:
    """The names of the metrics that an epoch is chosen by."""
    names = settings.get("trainer", {}).get("validation_metric", _DEFAULT_VALIDATION_METRIC)
    return [name[1:] for name in ([names] if isinstance(names, str) else names)]


def validation_score(settings: Mapping[str, Any], metrics: Mapping[str, Any]) -> float:
    """
    What an epoch is chosen by, as one number; higher is better.

    # Parameters

    settings : `Mapping[str, Any]`
        The experiment, whose `validation_metric` is a name such as `"+mean_f1"`, or several, which
        are added.
    metrics : `Mapping[str, Any]`
        The metrics on the development data.

    # Raises

    `ConfigurationError`
        If there is no such metric.
    """
    names = settings.get("trainer", {}).get("validation_metric", _DEFAULT_VALIDATION_METRIC)
    score = 0.0
    for name in [names] if isinstance(names, str) else names:
        if name[1:] not in metrics:
            raise ConfigurationError(f"trainer.validation_metric: there is no metric {name[1:]!r}")
        score += -metrics[name[1:]] if name[0] == "-" else metrics[name[1:]]
    return score


def reader_of_test_split(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings of the dataset reader that the test split is read with."""
    return settings.get("validation_dataset_reader") or settings.get("dataset_reader", {})


def differences(wanted: Mapping[str, Any], stored: Mapping[str, Any]) -> str:
    """
    Describes what differs between two settings; empty if they are the same.

    # Parameters

    wanted : `Mapping[str, Any]`
        The settings of now.
    stored : `Mapping[str, Any]`
        The settings in the folder.
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
    if len(changed) > _MAX_DIFFERENCES:
        num_left_out = len(changed) - _MAX_DIFFERENCES
        changed = [*changed[:_MAX_DIFFERENCES], f"and {num_left_out} more differ"]
    return "; ".join(changed)


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    return Params(dict(settings)).as_flat_dict()


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"
