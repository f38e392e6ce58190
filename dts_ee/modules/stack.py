"""A stack of encoder layers, which may be empty."""

from typing import Optional

import torch
from allennlp.common import Lazy
from allennlp.modules import Seq2SeqEncoder

from dts_ee.modules.kernels.dropout import Dropout


class Stack(torch.nn.Module):
    """
    Dropout, followed by an optional encoder.

    # Parameters

    encoder : `Lazy[Seq2SeqEncoder]` or `None`
        The layers; their input size is filled in.
    input_dim : `int`
        The size of a token's vector.
    dropout : `float`
        The dropout before the layers.
    """

    def __init__(
        self, encoder: Optional[Lazy[Seq2SeqEncoder]], input_dim: int, dropout: float
    ) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.encoder: Optional[Seq2SeqEncoder] = None
        self._output_dim = input_dim
        if encoder is not None:
            # AllenNLP's encoders call their input size `input_size` or `input_dim`; `Lazy` drops
            # the argument that a constructor does not have.
            self.encoder = encoder.construct(input_size=input_dim, input_dim=input_dim)
            self._output_dim = self.encoder.get_output_dim()

    def get_output_dim(self) -> int:
        return self._output_dim

    def forward(self, tokens: torch.Tensor, mask: torch.BoolTensor) -> torch.Tensor:
        """
        # Parameters

        tokens : `torch.Tensor`
            Shape (batch_size, num_tokens, input_dim).
        mask : `torch.BoolTensor`
            Shape (batch_size, num_tokens).

        # Returns

        `torch.Tensor`
            Shape (batch_size, num_tokens, output_dim).
        """
        tokens = self.dropout(tokens)
        return tokens if self.encoder is None else self.encoder(tokens, mask)
