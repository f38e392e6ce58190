"""A stack of layers, of which there may be none."""

from typing import Optional

import torch
from allennlp.common import Lazy
from allennlp.modules import Seq2SeqEncoder

from dts_ee.modules.kernels.dropout import Dropout


class Stack(torch.nn.Module):
    """
    Dropout, then an encoder if there is one.

    # Parameters

    encoder : `Lazy[Seq2SeqEncoder]` or `None`
        The layers; their input size is filled in.
    input_dim : `int`
        The size of a token.
    dropout : `float`
        The dropout before the layers, or alone where there are none.
    """

    def __init__(
        self, encoder: Optional[Lazy[Seq2SeqEncoder]], input_dim: int, dropout: float
    ) -> None:
        super().__init__()
        self.dropout = Dropout(dropout)
        self.encoder: Optional[Seq2SeqEncoder] = None
        self._output_dim = input_dim
        if encoder is not None:
            # AllenNLP's encoders name the size of their input in one of two ways, and take only
            # the arguments that they know.
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
