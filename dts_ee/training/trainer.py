"""
AllenNLP's trainer, for corpora of any size.
"""

import logging
from itertools import islice
from os import PathLike
from pathlib import Path
from typing import Any, Dict, Iterable, List, Optional, Set, Tuple, Union

import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DataLoader, TensorDict
from allennlp.models import Model
from allennlp.training import GradientDescentTrainer, Trainer

from dts_ee.analysis.training_data import (
    count_types,
    warn_of_development_data,
    warn_of_training_data,
    warn_of_unseen_types,
)
from dts_ee.dataset_readers import SpertReader
from dts_ee.document import Document, DocumentError
from dts_ee.metrics import Scores
from dts_ee.metrics.flat_names import metrics_of
from dts_ee.models import DeeperTaskSpecificity
from dts_ee.tasks import TASKS, scores_in
from dts_ee.training.divergence import check_loss, check_weights
from dts_ee.training.epoch_choice import EpochChoice

logger = logging.getLogger(__name__)

MAX_CHECKED_BATCHES = 16
"""Without development data, F1 is computed on this many batches of training data."""


@Trainer.register("dts", constructor="from_partial_objects")
class DtsTrainer(GradientDescentTrainer):
    """
    AllenNLP's `gradient_descent`, with another choice of the epoch, and with warnings about data.

    - Of epochs whose `validation_metric` is equal, the later one is kept, not the first.
    - If the development data has fewer than 20 gold entities and relations, the last epoch is
      taken, with a warning.
    - Warnings name types with hardly any training examples, types in the development and test data
      that the training data lacks, and, at the end, a task with an F1 of 0: on the development
      data or, without it, on the training data.

    Only the data of this package's readers is checked.

    A loss or weight that is infinite or not a number ends the training, before the epoch is saved.

    Registered as a `Trainer` with name `"dts"`. It takes what `gradient_descent` takes.
    """

    def __init__(
        self,
        model: Model,
        optimizer: torch.optim.Optimizer,
        data_loader: DataLoader,
        patience: Optional[int] = None,
        validation_metric: Union[str, List[str]] = "-loss",
        validation_data_loader: Optional[DataLoader] = None,
        serialization_dir: Optional[Union[str, PathLike]] = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            model,
            optimizer,
            data_loader,
            patience=patience,
            validation_metric=validation_metric,
            validation_data_loader=validation_data_loader,  # type: ignore[arg-type]
            serialization_dir=serialization_dir,
            **kwargs,
        )
        self._has_development_data = validation_data_loader is not None
        development = _documents(validation_data_loader)
        too_small = warn_of_development_data(development) if development else []
        self._metric_tracker = EpochChoice(validation_metric, patience, take_last=bool(too_small))
        training = _documents(data_loader)
        self._evaluated_types = count_types(development or training)
        if training and self._primary:
            former = model.former_types if isinstance(model, DeeperTaskSpecificity) else {}
            types = {
                name: {*counts, *former.get(name, [])}
                for name, counts in count_types(training).items()
            }
            # Not `or`: the truth value of a loader is its length, which it may not have.
            test_loader = data_loader if validation_data_loader is None else validation_data_loader
            self._warn(
                [
                    *warn_of_training_data(training, former),
                    *too_small,
                    *warn_of_unseen_types(types, development, "development data"),
                    *warn_of_unseen_types(
                        types, _test_documents(test_loader, serialization_dir), "test data"
                    ),
                ]
            )

    def batch_outputs(self, batch: TensorDict, for_training: bool) -> Dict[str, torch.Tensor]:
        outputs = super().batch_outputs(batch, for_training)
        if for_training:
            check_loss(outputs["loss"], self._epochs_completed + 1, batch)
        return outputs

    def _train_epoch(self, epoch: int) -> Dict[str, float]:
        metrics = super()._train_epoch(epoch)
        check_weights(self.model, epoch + 1)
        return metrics

    def _validation_loss(self, epoch: int) -> Tuple[float, Optional[float], int]:
        if not self._distributed or not isinstance(self.model, DeeperTaskSpecificity):
            return super()._validation_loss(epoch)
        # AllenNLP ends the validation of all workers with that of the one that has the fewest
        # sentences, and the others' last ones are never counted. This model exchanges nothing with
        # other workers until its metrics are reset, so that each can validate all of its sentences.
        for buffer in self.model.buffers():
            torch.distributed.broadcast(buffer, 0)
        wrapped_model = self._ddp_wrapped_model
        self._distributed, self._ddp_wrapped_model = False, None
        try:
            return super()._validation_loss(epoch)
        finally:
            self._distributed, self._ddp_wrapped_model = True, wrapped_model

    def _try_train(self) -> Any:
        metrics, epoch = super()._try_train()
        data, scores = "development data", scores_in(metrics_of(metrics, "best_validation_"))
        if not self._has_development_data:
            data, scores = "training data", self._scores_on_training_data()
        failed = [
            task
            for task in TASKS.values()
            if self._evaluated_types[task.name]
            and task.micro in scores
            and scores[task.micro].f1 == 0
        ]
        if failed and self._primary:
            lost_in_tags = _tasks_lost_in_tags(self.data_loader)
            reasons = {
                "the model has not learned to find any; it needs more annotated sentences, or more "
                "steps (trainer.num_epochs, data_loader.batch_sampler.min_batches)": [
                    task.plural for task in failed if task.name not in lost_in_tags
                ],
                "tags cannot express any of those in the training data, because spans overlap; "
                "the warning about that says more (dataset_reader.tag_sequences, "
                "dataset_reader.on_overlap)": [
                    task.plural for task in failed if task.name in lost_in_tags
                ],
            }
            self._warn(
                f"F1 0 on the {data} for {' and '.join(names)}: {reason}"
                for reason, names in reasons.items()
                if names
            )
        return metrics, epoch

    def _scores_on_training_data(self) -> Scores:
        self.model.eval()
        self.model.get_metrics(reset=True)
        with torch.no_grad():
            for batch in islice(self.data_loader, MAX_CHECKED_BATCHES):
                self.model(**batch)
        metrics = getattr(self.model, "document_metrics", [])
        without_gold = {metric.name for metric in metrics if not metric.counts.gold}
        scores = scores_in(self.model.get_metrics(reset=True))
        return {key: score for key, score in scores.items() if key.task not in without_gold}

    @staticmethod
    def _warn(warnings: Iterable[str]) -> None:
        for warning in warnings:
            logger.warning("%s", warning)


