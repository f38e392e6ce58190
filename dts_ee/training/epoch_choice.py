"""
Which epoch's model is kept.
"""

from typing import Any, Dict, List, Optional, Union

from allennlp.training.metric_tracker import MetricTracker


class EpochChoice(MetricTracker):
    """
    AllenNLP's choice of the best epoch, where the later of two that are equal is the better one.

    AllenNLP keeps the first. Where a few development sentences give a metric of 0 in every epoch,
    that is the one that has learned least.

    # Parameters

    metric_name : `Union[str, List[str]]`
        The metric, with `+` or `-` before it; of several, the sum.
    patience : `int`, optional (default = `None`)
        After how many epochs without a better one the training ends; an equal one is no better.
    take_last : `bool`, optional (default = `False`)
        Whether the last epoch is taken, whatever the metric says. The training does not end early
        then.
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
