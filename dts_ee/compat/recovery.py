"""
Trainings that go on where they were cut off.
"""

import functools
import json
import os
import random
from typing import Any, Dict, List, Optional

from dts_ee.compat.patching import replace

_KEY = "random_states"
"""The key of the trainer's state that this module adds."""


def recover_trainings_exactly() -> None:
    """
    Makes a training that was cut off end as if it had not been.

    AllenNLP (2.10.1, with any torch) does not keep the states of the random generators: after
    `--recover` the data is shuffled in another order, and dropout leaves out other units. It takes
    the trainer's state before it writes `best.th`, so that the two may be of different epochs, or
    `best.th` missing. A training that had come to its end, or would have been stopped, is trained
    for another epoch, or loses most of its metrics.

    Here the trainer's state has the states of the generators at the start of each epoch, `best.th`
    is written again from a checkpoint that is the best one, and nothing is trained after the last
    epoch. From a checkpoint within an epoch, the weights are exact; the metrics on the training
    data are those of the rest of the epoch.
    """
    import torch
    from allennlp.common.checks import ConfigurationError
    from allennlp.training.gradient_descent_trainer import GradientDescentTrainer

    original_state = GradientDescentTrainer.get_checkpoint_state
    original_restore = GradientDescentTrainer._maybe_restore_checkpoint
    original_train_epoch = GradientDescentTrainer._train_epoch
    original_try_train = GradientDescentTrainer._try_train
    original_outputs = GradientDescentTrainer.batch_outputs

    @functools.wraps(original_state)
    def get_checkpoint_state(self: Any) -> Any:
        starts = list(getattr(self, "_epoch_starts", []))
        is_end = self._batches_in_epoch_completed == 0
        if is_end:
            starts.append(_start_of_epoch(self))
        mine = {"starts": starts, "now": None if is_end else _generators(self.cuda_device)}
        by_rank = {self._rank: mine}
        # Within an epoch, another process may be at another batch.
        if self._distributed and is_end:
            gathered: List[Any] = [None] * self._world_size
            torch.distributed.all_gather_object(gathered, mine)
            by_rank = dict(enumerate(gathered))
        checkpoint = original_state(self)
        if checkpoint is not None:
            is_best = self._should_validate_this_epoch and self._metric_tracker.is_best_so_far()
            checkpoint.trainer_state[_KEY] = by_rank
            checkpoint.trainer_state["is_best"] = is_end and is_best
        return checkpoint

    @functools.wraps(original_restore)
    def restore_checkpoint(self: Any) -> None:
        loaded: Dict[str, Any] = {}
        if self._checkpointer is not None:
            load_checkpoint = self._checkpointer.load_checkpoint

            def keep_state() -> Any:
                checkpoint = load_checkpoint()
                if checkpoint is not None:
                    loaded.update(checkpoint.trainer_state)
                return checkpoint

            self._checkpointer.load_checkpoint = keep_state
            try:
                original_restore(self)
            finally:
                del self._checkpointer.load_checkpoint
        mine = loaded.get(_KEY, {}).get(self._rank, {"starts": [], "now": None})
        self._epoch_starts = mine["starts"]
        self._generators_of_batch = mine["now"]
        self._metrics_before = _metrics_of_epoch(self, self._start_after_epochs_completed - 1)
        if self._metrics_before and self._metric_tracker.best_epoch is not None:
            # The tracker counts only epochs with a validation.
            self._metric_tracker.best_epoch = self._metrics_before["best_epoch"]
        if loaded.get("is_best"):
            _save_best_model(self)
        elif self._best_model_filename is not None:
            # The folder may have been moved.
            name = os.path.basename(self._best_model_filename)
            self._best_model_filename = os.path.join(self._serialization_dir, name)
            if not os.path.isfile(self._best_model_filename):
                raise ConfigurationError(
                    f"{self._best_model_filename}: this file, the weights of the best epoch, is "
                    "missing; `train --force` trains anew"
                )

    @functools.wraps(original_train_epoch)
    def train_epoch(self: Any, epoch: int) -> Dict[str, float]:
        starts = self._epoch_starts
        is_replayed = epoch < self._start_after_epochs_completed
        if epoch < len(starts):
            _set_start_of_epoch(self, starts[epoch])
        elif not is_replayed:
            starts.append(_start_of_epoch(self))
        if is_replayed and starts:
            # An epoch may change the order of a loader's instances.
            if not _forgets_epochs(self.data_loader):
                original_train_epoch(self, epoch)
            validation = self._validation_data_loader
            if (
                validation is not None
                and self._should_validate_this_epoch
                and not _forgets_epochs(validation)
            ):
                for _ in validation:
                    pass
            return {}
        return original_train_epoch(self, epoch)

    @functools.wraps(original_try_train)
    def try_train(self: Any) -> Any:
        epochs = self._start_after_epochs_completed
        is_at_end = epochs >= self._num_epochs or self._metric_tracker.should_stop_early()
        if not (epochs and is_at_end and self._start_after_batches_in_epoch_completed == 0):
            metrics, epoch = original_try_train(self)
            # Those of a validation before, if there was none since.
            return {**self._metrics_before, **metrics}, epoch
        if self._epoch_starts:
            _set_start_of_epoch(self, self._epoch_starts[-1])
        self._epochs_completed = epochs
        if self._best_model_filename is None or self._metric_tracker.is_best_so_far():
            self._finalize_model()
        else:
            self._load_model_state(self._best_model_filename)
        return self._metrics_before, epochs - 1

    @functools.wraps(original_outputs)
    def batch_outputs(self: Any, batch: Any, for_training: bool) -> Any:
        generators = self.__dict__.pop("_generators_of_batch", None)
        if generators is not None:
            # The others have been used for the order of the batches, which was repeated.
            _set_torch_generators(generators, self.cuda_device)
        return original_outputs(self, batch, for_training)

    replace(GradientDescentTrainer, "get_checkpoint_state", get_checkpoint_state)
    replace(GradientDescentTrainer, "_maybe_restore_checkpoint", restore_checkpoint)
    replace(GradientDescentTrainer, "_train_epoch", train_epoch)
    replace(GradientDescentTrainer, "_try_train", try_train)
    replace(GradientDescentTrainer, "batch_outputs", batch_outputs)