def _documents(data_loader: Optional[DataLoader], path: Any = None) -> List[Document]:
    """
    The gold documents that a loader's reader reads, from its own path or another one; empty for
    other readers.
    """
    reader = getattr(data_loader, "reader", None)
    if not isinstance(reader, SpertReader):
        return []
    return reader.documents(path or getattr(data_loader, "data_path"))  # noqa: B009


def _tasks_lost_in_tags(data_loader: DataLoader) -> Set[str]:
    """The tasks of which documents have items, but the parts that tags can express have none."""
    reader = getattr(data_loader, "reader", None)
    if not isinstance(reader, SpertReader) or reader.on_overlap == "error":
        return set()
    documents = _documents(data_loader)
    learned = count_types(map(reader.tagged, documents))
    return {name for name, types in count_types(documents).items() if types and not learned[name]}


def _test_documents(
    data_loader: DataLoader, serialization_dir: Optional[Union[str, PathLike]]
) -> List[Document]:
    """The test data of the experiment; empty if it has none, or if it cannot be read."""
    if serialization_dir is None:
        return []
    try:
        config = Params.from_file(Path(serialization_dir) / "config.json").as_dict(quiet=True)
        path = config.get("test_data_path")
        return _documents(data_loader, path) if path else []
    except (FileNotFoundError, ConfigurationError, DocumentError):
        # It is only needed for warnings here; the evaluation reports the error.
        return []
