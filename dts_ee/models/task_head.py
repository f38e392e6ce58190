"""What each task of a model has: layers of its own, a loss, a metric and its part of a document."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Dict, List, Optional

import torch
from allennlp.common import Registrable
from allennlp.training.metrics import Average

from dts_ee.document import Document
from dts_ee.tasks import Task


@dataclass
class TaskBatch:
    """
    A batch of sentences as the heads of a model see it.

    # Parameters

    mask : `torch.BoolTensor`
        Shape (batch_size, num_tokens).
    metadata : `List[Dict[str, Any]]`
        What the reader says of each sentence, see `DocumentField`.
    tags : `torch.LongTensor`, optional (default = `None`)
        Shape (batch_size, num_tokens, num_sequences): the gold tags, where there are any.
    outputs : `Dict[str, List[Any]]`
        By the name of each head, the outputs of its networks.
    """

    mask: torch.BoolTensor
    metadata: List[Dict[str, Any]]
    tags: Optional[torch.LongTensor] = None
    outputs: Dict[str, List[Any]] = field(default_factory=dict)

    @property
    def documents(self) -> List[Document]:
        """The sentences, with all that is gold, or all that is given."""
        return [sentence["document"] for sentence in self.metadata]

    @property
    def tagged_documents(self) -> List[Document]:
        """The gold sentences, with what tags can express: what a head learns from."""
        return [sentence["tagged_document"] for sentence in self.metadata]

    @property
    def entities_given(self) -> List[bool]:
        """Whether the entities of each sentence are given, and not to be predicted."""
        return [sentence.get("entities_given", False) for sentence in self.metadata]


class TaskHead(torch.nn.Module, Registrable, ABC):
    """
    One task of the model `dts`: its layers over the shared ones, its loss, its metric, and how its
    part of a document is predicted (Crone 2020; report, §3).

    A model may have several networks, each with its own shared layers (`num_networks`). A head then
    has a network of its own over each of them; it learns by the mean of their losses, and predicts
    by their mean.

    A further head is registered by its name and listed in the model's `further_heads`. Its
    constructor takes `vocab` from the model, and what it learns from is in the documents of the
    batch.

    A model is chosen by the mean of its heads' strict micro F1.
    """

    task: ClassVar[Task]
    """The task, with its name and its metric: see `register_task`."""

    loss_name: ClassVar[str]
    """The name of the loss among the model's metrics."""

    threshold: Optional[float] = None
    """The probability from which on something is predicted; `None` where there is no such."""

    def __init__(self) -> None:
        super().__init__()
        self.metric = self.task.metric()
        self.mean_loss = Average()
        self.networks = torch.nn.ModuleList()

    @property
    def name(self) -> str:
        """The name of the task."""
        return self.task.name

    @property
    @abstractmethod
    def types(self) -> List[str]:
        """What the head can predict, in alphabetical order."""

    @abstractmethod
    def build_network(self, input_dim: int) -> torch.nn.Module:
        """
        The layers of the task over one of the model's shared stacks.

        # Parameters

        input_dim : `int`
            The size of a token that has passed the shared layers.

        # Returns

        `torch.nn.Module`
            Called with the tokens, of shape (batch_size, num_tokens, input_dim), and the mask, of
            shape (batch_size, num_tokens).
        """

    def add_network(self, input_dim: int) -> None:
        """Adds the layers over one more shared stack."""
        self.networks.append(self.build_network(input_dim))

    def forward(self, shared: torch.Tensor, mask: torch.BoolTensor, network: int) -> Any:
        """
        # Parameters

        shared : `torch.Tensor`
            Shape (batch_size, num_tokens, input_dim): tokens after a shared stack.
        mask : `torch.BoolTensor`
            Shape (batch_size, num_tokens).
        network : `int`
            The number of the shared stack, and so of the head's network.

        # Returns

        `Any`
            What the network gives; the model puts it into the batch's `outputs`.
        """
        return self.networks[network](shared, mask)

    @abstractmethod
    def loss(self, batch: TaskBatch) -> torch.Tensor:
        """
        What the model adds up to its loss.

        # Parameters

        batch : `TaskBatch`
            Gold sentences, with the outputs of all heads.

        # Returns

        `torch.Tensor`
            A scalar: the mean of the networks' losses, weighted. It has a gradient, be it of zeros,
            also where nothing in the batch is to be learned from.
        """

    @abstractmethod
    def predict(
        self, batch: TaskBatch, documents: List[Document], threshold: Optional[float] = None
    ) -> List[Document]:
        """
        # Parameters

        batch : `TaskBatch`
            The sentences, with the outputs of all heads.
        documents : `List[Document]`
            The sentences with what the heads before this one have predicted.
        threshold : `float`, optional (default = `None`)
            The probability from which on something is predicted, in the place of the head's own.

        # Returns

        `List[Document]`
            The documents with what is predicted for this task.
        """
