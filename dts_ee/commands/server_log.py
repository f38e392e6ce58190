"""
The log of the commands that serve a model.
"""

import logging
from contextlib import contextmanager
from typing import Iterator

from dts_ee.console import shows_log


@contextmanager
def logged_requests() -> Iterator[None]:
    """Logs requests to the standard error, unless the whole log is shown anyway."""
    if shows_log():
        yield
        return
    requests_log = logging.getLogger("dts_ee.serving")
    before = requests_log.level, requests_log.propagate
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s - %(levelname)s - %(message)s"))
    requests_log.addHandler(handler)
    requests_log.setLevel(logging.INFO)
    requests_log.propagate = False
    try:
        yield
    finally:
        requests_log.removeHandler(handler)
        requests_log.setLevel(before[0])
        requests_log.propagate = before[1]
