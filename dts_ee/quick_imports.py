"""Speeds up the import of many packages."""

import gc
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def quick_imports() -> Iterator[None]:
    """
    Turns off garbage collection while packages are imported, and exempts what they create from it.

    AllenNLP and its dependencies create about a million objects that are never freed. Garbage
    collection visits them again and again, which takes a fifth of the import time, and once more at
    the end of the process.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
