"""
The worker processes of a data loader.
"""

import functools
from typing import Any, Callable

from dts_ee.compat.patching import replace


def create_lock_in_context_of_workers() -> None:
    """
    Lets a data loader with `num_workers` start its workers by `spawn`.

    AllenNLP hands each worker a lock made in the default context, which Python 3.11.5 and later
    refuse to share with a process of another context.
    """
    from allennlp.data.data_loaders import multiprocess_data_loader

    loader_class = multiprocess_data_loader.MultiProcessDataLoader
    for name in ("_start_instance_workers", "_start_batch_workers"):
        replace(loader_class, name, _with_context_as_mp(getattr(loader_class, name)))


def _with_context_as_mp(start_workers: Callable) -> Callable:
    """Makes `mp.RLock()` mean the context's while `start_workers(self, queue, context)` runs."""
    from allennlp.data.data_loaders import multiprocess_data_loader

    @functools.wraps(start_workers)
    def wrapper(self: Any, queue: Any, ctx: Any) -> Any:
        multiprocessing = multiprocess_data_loader.mp
        multiprocess_data_loader.mp = ctx
        try:
            return start_workers(self, queue, ctx)
        finally:
            multiprocess_data_loader.mp = multiprocessing

    return wrapper
