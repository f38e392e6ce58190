"""The base class of the metrics over predicted and gold documents."""

from abc import ABC, abstractmethod
from functools import partial
from typing import AbstractSet, Any, Callable, ClassVar, Dict, List, Mapping, Tuple

import torch.distributed
from allennlp.common.checks import ConfigurationError
from allennlp.nn.util import is_distributed
from allennlp.training.metrics import Metric

from dts_ee.document import Document
from dts_ee.metrics.counts import Item, TypedCounts
from dts_ee.metrics.flat_names import flatten
from dts_ee.metrics.metric_key import MACRO, MICRO, STRICT, MetricKey, Scores

ItemSets = Tuple[AbstractSet[Item], AbstractSet[Item]]
ItemsOf = Callable[[Document, Document], ItemSets]


class DocumentF1(Metric, ABC):
    """
    Precision, recall and F1 of the predictions in `Document`s, under several protocols.

    A protocol defines the items of a document that are compared, and what must agree for an item to
    be correct. Duplicate items in a document count once.
    """

    supports_distributed = True

    name: ClassVar[str]
    """The task's name, with which the names of its metrics begin."""

    protocols: ClassVar[Tuple[str, ...]]
    """The names of the protocols, including `strict`."""

    untyped_protocols: ClassVar[Tuple[str, ...]] = ()
    """The protocols that ignore types, and so have no macro average."""

    further_protocols: ClassVar[Mapping[str, ItemsOf]] = {}
    """The functions that return the items under added protocols: see `register_protocol`."""

    def __init__(self) -> None:
        self.reset()

    @property
    def counts(self) -> TypedCounts:
        """The counts of the protocol `strict` since the last reset, which replaced the object."""
        return self._counts[STRICT]

    @abstractmethod
    def items(self, protocol: str, predicted: Document, gold: Document) -> ItemSets:
        """The predicted and gold items of a document under a protocol."""

    def __call__(  # type: ignore[override]
        self, predictions: List[Document], gold: List[Document]
    ) -> None:
        """
        Counts a batch of documents.

        # Parameters

        predictions : `List[Document]`
            The predicted documents.
        gold : `List[Document]`
            The gold documents of the same sentences, in the same order.

        # Raises

        `ConfigurationError`
            If the sentences differ.
        """
        _check_same_sentences(predictions, gold)
        batch = {protocol: TypedCounts() for protocol in self.protocols}
        for predicted_document, gold_document in zip(predictions, gold, strict=True):
            for protocol, counts in batch.items():
                items_of = self.further_protocols.get(protocol, partial(self.items, protocol))
                counts.count(*items_of(predicted_document, gold_document))
        for protocol, counts in batch.items():
            self._counts[protocol].add(counts)

    def gather(self) -> None:
        """
        Adds the counts of all other workers of a distributed training.

        Every worker has to call it, once before it resets its counts. Until then, each has its own.
        """
        if is_distributed():
            gathered: List[Any] = [None] * torch.distributed.get_world_size()
            # Workers have counts for different types, which cannot be summed as tensors.
            torch.distributed.all_gather_object(gathered, self.addable_counts())
            del gathered[torch.distributed.get_rank()]
            for of_worker in gathered:
                for own, other in zip(self.addable_counts(), of_worker, strict=True):
                    own.add(other)

    def addable_counts(self) -> List[Any]:
        """All that is counted: objects with a method `add`, in an order."""
        return [self._counts[protocol] for protocol in self.protocols]

    def scores(self) -> Scores:
        """
        The scores of all documents since the last reset: the averages of each protocol, and the
        strict score of each type that occurs.
        """
        scores: Scores = {}
        for protocol, counts in self._counts.items():
            scores[MetricKey(self.name, protocol, average=MICRO)] = counts.micro()
            if protocol not in self.untyped_protocols:
                scores[MetricKey(self.name, protocol, average=MACRO)] = counts.macro()
        for type, score in self.counts.by_type().items():
            scores[MetricKey(self.name, type=type)] = score
        return scores

    def get_metric(self, reset: bool = False) -> Dict[str, float]:
        """
        The scores of all documents since the last reset, by name.

        # Parameters

        reset : `bool`, optional (default = `False`)
            Whether to reset the counts afterwards. In distributed training, they are those of all
            workers then, otherwise those of this one.

        # Returns

        `Dict[str, float]`
            See `dts_ee.metrics.flat_names`.
        """
        if reset:
            self.gather()
        metrics = flatten(self.scores(), {self.name: self.protocols})
        if reset:
            self.reset()
        return metrics

    def reset(self) -> None:
        self._counts = {protocol: TypedCounts() for protocol in self.protocols}


def _check_same_sentences(predictions: List[Document], gold: List[Document]) -> None:
    if len(predictions) != len(gold):
        raise ConfigurationError(
            f"there are {len(predictions)} predicted documents, but {len(gold)} gold ones"
        )
    for i, (predicted_document, gold_document) in enumerate(zip(predictions, gold, strict=True)):
        if predicted_document.tokens != gold_document.tokens:
            raise ConfigurationError(
                f"predicted document {i} ({predicted_document.id}) and gold document {i} "
                f"({gold_document.id}) do not have the same tokens"
            )
