"""The NER head: from a sentence's encoded tokens to its tags."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import List, Optional, Tuple

import torch
from allennlp.common import Lazy, Registrable
from allennlp.modules import FeedForward
from allennlp.nn import Activation

from dts_ee.modules.conditional_random_field import BatchedConditionalRandomField


@dataclass
class TaggerOutput:
    """
    `loss` is a scalar, there when gold tags were given; `tags` holds the best tag ids of each
    sentence, there when decoding was asked for.
    """

    loss: Optional[torch.Tensor] = None
    tags: Optional[List[List[int]]] = None


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
        decode: bool = True,
    ) -> TaggerOutput:
        """
        # Parameters

        encoded : `torch.Tensor`
            Shape (batch_size, num_tokens, input_dim).
        mask : `torch.BoolTensor`
            Shape (batch_size, num_tokens).
        tags : `torch.LongTensor`, optional (default = `None`)
            Shape (batch_size, num_tokens): the gold tags.
        decode : `bool`, optional (default = `True`)
            Whether the best tags are looked for.
        """


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
        decode: bool = True,
    ) -> TaggerOutput:
        # Shape: (batch_size, num_tokens, num_tags)
        logits = self.projection(self.feedforward(encoded))
        output = TaggerOutput()
        if tags is not None:
            output.loss = -self.crf(logits, tags, mask) / len(logits)
        if decode:
            output.tags = [path for path, _ in self.crf.viterbi_tags(logits, mask)]
        return output
