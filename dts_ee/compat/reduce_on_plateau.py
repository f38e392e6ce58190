"""
The learning rate scheduler `reduce_on_plateau`.
"""

import logging
from typing import Any, List, Union

logger = logging.getLogger(__name__)


def register_reduce_on_plateau() -> None:
    """
    Registers a `reduce_on_plateau` scheduler that does not pass `verbose` on to torch.

    torch 2.7 removed this argument of `ReduceLROnPlateau`. Here it makes the scheduler log every
    change, as torch did.
    """
    import torch
    from allennlp.training.learning_rate_schedulers import LearningRateScheduler
    from allennlp.training.learning_rate_schedulers.pytorch_lr_schedulers import (
        ReduceOnPlateauLearningRateScheduler,
    )
    from allennlp.training.optimizers import Optimizer

    torch_scheduler: Any = torch.optim.lr_scheduler.ReduceLROnPlateau

    @LearningRateScheduler.register("reduce_on_plateau", exist_ok=True)
    class ReduceOnPlateau(ReduceOnPlateauLearningRateScheduler):
        """AllenNLP's scheduler of this name, for a torch without `verbose`."""

        def __init__(
            self,
            optimizer: Optimizer,
            mode: str = "min",
            factor: float = 0.1,
            patience: int = 10,
            threshold_mode: str = "rel",
            threshold: float = 1e-4,
            cooldown: int = 0,
            min_lr: Union[float, List[float]] = 0,
            eps: float = 1e-8,
            verbose: bool = False,
        ) -> None:
            # Skips AllenNLP's own constructor, which passes `verbose`.
            super(ReduceOnPlateauLearningRateScheduler, self).__init__(
                torch_scheduler(
                    optimizer=optimizer,
                    mode=mode,
                    factor=factor,
                    patience=patience,
                    threshold=threshold,
                    threshold_mode=threshold_mode,
                    cooldown=cooldown,
                    min_lr=min_lr,
                    eps=eps,
                )
            )
            self._verbose = verbose

        def step(self, metric: Any = None) -> None:
            before = [group["lr"] for group in self.lr_scheduler.optimizer.param_groups]
            super().step(metric)
            after = [group["lr"] for group in self.lr_scheduler.optimizer.param_groups]
            if self._verbose and after != before:
                logger.info("Reduced the learning rates from %s to %s.", before, after)
