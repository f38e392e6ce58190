"""
The processes of a distributed training.
"""

import types
from typing import Any, Callable

from dts_ee.compat.patching import replace


def patch_worker_processes_first() -> None:
    """
    Loads this package first in the processes of a distributed training.

    AllenNLP (2.10.1, with any torch) sets up logging and loads other plugins before.
    """
    from allennlp.commands import train

    spawn = train.mp.spawn

    def spawn_workers(function: Callable, args: Any, nprocs: int) -> Any:
        return spawn(_train_worker, args=args, nprocs=nprocs)

    replace(train, "mp", types.SimpleNamespace(spawn=spawn_workers))


def _train_worker(*args: Any) -> Any:
    """Calls AllenNLP's function of this name; unpickling this one imports this package."""
    from allennlp.commands import train

    return train._train_worker(*args)
