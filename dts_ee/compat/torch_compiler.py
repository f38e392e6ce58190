"""
The compiler of torch, which this package does not use.
"""

import importlib
import sys
import types
from importlib.util import find_spec
from typing import Any


def import_transformers_without_compiler() -> None:
    """
    Imports transformers without torch's compiler, which takes as long as the rest of transformers.

    transformers 5 marks a few of its functions for the compiler when it is imported, all of them
    for hardware or data types that are not used here. Meanwhile, an empty package stands in for the
    compiler, so that the marks do nothing; its other modules are imported as usual. Who uses the
    compiler later imports the real one.
    """
    import torch

    name = "torch._dynamo"
    spec = find_spec(name) if name not in sys.modules else None
    if spec is None or spec.submodule_search_locations is None:
        return
    package: Any = types.ModuleType(name)
    package.__path__ = list(spec.submodule_search_locations)
    package.__spec__ = spec
    package.allow_in_graph = package.assume_constant_result = package.disable = _mark
    sys.modules[name] = torch._dynamo = package
    try:
        for module in ("masking_utils", "processing_utils"):
            importlib.import_module(f"transformers.{module}")
    finally:
        del sys.modules[name], torch._dynamo


def _mark(function: Any = None, *args: Any, **options: Any) -> Any:
    """A decorator that changes nothing, with or without arguments."""
    return function if function is not None else _mark
