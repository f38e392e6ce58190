"""Protects Python's garbage collection from libraries that turn it off."""

import gc
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def garbage_collection_kept() -> Iterator[None]:
    """
    Restores garbage collection at the end. srsly turns it off while it reads msgpack, and leaves it
    off after an error.
    """
    was_enabled = gc.isenabled()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
