"""
The lines and the progress bar of a training.
"""

import sys
import time
from typing import Any, Dict, List, Optional

from allennlp.common import logging as common_logging
from allennlp.training import TrainerCallback
from allennlp.training.gradient_descent_trainer import GradientDescentTrainer
from tqdm import tqdm

from dts_ee.console import say, shows_log
from dts_ee.training.epoch_line import duration, epoch_line, figures


@TrainerCallback.register("epoch_lines")
class EpochLines(TrainerCallback):
    """
    Prints a line for each epoch and one for the result; on a terminal, there is one progress bar
    over all batches.

    Registered as a `TrainerCallback` with name `"epoch_lines"`. It is one of the default callbacks
    of AllenNLP's trainer.

    # Parameters

    serialization_dir : `str`
        The folder of the training.
    """

    def __init__(self, serialization_dir: str) -> None:
        super().__init__(serialization_dir)
        self._bar: Optional[tqdm] = None
        self._times: List[float] = []
        self._validation_metrics: List[str] = []

    def on_start(
        self, trainer: GradientDescentTrainer, is_primary: bool = True, **kwargs: Any
    ) -> None:
        super().on_start(trainer, is_primary, **kwargs)
        if not is_primary:
            return
        self._validation_metrics = [name for _, name in trainer._metric_tracker.tracked_metrics]
        self._times = [time.monotonic()]
        completed = trainer._start_after_epochs_completed
        if completed >= trainer._num_epochs:
            say(f"all {trainer._num_epochs} epochs are trained already")
        elif completed:
            say(f"going on after epoch {completed} of {trainer._num_epochs}")
        batches = _batches_per_epoch(trainer)
        self._bar = tqdm(
            total=batches and batches * trainer._num_epochs,
            initial=completed * (batches or 0) + trainer._start_after_batches_in_epoch_completed,
            desc=_description(completed, trainer),
            unit=" batches",
            leave=False,
            # AllenNLP's own bars are shown then.
            disable=shows_log() or common_logging.FILE_FRIENDLY_LOGGING or not sys.stderr.isatty(),
        )

    def on_batch(
        self,
        trainer: GradientDescentTrainer,
        batch_inputs: Any,
        batch_outputs: Any,
        batch_metrics: Dict[str, Any],
        epoch: int,
        batch_number: int,
        is_training: bool,
        is_primary: bool = True,
        batch_grad_norm: Optional[float] = None,
        **kwargs: Any,
    ) -> None:
        if self._bar is None:
            return
        if is_training:
            self._bar.set_description(_description(epoch, trainer), refresh=False)
            self._bar.update()
        elif batch_number <= 1:
            self._bar.set_description(f"{_description(epoch, trainer)}, development")

    def on_epoch(
        self,
        trainer: GradientDescentTrainer,
        metrics: Dict[str, Any],
        epoch: int,
        is_primary: bool = True,
        **kwargs: Any,
    ) -> None:
        if not is_primary:
            return
        self._times.append(time.monotonic())
        if not trainer._should_validate_this_epoch:
            # AllenNLP repeats those of an earlier epoch.
            metrics = {
                name: value for name, value in metrics.items() if not name.startswith("validation_")
            }
        line = epoch_line(epoch + 1, trainer._num_epochs, metrics, self._validation_metrics)
        num_left = trainer._num_epochs - epoch - 1
        if num_left and not trainer._metric_tracker.should_stop_early():
            line += f", {duration(num_left * self._seconds_per_epoch())} to go"
        say(line)

    def on_end(
        self,
        trainer: GradientDescentTrainer,
        metrics: Optional[Dict[str, Any]] = None,
        epoch: Optional[int] = None,
        is_primary: bool = True,
        **kwargs: Any,
    ) -> None:
        if self._bar is not None:
            self._bar.close()
        if not is_primary or metrics is None or epoch is None:
            return
        if epoch + 1 < trainer._num_epochs:
            patience = trainer._metric_tracker._patience
            say(f"stopped after epoch {epoch + 1}: no better one for {patience} epochs")
        development = figures(metrics, "best_validation_", self._validation_metrics)
        if development:
            best = metrics["best_epoch"] + 1
            say(
                f"best epoch: {best} of {trainer._num_epochs}, development {development}",
                sys.stdout,
            )
        elif not trainer._validation_data_loader:
            say("there is no development data to choose by: the last epoch is kept", sys.stdout)

    def _seconds_per_epoch(self) -> float:
        # The first epoch is slower: frozen encoders fill their caches.
        times = self._times[1:] if len(self._times) > 2 else self._times
        return (times[-1] - times[0]) / (len(times) - 1)


def _description(epoch: int, trainer: GradientDescentTrainer) -> str:
    return f"epoch {epoch + 1} of {trainer._num_epochs}"


def _batches_per_epoch(trainer: GradientDescentTrainer) -> Optional[int]:
    try:
        batches = len(trainer.data_loader)
    except TypeError:
        # A loader that does not keep its instances has no length.
        return None
    return -(-batches // trainer._num_gradient_accumulation_steps)
