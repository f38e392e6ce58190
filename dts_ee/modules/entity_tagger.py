"""Scoring layers that tag encoded tokens."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import List, Sequence, Tuple, TypeVar

import torch
from allennlp.common import Lazy, Registrable
from allennlp.common.checks import ConfigurationError
from allennlp.modules import FeedForward
from allennlp.nn import Activation
from torch.nn.utils.rnn import pad_sequence

from dts_ee.modules.kernels.conditional_random_field import BatchedConditionalRandomField, mean_crf
from dts_ee.modules.kernels.crf_marginals import TaggedSpans, span_probabilities

SomeTagScores = TypeVar("SomeTagScores", bound="TagScores")


class TagScores(ABC):
    """The scores that a tagger gives to the tags of a batch."""

    @abstractmethod
    def loss(self, tags: torch.Tensor) -> torch.Tensor:
        """
        Computes the loss of the gold tags.

        # Parameters

        tags : `torch.LongTensor`
            Shape (batch_size, num_tokens): the gold tags.

        # Returns

        `torch.Tensor`
            A scalar.
        """

    @abstractmethod
    def mean_with(self: SomeTagScores, others: Sequence[SomeTagScores]) -> SomeTagScores:
        """The mean of these scores and the scores of other taggers of the same class."""

    def split(self: SomeTagScores, order: Sequence[int]) -> List[SomeTagScores]:
        """
        The scores of each sentence, for `soft_loss` of another tagger.

        # Parameters

        order : `Sequence[int]`
            The tags, in the order of the other tagger.
        """
        raise ConfigurationError(f"{type(self).__name__} cannot be a teacher's")

    def soft_loss(self: SomeTagScores, targets: Sequence[SomeTagScores]) -> torch.Tensor:
        """
        Computes the loss of tags that are only known by their probabilities: the cross-entropy
        between the distributions over tag sequences of a teacher and of these scores.

        # Parameters

        targets : `Sequence[SomeTagScores]`
            The teacher's scores for each sentence, see `split`.

        # Returns

        `torch.Tensor`
            A scalar, of the scale of `loss`.
        """
        raise ConfigurationError(f"{type(self).__name__} cannot learn from a teacher")

    @abstractmethod
    def best(self) -> List[List[int]]:
        """The tag ids of the best sequence for each sentence."""

    @abstractmethod
    def span_probabilities(self, spans: TaggedSpans) -> torch.Tensor:
        """
        The marginal probability of each span: its tokens have their tags, and it ends at its end.

        # Parameters

        spans : `TaggedSpans`
            The spans, with the padded tags that `best` returned.

        # Returns

        `torch.Tensor`
            Shape (num_spans,).
        """


class EntityTagger(torch.nn.Module, Registrable, ABC):
    """
    Scores the tags of encoded tokens: the scoring layers of the NER head.

    The model passes `input_dim`, `num_tags` and `constraints` (the allowed transitions between tag
    ids, start and end included) to the constructor.
    """

    default_implementation = "crf"

    @abstractmethod
    def forward(self, encoded: torch.Tensor, mask: torch.BoolTensor) -> TagScores:
        """
        Scores the tags of a batch.

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
        The CRF, with the transition scores.
    """

    logits: torch.Tensor
    mask: torch.BoolTensor
    crf: BatchedConditionalRandomField

    def loss(self, tags: torch.Tensor) -> torch.Tensor:
        """
        The negative log-likelihood of the gold tags, summed over the tokens of a sentence and
        averaged over the sentences of the batch.
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

    def split(self, order: Sequence[int]) -> List["CrfScores"]:
        crf = self.crf.reordered(order)
        return [
            CrfScores(logits[mask][:, order].unsqueeze(0), mask[mask].unsqueeze(0), crf)
            for logits, mask in zip(self.logits, self.mask, strict=True)
        ]

    def soft_loss(self, targets: Sequence["CrfScores"]) -> torch.Tensor:
        """
        The cross-entropy between the distributions of the two CRFs, summed over the tokens of a
        sentence and averaged over the sentences of the batch. With a teacher that is sure of a tag
        sequence, it is `loss` of that sequence.
        """
        logits = pad_sequence([target.logits[0] for target in targets], batch_first=True)
        expected = targets[0].crf.expected_counts(logits, self.mask)
        scores = [self.logits, *self.crf.scores()]
        # The mean score of the teacher's tag sequences, as each score is a sum over tags.
        mean = sum((count * score).sum() for count, score in zip(expected, scores, strict=True))
        return (self.crf.log_total(self.logits, self.mask).sum() - mean) / len(self.logits)

    def best(self) -> List[List[int]]:
        return [path for path, _ in self.crf.viterbi_tags(self.logits, self.mask)]

    def span_probabilities(self, spans: TaggedSpans) -> torch.Tensor:
        return span_probabilities(self.crf, self.logits, self.mask, spans)


@EntityTagger.register("crf")
class CrfEntityTagger(EntityTagger):
    """
    A hidden feed-forward layer, a linear layer and a linear-chain CRF (Crone 2020; report, §3.2).

    # Parameters

    input_dim : `int`
        The size of an encoded token.
    num_tags : `int`
        The number of tags.
    constraints : `List[Tuple[int, int]]`
        The allowed transitions between tags, start and end included. They constrain decoding.
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
