"""The NER head: from a sentence's encoded tokens to its tags."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, List, Optional, Sequence, Tuple

import torch
from allennlp.common import Lazy, Registrable
from allennlp.modules import FeedForward
from allennlp.nn import Activation

from dts_ee.modules.kernels.conditional_random_field import BatchedConditionalRandomField, mean_crf
from dts_ee.modules.kernels.crf_marginals import span_probabilities


@dataclass
class TaggerOutput:
    """
    `scores` is what `decode` takes; `loss` is a scalar, there when gold tags were given.
    """

    scores: Any
    loss: Optional[torch.Tensor] = None


class EntityTagger(torch.nn.Module, Registrable, ABC):
    """
    Tags encoded tokens: the NER-specific scoring layers and their loss.

    An implementation's constructor takes `input_dim`, `num_tags` and `constraints` (the allowed
    transitions between tag ids, start and end included) from the model.
    """

    default_implementation = "crf"

    @abstractmethod
    def forward(
        self,
        encoded: torch.Tensor,
        mask: torch.BoolTensor,
        tags: Optional[torch.LongTensor] = None,
    ) -> TaggerOutput:
        """
        # Parameters

        encoded : `torch.Tensor`
            Shape (batch_size, num_tokens, input_dim).
        mask : `torch.BoolTensor`
            Shape (batch_size, num_tokens).
        tags : `torch.LongTensor`, optional (default = `None`)
            Shape (batch_size, num_tokens): the gold tags.
        """

    @abstractmethod
    def decode(self, scores: Sequence[Any], mask: torch.BoolTensor) -> List[List[int]]:
        """
        # Parameters

        scores : `Sequence[Any]`
            The `scores` of this tagger, or of several of its kind, whose mean decides.
        mask : `torch.BoolTensor`
            Shape (batch_size, num_tokens).

        # Returns

        `List[List[int]]`
            The best tag ids of each sentence.
        """

    @abstractmethod
    def span_probabilities(
        self,
        scores: Sequence[Any],
        mask: torch.BoolTensor,
        tags: torch.Tensor,
        sentences: torch.Tensor,
        starts: torch.Tensor,
        ends: torch.Tensor,
        continuations: torch.Tensor,
    ) -> torch.Tensor:
        """
        How probable it is that spans have the tags that they were given, and end where they end.

        # Parameters

        scores, mask
            What `decode` was given.
        tags : `torch.LongTensor`
            Shape (batch_size, num_tokens): what `decode` gave, padded.
        sentences, starts, ends : `torch.LongTensor`
            Shape (num_spans,): a span's sentence, first token, and the token after its last.
        continuations : `torch.LongTensor`
            Shape (num_spans,): the tag with which the token after a span would continue it; -1 if
            there is none.

        # Returns

        `torch.Tensor`
            Shape (num_spans,).
        """


@dataclass
class CrfScores:
    """
    `logits`, of shape (batch_size, num_tokens, num_tags), are the emission scores; the transitions
    are those of `crf`.
    """

    logits: torch.Tensor
    crf: BatchedConditionalRandomField


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

    def forward(
        self,
        encoded: torch.Tensor,
        mask: torch.BoolTensor,
        tags: Optional[torch.LongTensor] = None,
    ) -> TaggerOutput:
        # Shape: (batch_size, num_tokens, num_tags)
        logits = self.projection(self.feedforward(encoded))
        output = TaggerOutput(CrfScores(logits, self.crf))
        if tags is not None:
            output.loss = -self.crf(logits, tags, mask) / len(logits)
        return output

    def decode(self, scores: Sequence[CrfScores], mask: torch.BoolTensor) -> List[List[int]]:
        mean = _mean(scores)
        return [path for path, _ in mean.crf.viterbi_tags(mean.logits, mask)]

    def span_probabilities(
        self,
        scores: Sequence[CrfScores],
        mask: torch.BoolTensor,
        tags: torch.Tensor,
        sentences: torch.Tensor,
        starts: torch.Tensor,
        ends: torch.Tensor,
        continuations: torch.Tensor,
    ) -> torch.Tensor:
        mean = _mean(scores)
        return span_probabilities(
            mean.crf, mean.logits, mask, tags, sentences, starts, ends, continuations
        )


def _mean(scores: Sequence[CrfScores]) -> CrfScores:
    if len(scores) == 1:
        return scores[0]
    return CrfScores(
        torch.stack([each.logits for each in scores]).mean(0),
        mean_crf([each.crf for each in scores]),
    )