def _start_of_epoch(trainer: Any) -> Dict[str, Any]:
    return {
        "generators": _generators(trainer.cuda_device),
        "validates": trainer._should_validate_this_epoch,
        "batches_before": trainer._total_batches_completed,
    }


def _set_start_of_epoch(trainer: Any, start: Dict[str, Any]) -> None:
    import numpy

    generators = start["generators"]
    version, numbers, gauss = generators["python"]
    random.setstate((version, tuple(numbers), gauss))
    numpy.random.set_state(generators["numpy"])
    _set_torch_generators(generators, trainer.cuda_device)
    trainer._should_validate_this_epoch = start["validates"]
    trainer._total_batches_completed = start["batches_before"]


def _generators(device: Any) -> Dict[str, Any]:
    """The states of Python's, numpy's and torch's random generators."""
    import numpy
    import torch

    return {
        "python": random.getstate(),
        "numpy": numpy.random.get_state(legacy=False),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state(device) if device.type == "cuda" else None,
    }


def _set_torch_generators(generators: Dict[str, Any], device: Any) -> None:
    import torch

    torch.set_rng_state(generators["torch"])
    if generators["cuda"] is not None:
        torch.cuda.set_rng_state(generators["cuda"], device)


def _forgets_epochs(loader: Any) -> bool:
    """Whether an epoch changes nothing in a data loader but the random generators."""
    from allennlp.data.data_loaders import MultiProcessDataLoader

    is_known: bool = type(loader) is MultiProcessDataLoader
    return (
        is_known
        and loader.max_instances_in_memory is None
        and loader.batches_per_epoch is None
        and not loader.shuffle
    )


def _metrics_of_epoch(trainer: Any, epoch: int) -> Dict[str, Any]:
    """AllenNLP's metrics of an epoch that is finished; none before the first one."""
    if epoch < 0 or trainer._serialization_dir is None:
        return {}
    with open(os.path.join(trainer._serialization_dir, f"metrics_epoch_{epoch}.json")) as file:
        return json.load(file)


def _save_best_model(trainer: Any) -> None:
    """Writes `best.th`, as after an epoch that was the best so far."""
    import torch

    wrapped: Optional[Any] = trainer._ddp_wrapped_model
    is_sharded = wrapped is not None and wrapped.is_sharded
    name = f"best_w{trainer._rank}.th" if is_sharded else "best.th"
    trainer._best_model_filename = os.path.join(trainer._serialization_dir, name)
    if is_sharded or trainer._primary:
        average = trainer._moving_average
        if average is not None:
            average.assign_average_value()
        try:
            trainer._save_model_state(trainer._best_model_filename)
        finally:
            if average is not None:
                average.restore()
    if trainer._distributed:
        torch.distributed.barrier()
