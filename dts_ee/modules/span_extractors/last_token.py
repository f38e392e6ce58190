"""Span extractors that use the last token of a span."""

from typing import Optional

import torch
from allennlp.modules.span_extractors import SpanExtractor

from dts_ee.modules.kernels.range_max import RangeMax


@SpanExtractor.register("last_token")
class LastTokenSpanExtractor(SpanExtractor):
    """
    The last token of a span, as in the paper (report, §3.3).

    # Parameters

    input_dim : `int`
        The size of an encoded token.
    """

    def __init__(self, input_dim: int) -> None:
        super().__init__()
        self._input_dim = input_dim

    def get_input_dim(self) -> int:
        return self._input_dim

    def get_output_dim(self) -> int:
        return self._input_dim

    def forward(
        self,
        sequence_tensor: torch.Tensor,
        span_indices: torch.LongTensor,
        sequence_mask: Optional[torch.BoolTensor] = None,
        span_indices_mask: Optional[torch.BoolTensor] = None,
    ) -> torch.Tensor:
        """
        # Parameters

        sequence_tensor : `torch.Tensor`
            Shape (batch_size, num_tokens, input_dim).
        span_indices : `torch.LongTensor`
            Shape (batch_size, num_spans, 2): the first and the last token of each span.
        sequence_mask : `torch.BoolTensor`, optional (default = `None`)
            Not used: spans contain no padding.
        span_indices_mask : `torch.BoolTensor`, optional (default = `None`)
            Shape (batch_size, num_spans): false for padding, whose vectors become zero.

        # Returns

        `torch.Tensor`
            Shape (batch_size, num_spans, output_dim).
        """
        # Shape: (batch_size, 1)
        sentences = torch.arange(len(sequence_tensor), device=span_indices.device).unsqueeze(1)
        # Shape: (batch_size, num_spans, output_dim)
        vectors = self._vectors(
            sequence_tensor, sentences, span_indices[:, :, 0], span_indices[:, :, 1]
        )
        if span_indices_mask is None:
            return vectors
        return vectors * span_indices_mask.unsqueeze(2)

    def _vectors(
        self,
        tokens: torch.Tensor,
        sentences: torch.Tensor,
        firsts: torch.Tensor,
        lasts: torch.Tensor,
    ) -> torch.Tensor:
        return tokens[sentences, lasts]


@SpanExtractor.register("last_token_and_maximum")
class LastTokenAndMaximumSpanExtractor(LastTokenSpanExtractor):
    """
    The last token of a span, concatenated with its max-pooled tokens.

    Max-pooled spans come from SpERT (Eberts and Ulges 2019, §3); the paper's model does not have
    them.
    """

    def get_output_dim(self) -> int:
        return 2 * self._input_dim

    def _vectors(
        self,
        tokens: torch.Tensor,
        sentences: torch.Tensor,
        firsts: torch.Tensor,
        lasts: torch.Tensor,
    ) -> torch.Tensor:
        last_tokens = super()._vectors(tokens, sentences, firsts, lasts)
        longest = int((lasts - firsts).max()) + 1 if lasts.numel() else 1
        # Shape: (batch_size, num_spans, input_dim)
        maxima = RangeMax(tokens, longest)(
            sentences.expand_as(firsts).flatten(), firsts.flatten(), lasts.flatten() + 1
        ).view_as(last_tokens)
        return torch.cat([last_tokens, maxima], dim=2)
