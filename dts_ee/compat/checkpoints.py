"""
The checkpoints of a training.
"""

import functools
import os
import types
from typing import Any, Dict, List

from dts_ee.compat.patching import replace


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

    AllenNLP (2.10.1, with any torch) writes checkpoints directly, the model's state before the
    trainer's, and takes the newest model's state for the newest checkpoint. Killed while it writes,
    it leaves a checkpoint that cannot be loaded. Here every file is written atomically, and a
    model's state without a trainer's is dropped in favour of the previous checkpoint.
    """
    import torch
    from allennlp.training import checkpointer
    from allennlp.training.gradient_descent_trainer import GradientDescentTrainer

    original_load = checkpointer.Checkpointer.load_checkpoint
    original_save_model = GradientDescentTrainer._save_model_state

    def save(state: Any, path: str) -> None:
        partial = f"{path}.partial"
        torch.save(state, partial)
        os.replace(partial, path)

    @functools.wraps(original_load)
    def load_checkpoint(self: checkpointer.Checkpointer) -> Any:
        if self._is_primary:
            for point in self._find_all_checkpoints():
                if not os.path.isfile(self._training_state_path(*point)):
                    self._remove_checkpoint(*point)
        return original_load(self)

    @functools.wraps(original_save_model)
    def save_model_state(self: GradientDescentTrainer, path: str) -> None:
        partial = f"{path}.partial"
        original_save_model(self, partial)
        os.replace(partial, path)

    replace(checkpointer, "torch", types.SimpleNamespace(save=save, load=torch.load))
    replace(checkpointer.Checkpointer, "load_checkpoint", load_checkpoint)
    replace(GradientDescentTrainer, "_save_model_state", save_model_state)


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
