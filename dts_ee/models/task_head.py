"""The base class of a model's heads: one task with its layers, loss, metric and predictions."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any, ClassVar, Dict, List, Optional, Sequence

import torch
from allennlp.common import Registrable
from allennlp.common.checks import ConfigurationError
from allennlp.data import TextFieldTensors

from dts_ee.document import Document
from dts_ee.metrics.mean_loss import MeanLoss
from dts_ee.models.thresholds import Thresholds
from dts_ee.modules.grown_weights import GrownWeights
from dts_ee.tasks import Task


@dataclass
class TaskBatch:
    """
    A batch of sentences, as the input of the heads.

    # Parameters

    mask : `torch.BoolTensor`
        Shape (batch_size, num_tokens).
    metadata : `List[Dict[str, Any]]`
        The reader's metadata of each sentence, see `DocumentField`.
    tags : `torch.LongTensor`, optional (default = `None`)
        Shape (batch_size, num_tokens, num_sequences): the gold tags, if there are any.
    outputs : `Dict[str, List[Any]]`
        The outputs of the networks of each head, by the head's name.
    text : `TextFieldTensors`, optional (default = `None`)
        The indexed tokens of the sentences.
    soft_targets : `Dict[str, List[Any]]`
        A teacher's targets for each sentence, by the head's name: see `TaskHead.soft_targets`.
    soft_weight : `float`
        The weight of the teacher's targets, between 0 and 1; 0 without a teacher.
    """

    mask: torch.BoolTensor
    metadata: List[Dict[str, Any]]
    tags: Optional[torch.LongTensor] = None
    outputs: Dict[str, List[Any]] = field(default_factory=dict)
    text: Optional[TextFieldTensors] = None
    soft_targets: Dict[str, List[Any]] = field(default_factory=dict)
    soft_weight: float = 0.0

    @property
    def documents(self) -> List[Document]:
        """The sentences, with their gold or given entities and relations."""
        return [sentence["document"] for sentence in self.metadata]

    @property
    def tagged_documents(self) -> List[Document]:
        """The gold sentences without entities that tags cannot express: the training targets."""
        return [sentence["tagged_document"] for sentence in self.metadata]

    @property
    def entities_given(self) -> List[bool]:
        """For each sentence, whether its entities are given rather than predicted."""
        return [sentence.get("entities_given", False) for sentence in self.metadata]


class TaskHead(torch.nn.Module, Registrable, ABC):
    """
    One task of the model `dts`: its layers above the shared layers, its loss, its metric and its
    predictions (Crone 2020; report, §3).

    With `num_networks` above 1, the model has several shared stacks, and a head has a network above
    each of them. Its loss is the mean of the networks' losses, and it predicts with their mean.

    To add a task, register a head and list it in the model's `further_heads`. Its constructor takes
    `vocab` from the model; its training targets are in the documents of the batch.
    """

    task: ClassVar[Task]
    """The task, with its name and its metric: see `register_task`."""

    loss_name: ClassVar[str]
    """The name of the loss among the model's metrics."""

    threshold: Optional[float] = None
    """The head's own least probability of a prediction; `None` for a head without a threshold."""

    def __init__(self) -> None:
        super().__init__()
        self.metric = self.task.metric()
        self.mean_loss = MeanLoss()
        self.networks = torch.nn.ModuleList()

    @property
    def name(self) -> str:
        """The name of the task."""
        return self.task.name

    @property
    @abstractmethod
    def types(self) -> List[str]:
        """The types that the head can predict, in alphabetical order."""

    @abstractmethod
    def build_network(self, input_dim: int) -> torch.nn.Module:
        """
        Builds the layers of the task above one of the model's shared stacks.

        # Parameters

        input_dim : `int`
            The size of a token's vector after the shared layers.

        # Returns

        `torch.nn.Module`
            Called with the tokens, of shape (batch_size, num_tokens, input_dim), and the mask, of
            shape (batch_size, num_tokens).
        """

    def add_network(self, input_dim: int) -> None:
        """Adds a network above one more shared stack."""
        self.networks.append(self.build_network(input_dim))

    def forward(self, shared: torch.Tensor, mask: torch.BoolTensor, network: int) -> Any:
        """
        Runs one network of the head.

        # Parameters

        shared : `torch.Tensor`
            Shape (batch_size, num_tokens, input_dim): tokens after a shared stack.
        mask : `torch.BoolTensor`
            Shape (batch_size, num_tokens).
        network : `int`
            The index of the shared stack, and of the head's network.

        # Returns

        `Any`
            The output of the network; the model puts it into the batch's `outputs`.
        """
        return self.networks[network](shared, mask)

    def copy_grown(self, source: "TaskHead", weights: GrownWeights) -> None:
        """Copies the weights of the same head of a model with fewer types; see `GrownWeights`."""
        weights.copy(self.networks, source.networks)

    @abstractmethod
    def loss(self, batch: TaskBatch) -> torch.Tensor:
        """
        Computes the loss of the task; the model's loss is the sum over its heads.

        # Parameters

        batch : `TaskBatch`
            Gold sentences, with the outputs of all heads.

        # Returns

        `torch.Tensor`
            A scalar: the weighted mean of the networks' losses. It must have a gradient, even if
            the batch has no targets for the task.
        """

    @abstractmethod
    def predict(
        self, batch: TaskBatch, documents: List[Document], thresholds: Thresholds = Thresholds()
    ) -> List[Document]:
        """
        Adds the predictions of the task to documents.

        # Parameters

        batch : `TaskBatch`
            The sentences, with the outputs of all heads.
        documents : `List[Document]`
            The sentences, with the predictions of the heads before this one.
        thresholds : `Thresholds`, optional (default = `Thresholds()`)
            The least probabilities of predictions; by default, the head's own threshold.

        # Returns

        `List[Document]`
            The documents with the predictions of this task.
        """

    def soft_targets(
        self, batch: TaskBatch, documents: Sequence[Document], student: "TaskHead"
    ) -> List[Any]:
        """
        What the same head of another model learns from this one (see `Teacher`).

        # Parameters

        batch : `TaskBatch`
            The sentences, with the outputs of all heads of this model.
        documents : `Sequence[Document]`
            The sentences, with the entities of the training data.
        student : `TaskHead`
            The head that learns, with the same types.

        # Returns

        `List[Any]`
            One for each sentence, as `loss` of the student finds it in its batch.

        # Raises

        `ConfigurationError`
            If the head cannot be a teacher.
        """
        raise ConfigurationError(f"the head {self.name!r} cannot learn from a teacher")

    def expected_errors(self, batch: TaskBatch, documents: List[Document]) -> torch.Tensor:
        """
        How many of the task's decisions are wrong, as the probabilities of the model say: the sum
        of one minus the probability of each decision. A head that does not say it gives 0.

        # Parameters

        batch : `TaskBatch`
            The sentences, with the outputs of all heads.
        documents : `List[Document]`
            The documents with the predictions of this head.

        # Returns

        `torch.Tensor`
            Shape (batch_size,).
        """
        return torch.zeros(len(documents), device=batch.mask.device)
