"""The maximum over any range of tokens, without visiting the tokens of each range."""

from typing import Any, List, Tuple

import torch
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding


class RangeMax:
    """
    Answers, for many ranges over the same tokens, what the largest value of each feature is.

    A table holds the maxima over all runs of 1, 2, 4, … tokens; any range is covered by two
    overlapping runs. Building costs O(num_tokens · log(longest)) and a range O(1), however long it
    is, in time and in memory; gradients flow to the tokens that hold the maxima.

    # Parameters

    tokens : `torch.Tensor`
        Shape (batch_size, num_tokens, dim).
    longest : `int`
        The length of the longest range that will be asked for.
    """

    def __init__(self, tokens: torch.Tensor, longest: int) -> None:
        levels: List[torch.Tensor] = [tokens]
        width = 1
        while 2 * width <= longest:
            last = levels[-1]
            # The last `width` positions start no run of this length: what stands there is not read.
            levels.append(
                torch.cat([_maximum(last[:, :-width], last[:, width:]), last[:, -width:]], 1)
            )
            width *= 2
        # Shape: (num_levels * batch_size * num_tokens + 1, dim); the last row is of empty ranges
        self._table = torch.cat(
            [*(level.flatten(0, 1) for level in levels), tokens.new_zeros(1, tokens.shape[2])]
        )
        self._batch_size, self._num_tokens = tokens.shape[:2]

    def __call__(
        self, sentences: torch.Tensor, starts: torch.Tensor, ends: torch.Tensor
    ) -> torch.Tensor:
        """
        # Parameters

        sentences, starts, ends : `torch.LongTensor`
            Shape (num_ranges,): the sentence, the first token, and the token after the last. An
            empty range (`ends <= starts`) has the maximum 0.

        # Returns

        `torch.Tensor`
            Shape (num_ranges, dim).
        """
        lengths = ends - starts
        empty = lengths <= 0
        # `frexp` writes n as m · 2^e with 0.5 <= m < 1: e - 1 is exactly the floor of log2(n).
        levels = torch.frexp(lengths.clamp(min=1).double()).exponent.long() - 1
        rows = (levels * self._batch_size + sentences) * self._num_tokens
        nothing = len(self._table) - 1
        first = (rows + starts).masked_fill(empty, nothing)
        last = (rows + ends - (1 << levels)).masked_fill(empty, nothing)
        # Shape: (num_ranges, dim)
        return _maximum(embedding(first, self._table), embedding(last, self._table))


def _maximum(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    if torch.is_grad_enabled():
        return _Maximum.apply(one, other)
    return torch.maximum(one, other)


class _Maximum(torch.autograd.Function):
    """
    `torch.maximum` with a backward pass of a third of the time.

    Where both are equal, the first has the whole gradient, not half of it: here it is mostly the
    same token that both come from.
    """

    @staticmethod
    def forward(ctx: Any, one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(one >= other)
        return torch.maximum(one, other)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        (is_first,) = ctx.saved_tensors
        grad_of_one = grad * is_first
        return grad_of_one, grad - grad_of_one
