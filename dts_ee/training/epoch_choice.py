"""
The choice of the epoch whose model is kept.
"""

from typing import Any, Dict, List, Optional, Union

from allennlp.training.metric_tracker import MetricTracker


class EpochChoice(MetricTracker):
    """
    AllenNLP's `MetricTracker`, but of epochs with an equal metric, the last is the best.

    AllenNLP keeps the first. If a few development sentences give a metric of 0 in every epoch, the
    first epoch has learned the least.

    # Parameters

    metric_name : `Union[str, List[str]]`
        The metric, with `+` or `-` before it; of several, the sum.
    patience : `int`, optional (default = `None`)
        After how many epochs without a better metric the training ends; an equal one is not better.
    take_last : `bool`, optional (default = `False`)
        Whether the last epoch is taken, regardless of the metric. There is no early stopping then.
    """

    def __init__(
        self,
        metric_name: Union[str, List[str]],
        patience: Optional[int] = None,
        take_last: bool = False,
    ) -> None:
        super().__init__(metric_name, None if take_last else patience)
        self._take_last = take_last

    def add_metrics(self, metrics: Dict[str, Any]) -> None:
        score = self.combined_score(metrics)
        best = self._best_so_far
        is_better = best is None or score > best
        self._is_best_so_far = self._take_last or is_better or score == best
        if self._is_best_so_far:
            self._best_so_far = score
            self.best_epoch = self._epoch_number
        self._epochs_with_no_improvement = 0 if is_better else self._epochs_with_no_improvement + 1
        self._epoch_number += 1
