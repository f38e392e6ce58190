"""
Processes that end with the process that started them.
"""

import os
import signal
import threading
import time
from typing import Dict

_VARIABLE = "DTS_EE_PARENT_PROCESS"
_SECONDS = 0.5


def end_with_parent(parent: int) -> None:
    """
    Kills this process within half a second after its parent has ended, however that ended.

    # Parameters

    parent : `int`
        The parent's process ID.
    """

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(target=watch, name="end_with_parent", daemon=True).start()


def environment_of_child() -> Dict[str, str]:
    """The variables of a process of `dts-ee` that is to end with this process."""
    return {_VARIABLE: str(os.getpid())}


def end_with_parent_if_asked() -> None:
    """Does what `environment_of_child` asks for, and not for this process's children."""
    parent = os.environ.pop(_VARIABLE, None)
    if parent is not None:
        end_with_parent(int(parent))
