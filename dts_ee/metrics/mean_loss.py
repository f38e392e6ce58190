"""The mean of losses."""

from typing import Any

from allennlp.nn.util import dist_reduce_sum
from allennlp.training.metrics import Metric


class MeanLoss(Metric):
    """
    The mean of the losses since the last reset; 0 without any.

    AllenNLP's `Average` sums over the workers of a distributed training at each call, and waits for
    all of them: it hangs if a worker's batch has no loss, such as that of relations without
    entities. This one sums when it is reset.
    """

    supports_distributed = True

    def __init__(self) -> None:
        self.reset()

    def __call__(self, loss: Any) -> None:  # type: ignore[override]
        """
        # Parameters

        loss : `Any`
            A number, or a tensor with one.
        """
        (detached,) = self.detach_tensors(loss)
        self._total += float(detached)
        self._count += 1

    def get_metric(self, reset: bool = False) -> float:
        """
        The mean.

        # Parameters

        reset : `bool`, optional (default = `False`)
            Whether to reset it afterwards. In distributed training, it is the mean over all workers
            then, each of which has to call it; otherwise that of this worker.
        """
        total, count = self._total, self._count
        if reset:
            total = dist_reduce_sum(total)
            count = dist_reduce_sum(count)
            self.reset()
        return total / count if count else 0.0

    def reset(self) -> None:
        self._total = 0.0
        self._count = 0
