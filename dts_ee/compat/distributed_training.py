"""
Distributed training.
"""

import functools
import os
from typing import Any, List

from dts_ee.compat.patching import replace
from dts_ee.console import say


def refuse_test_data_in_distributed_training() -> None:
    """
    Makes `evaluate_on_test` an error in distributed training.

    AllenNLP (2.10.1, with any torch) tests in the primary process alone, which has read only its
    part of the test data.
    """
    from allennlp.commands import train
    from allennlp.common.checks import ConfigurationError

    original = train.train_model

    @functools.wraps(original)
    def train_model(params: Any, *args: Any, **kwargs: Any) -> Any:
        if "distributed" in params and params.get("evaluate_on_test"):
            raise ConfigurationError(
                "evaluate_on_test: a distributed training would test on one process's part of the "
                "data alone: leave it out, and use `dts-ee evaluate` on the trained model"
            )
        return original(params, *args, **kwargs)

    replace(train, "train_model", train_model)


def train_on_several_machines() -> None:
    """
    Says what several machines need, and keeps their checkpoints alike.

    Each machine writes its own folder. AllenNLP (2.10.1, with any torch) suggests to delete the
    folder if it is that of another machine, waits for the other machines without a word, removes
    old checkpoints on the first machine alone, and recovers each machine from its own last
    checkpoint, of whichever epoch.
    """
    import torch
    from allennlp.commands import train
    from allennlp.common.checks import ConfigurationError
    from allennlp.training.checkpointer import Checkpointer

    original_train = train.train_model
    original_save = Checkpointer.save_checkpoint
    original_load = Checkpointer.load_checkpoint

    @functools.wraps(original_train)
    def train_model(
        params: Any,
        serialization_dir: Any,
        recover: bool = False,
        force: bool = False,
        node_rank: int = 0,
        **kwargs: Any,
    ) -> Any:
        settings = params.params.get("distributed") or {}
        num_nodes = settings.get("num_nodes", 1)
        if num_nodes > 1:
            is_filled = os.path.isdir(serialization_dir) and os.listdir(serialization_dir)
            if node_rank > 0 and is_filled and not recover and not force:
                raise ConfigurationError(
                    f"{serialization_dir}: this folder is not empty, and each machine needs a "
                    "folder of its own: give another one as -s"
                )
            say(
                f"machine {node_rank} of 0 to {num_nodes - 1}; the training starts when all have "
                f"connected to {settings.get('primary_address')}:{settings.get('primary_port')}"
            )
        return original_train(
            params, serialization_dir, recover, force, node_rank=node_rank, **kwargs
        )

    @functools.wraps(original_save)
    def save_checkpoint(self: Checkpointer, trainer: Any) -> None:
        is_distributed = torch.distributed.is_initialized()
        if is_distributed and trainer._primary and not self.state_is_sharded:
            # The first process of each machine removes old checkpoints.
            self._rank = 0
        original_save(self, trainer)

    @functools.wraps(original_load)
    def load_checkpoint(self: Checkpointer) -> Any:
        checkpoint = original_load(self)
        if not torch.distributed.is_initialized():
            return checkpoint
        epochs = 0 if checkpoint is None else checkpoint.trainer_state["epochs_completed"]
        of_all: List[Any] = [None] * torch.distributed.get_world_size()
        torch.distributed.all_gather_object(of_all, epochs)
        if len(set(of_all)) > 1:
            raise ConfigurationError(
                f"{self._serialization_dir}: the processes have checkpoints of different epochs "
                f"({', '.join(map(str, of_all))}; 0 for none): copy the first machine's folder to "
                "the other machines, and recover again"
            )
        return checkpoint

    replace(train, "train_model", train_model)
    replace(Checkpointer, "save_checkpoint", save_checkpoint)
    replace(Checkpointer, "load_checkpoint", load_checkpoint)
