"""Calls AllenNLP's span extractors with spans that are not padded."""

import torch
from allennlp.modules.span_extractors import SpanExtractor


def extract_flat_spans(
    extractor: SpanExtractor,
    tokens: torch.Tensor,
    starts: torch.Tensor,
    ends: torch.Tensor,
    counts: torch.Tensor,
) -> torch.Tensor:
    """
    Extracts the vectors of spans, sentence after sentence.

    # Parameters

    extractor : `SpanExtractor`
        The span extractor.
    tokens : `torch.Tensor`
        Shape (batch_size, num_tokens, dim).
    starts, ends : `torch.LongTensor`
        Shape (num_spans,): the start and end token of each span (end exclusive).
    counts : `torch.LongTensor`
        Shape (batch_size,): the number of spans of each sentence.

    # Returns

    `torch.Tensor`
        Shape (num_spans, span_dim).
    """
    if len(starts) == 0:
        # Some extractors fail for a batch without spans.
        return tokens.new_zeros(0, extractor.get_output_dim())
    # Shape: (batch_size, most_spans)
    mask = torch.arange(int(counts.max()), device=counts.device) < counts.unsqueeze(1)
    # Shape: (batch_size, most_spans, 2)
    indices = starts.new_zeros(*mask.shape, 2)
    indices[mask] = torch.stack([starts, ends - 1], dim=1)
    # Shape: (num_spans, span_dim)
    return extractor(tokens, indices, span_indices_mask=mask)[mask]
