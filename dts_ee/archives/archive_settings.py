"""
Reads the configuration of an archive.
"""

import json
from pathlib import Path
from typing import Any, Dict, Iterator, Tuple

from dts_ee.archives.trust import OPTION, trusts_archives

MAX_BYTES = 1 << 24


def read_settings(path: Path) -> Dict[str, Any]:
    """
    Reads a configuration as plain JSON: no Jsonnet is evaluated.

    # Parameters

    path : `Path`
        The `config.json` of an archive or of the folder of a training.

    # Raises

    `ValueError`
        If it is missing, is no JSON object, is larger than 16 MiB, or runs code, and archives are
        not trusted.
    """
    if not path.is_file():
        raise ValueError(f"this is no archive of a model: it has no {path.name}")
    if path.stat().st_size > MAX_BYTES:
        raise ValueError(f"{path.name} is larger than {MAX_BYTES >> 20} MiB")
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path.name} is no JSON: {error}") from None
    if not isinstance(settings, dict):
        raise ValueError(f"{path.name} is no JSON object")
    if not isinstance(settings.get("model"), (dict, str)):
        raise ValueError(f"{path.name} has no model: its key `model` should be an object")
    if not trusts_archives():
        for key, value in _items(settings, ""):
            _check_runs_no_code(key, value)
    return settings


def _check_runs_no_code(key: str, value: Any) -> None:
    name = key.rpartition(".")[2]
    if name == "trust_remote_code" and value:
        raise ValueError(f"{key}: this runs code of the model's repository: {_remedy()}")
    if name == "type" and isinstance(value, str) and "." in value and not _is_registered(value):
        raise ValueError(f"{key}: {class_path_problem(value)}")


def class_path_problem(path: str) -> str:
    """The message for a class that is named by its path, such as `my_package.models.MyModel`."""
    return (
        f"{path!r} is the path of a class or function, not a registered name, and could run "
        f"any code: {_remedy()}"
    )


def _remedy() -> str:
    return f"{OPTION} allows it, for archives of people whom you trust"


def _is_registered(name: str) -> bool:
    from allennlp.common import Registrable

    return any(name in registered for registered in Registrable._registry.values())


def _items(value: Any, key: str) -> Iterator[Tuple[str, Any]]:
    """All keys with their values, at any depth."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in pairs:
        inner_key = f"{key}.{name}" if key else str(name)
        yield inner_key, inner
        if isinstance(inner, (dict, list)):
            yield from _items(inner, inner_key)
