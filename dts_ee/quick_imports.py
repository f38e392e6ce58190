"""
Importing many packages in less time.
"""

import gc
from contextlib import contextmanager
from typing import Iterator


@contextmanager
def quick_imports() -> Iterator[None]:
    """
    Keeps Python from looking for garbage while packages are imported.

    AllenNLP and what it imports are about a million objects, which stay. While they are made,
    Python looks through all that there are again and again for some to throw away, which is a fifth
    of the time that the imports take.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
