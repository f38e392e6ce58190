"""
The processes of a distributed training and of data loaders.
"""

import functools
import json
import multiprocessing
import types
from dataclasses import asdict
from typing import Any, Callable

from dts_ee.compat.patching import replace
from dts_ee.errors import explain
from dts_ee.parent_process import end_with_parent

_SECONDS_TO_STOP = 10.0


def end_children_with_parent() -> None:
    """
    Ends the processes of a distributed training and of data loaders with their parent.

    If the parent is killed, torch interrupts the processes of a distributed training, which those
    of a background job ignore: with AllenNLP (2.10.1) they go on and write checkpoints. If it is
    ended by SIGTERM, it waits for them until they have trained all epochs. Data loaders' processes
    stay for good. An error in a process of a distributed training reaches the parent as the text of
    a traceback; here it is the same explanation as in one process.
    """
    import torch.multiprocessing
    from allennlp.commands import train
    from allennlp.data.data_loaders import MultiProcessDataLoader

    @functools.wraps(torch.multiprocessing.spawn)
    def spawn(function: Callable, args: Any = (), nprocs: int = 1) -> None:
        context = torch.multiprocessing.spawn(function, args, nprocs, join=False)
        try:
            while not context.join():
                pass
        finally:
            for process in context.processes:
                process.terminate()
            for process in context.processes:
                process.join(_SECONDS_TO_STOP)
                process.kill()

    replace(train, "mp", types.SimpleNamespace(spawn=spawn))
    replace(train, "_train_worker", _ending_with_parent(_explaining(train._train_worker)))
    for name in ("_instance_worker", "_batch_worker"):
        worker = _ending_with_parent(getattr(MultiProcessDataLoader, name))
        replace(MultiProcessDataLoader, name, worker)


def _explaining(function: Callable) -> Callable:
    """The function, whose errors in a process of its own say what a user should know."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if multiprocessing.parent_process() is None:
                raise
            raise ChildProcessError(json.dumps(asdict(explain(error)))) from error

    return wrapper


def _ending_with_parent(function: Callable) -> Callable:
    """The function, which in a process of its own first sees to that process's end."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        parent = multiprocessing.parent_process()
        if parent is not None and parent.pid is not None:
            end_with_parent(parent.pid)
        return function(*args, **kwargs)

    return wrapper
