"""A linear-chain conditional random field whose loss and decoding run over whole batches."""

from typing import Any, List, Optional, Tuple, cast

import torch
from allennlp.modules.conditional_random_field import ConditionalRandomField
from allennlp.modules.conditional_random_field.conditional_random_field import VITERBI_DECODING

_FORBIDDEN = -10000.0


class BatchedConditionalRandomField(ConditionalRandomField):
    """
    AllenNLP's `ConditionalRandomField` with the same parameters, constraints, likelihood, tags and
    scores, but without its loops over sentences and tags.

    Masks must be left-aligned: the unmasked tokens of a sentence come first.

    # Parameters

    num_tags : `int`
        The number of tags.
    constraints : `List[Tuple[int, int]]`, optional (default = `None`)
        The allowed transitions, as `allowed_transitions` gives them; they bind decoding alone.
    include_start_end_transitions : `bool`, optional (default = `True`)
        Whether to score the first and the last tag of a sentence.
    """

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
        # Shape: (num_tokens, batch_size, num_tags) and (num_tokens, batch_size, 1)
        emissions, steps = logits.transpose(0, 1), mask.transpose(0, 1).unsqueeze(2)
        # Shape: (batch_size, num_tags)
        alpha = emissions[0]
        if self.include_start_end_transitions:
            alpha = alpha + self.start_transitions
        for emission, step in zip(emissions[1:], steps[1:]):
            # Shape: (batch_size, num_tags, num_tags)
            paths = alpha.unsqueeze(2) + transitions
            alpha = torch.where(step, torch.logsumexp(paths, 1) + emission, alpha)
        if self.include_start_end_transitions:
            alpha = alpha + self.end_transitions
        # Shape: (batch_size,)
        return torch.logsumexp(alpha, 1)

    @staticmethod
    def _constrained(scores: torch.Tensor, allowed: torch.Tensor) -> torch.Tensor:
        return scores * allowed + _FORBIDDEN * (1 - allowed)

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
            If given, AllenNLP's own decoding returns that many sequences for each sentence.

        # Returns

        `List[Tuple[List[int], float]]`
            For each sentence its tags, one a token, and the score of the sequence.
        """
        if top_k is not None:
            return cast(Any, super()).viterbi_tags(logits, mask, top_k)
        batch_size, num_tokens, num_tags = logits.shape
        # Shape: (batch_size,)
        lengths = torch.full((batch_size,), num_tokens) if mask is None else mask.sum(1)
        # Shape: (num_tokens, 1)
        places = torch.arange(num_tokens, device=logits.device).unsqueeze(1)
        # Shape: (num_tokens, batch_size, 1)
        steps = (places < lengths.to(logits.device)).unsqueeze(2)
        # Shape: (num_tokens, batch_size, num_tags)
        emissions = logits.transpose(0, 1)

        allowed = self._constraint_mask
        start = end = torch.zeros_like(allowed[0, :num_tags])
        if self.include_start_end_transitions:
            start, end = self.start_transitions, self.end_transitions
        start = self._constrained(start, allowed[num_tags, :num_tags])
        end = self._constrained(end, allowed[:num_tags, num_tags + 1])
        transitions = self._constrained(self.transitions, allowed[:num_tags, :num_tags])

        # Beyond a sentence's end every tag comes from itself, so that all sentences can be
        # followed back from the same last step.
        # Shape: (1, num_tags)
        itself = torch.arange(num_tags, device=logits.device).unsqueeze(0)
        # Shape: (batch_size, num_tags)
        best = emissions[0] + start
        pointers = []
        for emission, step in zip(emissions[1:], steps[1:]):
            # Shape: (batch_size, num_tags), over the tags of the step before
            scores, sources = (best.unsqueeze(2) + transitions).max(1)
            best = torch.where(step, emission + scores, best)
            pointers.append(torch.where(step, sources, itself))

        # Shape: (batch_size,)
        totals, tags = (best + end).max(1)
        backwards = [tags]
        for sources in reversed(pointers):
            tags = sources.gather(1, tags.unsqueeze(1)).squeeze(1)
            backwards.append(tags)
        # Shape: (batch_size, num_tokens)
        paths = torch.stack(backwards[::-1], dim=1)
        decoded: List[Tuple[List[int], float]] = []
        for path, length, total in zip(paths.tolist(), lengths.tolist(), totals.tolist()):
            decoded.append((path[:length], total))
        return decoded
