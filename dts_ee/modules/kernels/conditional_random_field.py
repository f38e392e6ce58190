"""A linear-chain conditional random field whose loss and decoding run over whole batches."""

import copy
from typing import Any, List, Optional, Sequence, Tuple, cast

import numpy
import torch
from allennlp.modules.conditional_random_field import ConditionalRandomField
from allennlp.modules.conditional_random_field.conditional_random_field import VITERBI_DECODING

from dts_ee.modules.kernels.log_matrix import LogMatrix

_FORBIDDEN = -10000.0


class BatchedConditionalRandomField(ConditionalRandomField):
    """
    AllenNLP's `ConditionalRandomField` without its loops over sentences and tags. Parameters,
    constraints and results are the same.

    Masks must be left-aligned: the unmasked tokens of a sentence come first.

    # Parameters

    num_tags : `int`
        The number of tags.
    constraints : `List[Tuple[int, int]]`, optional (default = `None`)
        The allowed transitions, from `allowed_transitions`. They only constrain decoding.
    include_start_end_transitions : `bool`, optional (default = `True`)
        Whether to score the first and the last tag of a sentence.
    """

    def __init__(
        self,
        num_tags: int,
        constraints: Optional[List[Tuple[int, int]]] = None,
        include_start_end_transitions: bool = True,
    ) -> None:
        super().__init__(num_tags, [], include_start_end_transitions)
        # AllenNLP sets each element by itself, which takes seconds with hundreds of types.
        if constraints is None:
            self._constraint_mask.data.fill_(1.0)
        elif constraints:
            self._constraint_mask.data[torch.tensor(constraints).unbind(1)] = 1.0

    def _joint_likelihood(
        self,
        logits: torch.Tensor,
        transitions: torch.Tensor,
        tags: torch.Tensor,
        mask: torch.BoolTensor,
    ) -> torch.Tensor:
        # Shape: (batch_size, num_tokens)
        scores = logits.gather(2, tags.unsqueeze(2)).squeeze(2)
        # Shape: (batch_size, num_tokens - 1)
        steps = transitions[tags[:, :-1], tags[:, 1:]]
        # Shape: (batch_size,)
        total = scores.masked_fill(~mask, 0.0).sum(1) + steps.masked_fill(~mask[:, 1:], 0.0).sum(1)
        if self.include_start_end_transitions:
            last_tags = tags.gather(1, mask.sum(1, keepdim=True) - 1).squeeze(1)
            total = total + self.start_transitions[tags[:, 0]] + self.end_transitions[last_tags]
        return total

    def _input_likelihood(
        self, logits: torch.Tensor, transitions: torch.Tensor, mask: torch.BoolTensor
    ) -> torch.Tensor:
        # Shape: (num_tokens, batch_size, num_tags)
        emissions = logits.transpose(0, 1)
        matrix = LogMatrix(transitions)
        # Shape: (batch_size, num_tags)
        alpha = emissions[0]
        if self.include_start_end_transitions:
            alpha = alpha + self.start_transitions
        alphas = [alpha]
        for emission in emissions[1:]:
            alpha = matrix.product(alpha) + emission
            alphas.append(alpha)
        lengths = mask.sum(1)
        # Shape: (batch_size, num_tags)
        last = torch.stack(alphas)[lengths - 1, torch.arange(len(lengths), device=lengths.device)]
        if self.include_start_end_transitions:
            last = last + self.end_transitions
        # Shape: (batch_size,)
        return torch.logsumexp(last, 1)

    @staticmethod
    def _constrained(scores: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
        return scores * allowed + _FORBIDDEN * (1 - allowed)

    def constrained_scores(self) -> Tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """
        The scores of the start, of shape (num_tags,), of the transitions, of shape (num_tags,
        num_tags), and of the end, of shape (num_tags,). Forbidden transitions have very low scores.
        """
        num_tags = self.num_tags
        allowed = self._constraint_mask
        start = end = torch.zeros_like(allowed[0, :num_tags])
        if self.include_start_end_transitions:
            start, end = self.start_transitions, self.end_transitions
        return (
            self._constrained(start, allowed[num_tags, :num_tags]),
            self._constrained(self.transitions, allowed[:num_tags, :num_tags]),
            self._constrained(end, allowed[:num_tags, num_tags + 1]),
        )

    def scores(self) -> List[torch.Tensor]:
        """
        The parameters: the scores of the transitions, of shape (num_tags, num_tags), and, if there
        are any, of the start and the end, of shape (num_tags,).
        """
        if not self.include_start_end_transitions:
            return [self.transitions]
        return [self.transitions, self.start_transitions, self.end_transitions]

    def log_total(self, logits: torch.Tensor, mask: torch.BoolTensor) -> torch.Tensor:
        """
        The log-sum of the exponentiated scores of all tag sequences, without constraints, as in the
        loss.

        # Parameters

        logits : `torch.Tensor`
            Shape (batch_size, num_tokens, num_tags): the emission scores.
        mask : `torch.BoolTensor`
            Shape (batch_size, num_tokens), left-aligned.

        # Returns

        `torch.Tensor`
            Shape (batch_size,).
        """
        return self._input_likelihood(logits, self.transitions, mask)

    def expected_counts(self, logits: torch.Tensor, mask: torch.BoolTensor) -> List[torch.Tensor]:
        """
        How often a tag sequence of the distribution has each tag and transition, on average: the
        gradient of `log_total`, which is not part of the computation of other gradients.

        # Parameters

        logits, mask
            See `log_total`.

        # Returns

        `List[torch.Tensor]`
            The marginal probabilities of the tags, of the shape of `logits`, 0 at padding; and, for
            each of `scores`, the number of its occurrences in the sentences of the batch.
        """
        with torch.enable_grad():
            emissions = logits.detach().requires_grad_()
            total = self.log_total(emissions, mask).sum()
            return list(torch.autograd.grad(total, [emissions, *self.scores()]))

    def reordered(self, order: Sequence[int]) -> "BatchedConditionalRandomField":
        """The same CRF for the tags in another order, without constraints."""
        crf = BatchedConditionalRandomField(
            len(order), include_start_end_transitions=self.include_start_end_transitions
        )
        with torch.no_grad():
            for own, copied in zip(self.scores(), crf.scores(), strict=True):
                reordered = own[order] if own.dim() == 1 else own[order][:, order]
                copied.copy_(reordered)
        return crf.to(self.transitions.device)

    @torch.no_grad()
    def viterbi_tags(
        self,
        logits: torch.Tensor,
        mask: Optional[torch.BoolTensor] = None,
        top_k: Optional[int] = None,
    ) -> List[VITERBI_DECODING]:
        """
        The best tag sequence of each sentence under the constraints, and its score.

        # Parameters

        logits : `torch.Tensor`
            Shape (batch_size, num_tokens, num_tags): the emission scores.
        mask : `torch.BoolTensor`, optional (default = `None`)
            Shape (batch_size, num_tokens), left-aligned.
        top_k : `int`, optional (default = `None`)
            If given, AllenNLP's own decoding returns this number of sequences for each sentence.

        # Returns

        `List[Tuple[List[int], float]]`
            For each sentence, one tag for each token, and the score of the sequence.
        """
        if top_k is not None:
            return cast(Any, super()).viterbi_tags(logits, mask, top_k)
        batch_size, num_tokens, _ = logits.shape
        # Shape: (batch_size,)
        lengths = torch.full((batch_size,), num_tokens) if mask is None else mask.sum(1)

        start, transitions, end = self.constrained_scores()

        # Shape: (num_tokens, num_tags, batch_size)
        emissions = logits.to(transitions.dtype).permute(1, 2, 0).contiguous()
        tensors = (emissions, start, transitions, end, lengths)
        paths, totals = _best_paths(*(tensor.cpu().numpy() for tensor in tensors))
        decoded: List[Tuple[List[int], float]] = []
        for path, length, total in zip(paths.tolist(), lengths.tolist(), totals.tolist()):
            decoded.append((path[:length], total))
        return decoded


def mean_crf(crfs: Sequence[BatchedConditionalRandomField]) -> BatchedConditionalRandomField:
    """
    A CRF with the mean of the parameters of several CRFs, for prediction.

    With the mean of their emission scores, it scores a tag sequence with the mean of their scores.

    # Parameters

    crfs : `Sequence[BatchedConditionalRandomField]`
        CRFs with the same tags and constraints.
    """
    mean = copy.deepcopy(crfs[0])
    with torch.no_grad():
        for name, parameter in mean.named_parameters():
            values: List[torch.Tensor] = [crf.get_parameter(name) for crf in crfs]
            parameter.copy_(torch.stack(values).mean(0))
    return mean


def _best_paths(
    emissions: numpy.ndarray,
    start: numpy.ndarray,
    transitions: numpy.ndarray,
    end: numpy.ndarray,
    lengths: numpy.ndarray,
) -> Tuple[numpy.ndarray, numpy.ndarray]:
    """
    The Viterbi algorithm over a batch.

    The arrays of a step are small, so the overhead of the calls decides. It is lowest in numpy with
    preallocated memory; numpy starts no threads for it either.

    # Parameters

    emissions : `numpy.ndarray`
        Shape (num_tokens, num_tags, batch_size).
    start, end : `numpy.ndarray`
        Shape (num_tags,): the scores of a tag at the start and at the end.
    transitions : `numpy.ndarray`
        Shape (num_tags, num_tags), from and to.
    lengths : `numpy.ndarray`
        Shape (batch_size,).

    # Returns

    `Tuple[numpy.ndarray, numpy.ndarray]`
        The tags, of shape (batch_size, num_tokens), padded with a sentence's last tag; and the
        scores of the sequences, of shape (batch_size,).
    """
    num_tokens, num_tags, batch_size = emissions.shape
    # Shape: (num_tags * num_tags, batch_size), contiguous
    steps = numpy.repeat(transitions.reshape(-1, 1), batch_size, axis=1)
    sources = numpy.repeat(numpy.arange(num_tags), num_tags)
    candidates = numpy.empty_like(steps)
    by_source = candidates.reshape(num_tags, num_tags, batch_size)
    # `best[t, j]` is the score of the best path to tag `j` at token `t`.
    best = numpy.empty_like(emissions)
    best[0] = emissions[0] + start[:, None]
    for last_best, emission, next_best in zip(best, emissions[1:], best[1:]):
        # `mode="clip"` is faster: by default numpy buffers before it writes to `out`.
        last_best.take(sources, axis=0, out=candidates, mode="clip")
        numpy.add(candidates, steps, out=candidates)
        numpy.maximum.reduce(by_source, axis=0, out=next_best)
        numpy.add(next_best, emission, out=next_best)

    # Backtracking needs the previous tag of one tag of each sentence only, so there are no stored
    # back pointers.
    # Shape: (num_tokens, batch_size, num_tags)
    best = numpy.ascontiguousarray(best.transpose(0, 2, 1))
    # Shape: (batch_size, num_tags)
    complete = best[lengths - 1, numpy.arange(batch_size)] + end
    # Shape: (batch_size,)
    last_tags = complete.argmax(axis=1)
    # Shape: (num_tags, num_tags), to and from
    into = numpy.ascontiguousarray(transitions.T)
    # Shape: (num_tokens, batch_size)
    has_next = numpy.arange(num_tokens)[:, None] < lengths - 1
    paths = numpy.empty((num_tokens, batch_size), dtype=last_tags.dtype)
    paths[-1] = tags = last_tags
    for token in range(num_tokens - 2, -1, -1):
        previous = (best[token] + into.take(tags, axis=0)).argmax(axis=1)
        tags = numpy.where(has_next[token], previous, last_tags)
        paths[token] = tags
    return paths.T, complete.max(axis=1)
