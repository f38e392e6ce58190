"""Marginal probabilities of spans in a decoded tag sequence, under a conditional random field."""

from dataclasses import dataclass

import torch

from dts_ee.modules.kernels.conditional_random_field import BatchedConditionalRandomField
from dts_ee.modules.kernels.log_matrix import LogMatrix


@dataclass
class TaggedSpans:
    """
    Spans of tagged sentences.

    # Parameters

    tags : `torch.LongTensor`
        Shape (batch_size, num_tokens): a tag sequence for each sentence.
    sentences, starts, ends : `torch.LongTensor`
        Shape (num_spans,): the index of the span's sentence, and its start and end token (end
        exclusive).
    continuations : `torch.LongTensor`
        Shape (num_spans,): the tag that would continue the span at the next token; -1 for none.
    """

    tags: torch.Tensor
    sentences: torch.Tensor
    starts: torch.Tensor
    ends: torch.Tensor
    continuations: torch.Tensor


@torch.no_grad()
def span_probabilities(
    crf: BatchedConditionalRandomField,
    logits: torch.Tensor,
    mask: torch.BoolTensor,
    spans: TaggedSpans,
) -> torch.Tensor:
    """
    The marginal probability that the tokens of a span have their tags, and that the next token, if
    there is one, does not continue the span. Tag sequences that the constraints forbid have the
    probability 0.

    # Parameters

    crf : `BatchedConditionalRandomField`
        The CRF.
    logits : `torch.Tensor`
        Shape (batch_size, num_tokens, num_tags): the emission scores.
    mask : `torch.BoolTensor`
        Shape (batch_size, num_tokens), left-aligned.
    spans : `TaggedSpans`
        The spans.

    # Returns

    `torch.Tensor`
        Shape (num_spans,).
    """
    paths, sentences, starts, ends = spans.tags, spans.sentences, spans.starts, spans.ends
    # In double precision: the scores of long sentences are large, and their differences small.
    logits = logits.double()
    start, transitions, end = (scores.double() for scores in crf.constrained_scores())
    lengths = mask.sum(1)
    # Shape: (num_tokens, batch_size, num_tags)
    emissions = logits.transpose(0, 1)
    # The log-sum of the scores of all tag sequences before each tag at each token, and after it.
    # Shape: (num_tokens, batch_size, num_tags)
    before = _forward_scores(emissions, start, transitions)
    after = _backward_scores(emissions, transitions, end, lengths)
    # Shape: (batch_size,)
    total = torch.logsumexp(before[0] + emissions[0] + after[0], dim=1)

    # The scores of the tags of a path, and of the transitions to them.
    # Shape: (batch_size, num_tokens)
    tag_scores = logits.gather(2, paths.unsqueeze(2)).squeeze(2)
    steps = torch.zeros_like(tag_scores)
    steps[:, 1:] = transitions[paths[:, :-1], paths[:, 1:]]
    sums = torch.cat([torch.zeros_like(steps[:, :1]), (tag_scores + steps).cumsum(1)], dim=1)

    # Shape: (num_spans,)
    firsts, lasts = paths[sentences, starts], paths[sentences, ends - 1]
    inner = sums[sentences, ends] - sums[sentences, starts] - steps[sentences, starts]
    is_last = ends == lengths[sentences]
    following = ends.clamp(max=logits.shape[1] - 1)
    # Shape: (num_spans, num_tags)
    onward = transitions[lasts] + emissions[following, sentences] + after[following, sentences]
    continues = torch.arange(
        logits.shape[2], device=logits.device
    ) == spans.continuations.unsqueeze(1)
    onward = torch.logsumexp(onward.masked_fill(continues, -torch.inf), dim=1)
    scores = before[starts, sentences, firsts] + inner + torch.where(is_last, end[lasts], onward)
    return (scores - total[sentences]).exp().clamp(max=1.0).float()


def _forward_scores(
    emissions: torch.Tensor, start: torch.Tensor, transitions: torch.Tensor
) -> torch.Tensor:
    matrix = LogMatrix(transitions)
    scores = [start.expand_as(emissions[0])]
    for emission in emissions[:-1]:
        scores.append(matrix.product(scores[-1] + emission))
    return torch.stack(scores)


def _backward_scores(
    emissions: torch.Tensor, transitions: torch.Tensor, end: torch.Tensor, lengths: torch.Tensor
) -> torch.Tensor:
    matrix = LogMatrix(transitions.T)
    scores = [end.expand_as(emissions[0])]
    for token in range(len(emissions) - 2, -1, -1):
        # Shape: (batch_size, num_tags)
        here = matrix.product(scores[-1] + emissions[token + 1])
        scores.append(torch.where((token + 1 >= lengths).unsqueeze(1), end, here))
    return torch.stack(scores[::-1])
