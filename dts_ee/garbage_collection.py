"""
What libraries do to Python's garbage collection.
"""

import gc
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def garbage_collection_kept() -> Iterator[None]:
    """
    Leaves garbage collection as it was: srsly turns it off while it reads msgpack, and where that
    fails not on again.
    """
    was_enabled = gc.isenabled()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
