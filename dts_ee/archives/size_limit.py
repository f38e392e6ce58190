"""
Limits the size of the model that an archive's configuration can ask for.
"""

import os
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Optional

from dts_ee.archives.trust import refuses_class_paths

_VALUES_PER_BYTE = 2
"""No format of weights has less than a byte for each value. The rest is for temporary layers."""

_VALUES_OF_A_TENSOR = 256
"""What a tensor counts in addition to its values, as many small ones take time and memory too."""

_ALWAYS_ALLOWED = 1 << 20
"""The values that any model may have, so that a few tensors that are not saved do not matter."""

_MAX_NUMBER = 10**7
"""The largest whole number that the configuration of any model may have."""

_innermost: ContextVar[object] = ContextVar("innermost", default=None)


def folder_size(folder: Path, *others: str) -> int:
    """The number of bytes of the files in a folder and its subfolders, and of other files."""
    paths = {os.path.realpath(path) for path in [*map(str, folder.rglob("*")), *others]}
    return sum(os.path.getsize(path) for path in paths if os.path.isfile(path))


@contextmanager
def limited_parameters(num_bytes: int) -> Iterator[None]:
    """
    Inside, it is an error if modules have many more parameters than files of `num_bytes` can hold.
    A configuration could ask for more memory than there is. In a nested context, the inner limit
    counts. There is no limit where no archive is loaded, or archives are trusted.

    # Raises

    `ValueError`
        Inside, when such a parameter is added to a module, before it is initialised.
    """
    from torch.nn.modules.module import register_module_parameter_registration_hook

    if not refuses_class_paths():
        yield
        return
    limit = _ALWAYS_ALLOWED + _VALUES_PER_BYTE * num_bytes
    num_values = 0
    this = object()

    def count(module: Any, name: str, parameter: Optional[Any]) -> None:
        nonlocal num_values
        if _innermost.get() is not this or parameter is None:
            return
        num_values += _VALUES_OF_A_TENSOR
        # Parameters without memory are replaced by others.
        if not parameter.is_meta:
            num_values += parameter.numel()
        if num_values > limit:
            raise ValueError(
                "the configuration asks for a larger model than that of the weights: "
                f"{type(module).__name__} is too large, or there are too many layers"
            )

    token = _innermost.set(this)
    handle = register_module_parameter_registration_hook(count)
    try:
        yield
    finally:
        handle.remove()
        _innermost.reset(token)


def check_sizes(settings: Mapping[str, Any], num_bytes: int) -> None:
    """
    Checks that the sizes of a model, such as its number of layers, are possible: AllenNLP makes
    lists as long as some of them.

    # Raises

    `ValueError`
        If one is above ten million and above the number of bytes of its archive.
    """
    if not refuses_class_paths():
        return
    for key, value in _numbers(settings.get("model"), "model"):
        if abs(value) > max(_MAX_NUMBER, num_bytes):
            raise ValueError(f"{key} is {value}, which cannot be the size of this model")


def _numbers(value: Any, key: str) -> Iterator[tuple[str, int]]:
    if isinstance(value, (int, str)):
        # AllenNLP takes "3" for 3.
        with suppress(ValueError):
            yield key, int(value)
    items: Dict[Any, Any] = {}
    if isinstance(value, Mapping):
        items = dict(value)
    elif isinstance(value, list):
        items = dict(enumerate(value))
    for name, item in items.items():
        yield from _numbers(item, f"{key}.{name}")
