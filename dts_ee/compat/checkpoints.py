"""
The checkpoints of a training.
"""

import functools
import json
import logging
import os
import pickle
import types
from contextlib import suppress
from typing import Any, Dict, List, Optional, Set, Tuple

from dts_ee.atomic_files import open_bytes_atomically, sync_folder
from dts_ee.compat.patching import replace, replace_everywhere

logger = logging.getLogger(__name__)

_UNREADABLE = (EOFError, FileNotFoundError, RuntimeError, pickle.UnpicklingError)
"""What `torch.load` raises for a file that is damaged, or removed by another process."""


def allow_numpy_in_training_state() -> None:
    """
    Lets `allennlp train --recover` load a training state that holds numpy values.

    torch 2.6 made `weights_only=True` the default of `torch.load`, which then refuses the numpy
    scalars that the `cosine` scheduler and many metrics leave in the state.
    """
    import numpy
    import torch

    # numpy 2 moved these functions; how a value is pickled shows where they are.
    rebuild: List[Any] = [numpy.float64(0).__reduce__()[0], numpy.zeros(1).__reduce__()[0]]
    dtypes = {type(numpy.dtype(code)) for code in numpy.typecodes["All"]}
    torch.serialization.add_safe_globals([*rebuild, numpy.ndarray, numpy.dtype, *dtypes])


def write_checkpoints_atomically() -> None:
    """
    Makes `allennlp train --recover` work even if the training was killed while it wrote.

    AllenNLP (2.10.1, with any torch) writes checkpoints, metrics and the configuration directly,
    the model's state before the trainer's, and takes the newest model's state for the newest
    checkpoint. Killed while it writes, it leaves what cannot be loaded. Here every file is written
    atomically and to the disk, a checkpoint exists from the moment that both of its files do, and
    one that cannot be read is removed in favour of the previous one.
    """
    import torch
    from allennlp.common import Params, util
    from allennlp.common.checks import ConfigurationError
    from allennlp.training import checkpointer, gradient_descent_trainer
    from allennlp.training.trainer import TrainerCheckpoint

    trainer_class = gradient_descent_trainer.GradientDescentTrainer
    original_find = checkpointer.Checkpointer._find_all_checkpoints
    original_dump = util.dump_metrics
    original_link = gradient_descent_trainer.hardlink_or_copy

    def save(state: Any, path: str) -> None:
        with open_bytes_atomically(path, durable=True) as file:
            try:
                torch.save(state, file)
            except RuntimeError as error:
                # torch's error names neither the file nor the reason.
                if isinstance(error.__context__, OSError):
                    raise error.__context__ from None
                raise

    @functools.wraps(original_find)
    def find_all_checkpoints(self: checkpointer.Checkpointer) -> Set[Tuple[int, int]]:
        return {
            point
            for point in original_find(self)
            if os.path.isfile(self._training_state_path(*point))
        }

    @functools.wraps(checkpointer.Checkpointer.load_checkpoint)
    def load_checkpoint(self: checkpointer.Checkpointer) -> Optional[TrainerCheckpoint]:
        loaded, damaged = None, ""
        points = sorted(self._find_all_checkpoints())
        while points and loaded is None:
            paths = (self._model_state_path(*points[-1]), self._training_state_path(*points[-1]))
            try:
                model, training = (torch.load(path, map_location="cpu") for path in paths)
                loaded = TrainerCheckpoint(model, training)
            except _UNREADABLE:
                logger.info("%s and %s cannot be read", *paths, exc_info=True)
                damaged = f"{paths[1]} or the model_state beside it is damaged"
                points.pop()
        if damaged and loaded is None:
            raise ConfigurationError(
                f"{damaged}, and there is no other checkpoint; `train --force` starts anew"
            )
        if damaged:
            logger.warning("%s: the training goes on from the checkpoint before", damaged)
        if self._is_primary:
            if self._keep_most_recent_by_age is None:
                points = points[-(self._keep_most_recent_by_count or 0) :]
            # The trainer does not write a file that is there.
            for name in os.listdir(self._serialization_dir):
                found = self._parse_model_state_path(name) or self._parse_training_state_path(name)
                if found is not None and found not in points:
                    self._remove_checkpoint(*found)
        return loaded

    @functools.wraps(trainer_class._save_model_state)
    def save_model_state(self: Any, path: str) -> None:
        wrapped = self._ddp_wrapped_model
        save((self.model if wrapped is None else wrapped).state_dict(), path)

    @functools.wraps(original_dump)
    def dump_metrics(file_path: Optional[str], metrics: Dict[str, Any], log: bool = False) -> None:
        original_dump(None, metrics, log)
        if file_path:
            with open_bytes_atomically(file_path, durable=True) as file:
                file.write(json.dumps(metrics, indent=2).encode())

    @functools.wraps(original_link)
    def hardlink_or_copy(source: str, destination: str) -> None:
        temporary = f"{destination}.partial"
        with suppress(FileNotFoundError):
            os.unlink(temporary)
        original_link(source, temporary)
        os.replace(temporary, destination)
        sync_folder(os.path.dirname(os.path.abspath(destination)))

    def to_file(self: Params, params_file: Any, preference_orders: Any = None) -> None:
        with open_bytes_atomically(params_file, durable=True) as file:
            file.write(json.dumps(self.as_ordered_dict(preference_orders), indent=4).encode())

    replace(checkpointer, "torch", types.SimpleNamespace(save=save, load=torch.load))
    replace(checkpointer.Checkpointer, "_find_all_checkpoints", find_all_checkpoints)
    replace(checkpointer.Checkpointer, "load_checkpoint", load_checkpoint)
    replace(trainer_class, "_save_model_state", save_model_state)
    replace_everywhere("allennlp", original_dump, dump_metrics)
    replace(gradient_descent_trainer, "hardlink_or_copy", hardlink_or_copy)
    replace(Params, "to_file", to_file)


def recover_moving_averages() -> None:
    """
    Makes a moving average follow the model after `allennlp train --recover`.

    AllenNLP (2.10.1, with any torch) restores the averaged parameters themselves from the
    checkpoint: copies, which the model never changes and never sees, so that `best.th` holds
    weights that are not averaged. Here their values are restored, and the parameters stay the
    model's.
    """
    from allennlp.training.moving_average import MovingAverage

    def load_state_dict(self: MovingAverage, state_dict: Dict[str, Any]) -> None:
        for averages, restored in (
            (self._shadows, state_dict["shadows"]),
            (self._backups, state_dict["backups"]),
        ):
            for name, value in averages.items():
                value.copy_(restored[name])

    replace(MovingAverage, "load_state_dict", load_state_dict)
