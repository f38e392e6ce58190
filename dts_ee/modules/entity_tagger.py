"""From a sentence's encoded tokens to its tags."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import List, Sequence, Tuple, TypeVar

import torch
from allennlp.common import Lazy, Registrable
from allennlp.modules import FeedForward
from allennlp.nn import Activation

from dts_ee.modules.kernels.conditional_random_field import BatchedConditionalRandomField, mean_crf
from dts_ee.modules.kernels.crf_marginals import TaggedSpans, span_probabilities

ScoresOfOneKind = TypeVar("ScoresOfOneKind", bound="TagScores")


class TagScores(ABC):
    """What a tagger makes of a batch: how well tags fit to its tokens."""

    @abstractmethod
    def loss(self, tags: torch.Tensor) -> torch.Tensor:
        """
        # Parameters

        tags : `torch.LongTensor`
            Shape (batch_size, num_tokens): the gold tags.

        # Returns

        `torch.Tensor`
            A scalar.
        """

    @abstractmethod
    def mean_with(self: ScoresOfOneKind, others: Sequence[ScoresOfOneKind]) -> ScoresOfOneKind:
        """The mean of these scores and of those of other taggers of the kind."""

    @abstractmethod
    def best(self) -> List[List[int]]:
        """The best tag ids of each sentence."""

    @abstractmethod
    def span_probabilities(self, spans: TaggedSpans) -> torch.Tensor:
        """
        How probable it is that spans have the tags that they were given, and end where they end.

        # Parameters

        spans : `TaggedSpans`
            With the tags that `best` gave, padded.

        # Returns

        `torch.Tensor`
            Shape (num_spans,).
        """


class EntityTagger(torch.nn.Module, Registrable, ABC):
    """
    Tags encoded tokens: the NER-specific scoring layers.

    An implementation's constructor takes `input_dim`, `num_tags` and `constraints` (the allowed
    transitions between tag ids, start and end included) from the model.
    """

    default_implementation = "crf"

    @abstractmethod
    def forward(self, encoded: torch.Tensor, mask: torch.BoolTensor) -> TagScores:
        """
        # Parameters

        encoded : `torch.Tensor`
            Shape (batch_size, num_tokens, input_dim).
        mask : `torch.BoolTensor`
            Shape (batch_size, num_tokens).
        """


@dataclass
class CrfScores(TagScores):
    """
    The scores of a linear-chain CRF.

    # Parameters

    logits : `torch.Tensor`
        Shape (batch_size, num_tokens, num_tags): the emission scores.
    mask : `torch.BoolTensor`
        Shape (batch_size, num_tokens).
    crf : `BatchedConditionalRandomField`
        The transitions.
    """

    logits: torch.Tensor
    mask: torch.BoolTensor
    crf: BatchedConditionalRandomField

    def loss(self, tags: torch.Tensor) -> torch.Tensor:
        """
        The negative log-likelihood of the gold tags, summed over a sentence's tokens and averaged
        over the batch's sentences.
        """
        return -self.crf(self.logits, tags, self.mask) / len(self.logits)

    def mean_with(self, others: Sequence["CrfScores"]) -> "CrfScores":
        if not others:
            return self
        scores = [self, *others]
        return CrfScores(
            torch.stack([score.logits for score in scores]).mean(0),
            self.mask,
            mean_crf([score.crf for score in scores]),
        )

    def best(self) -> List[List[int]]:
        return [path for path, _ in self.crf.viterbi_tags(self.logits, self.mask)]

    def span_probabilities(self, spans: TaggedSpans) -> torch.Tensor:
        return span_probabilities(self.crf, self.logits, self.mask, spans)


@EntityTagger.register("crf")
class CrfEntityTagger(EntityTagger):
    """
    A hidden feed-forward layer, a linear layer and a linear-chain CRF (Crone 2020; report, §3.2).

    The loss is the negative log-likelihood of the gold tags, summed over a sentence's tokens and
    averaged over the batch's sentences.

    # Parameters

    input_dim : `int`
        The size of an encoded token.
    num_tags : `int`
        The number of tags.
    constraints : `List[Tuple[int, int]]`
        The allowed transitions between tags, start and end included; decoding keeps to them.
    feedforward : `FeedForward`, optional (default = one tanh layer of 128)
        The layer `FF^(e1)`; its `input_dim` is filled in.
    """

    def __init__(
        self,
        input_dim: int,
        num_tags: int,
        constraints: List[Tuple[int, int]],
        feedforward: Lazy[FeedForward] = Lazy(
            FeedForward, num_layers=1, hidden_dims=128, activations=Activation.by_name("tanh")()
        ),
    ) -> None:
        super().__init__()
        self.feedforward = feedforward.construct(input_dim=input_dim)
        self.projection = torch.nn.Linear(self.feedforward.get_output_dim(), num_tags)
        self.crf = BatchedConditionalRandomField(num_tags, constraints)

    def forward(self, encoded: torch.Tensor, mask: torch.BoolTensor) -> CrfScores:
        # Shape: (batch_size, num_tokens, num_tags)
        logits = self.projection(self.feedforward(encoded))
        return CrfScores(logits, mask, self.crf)
