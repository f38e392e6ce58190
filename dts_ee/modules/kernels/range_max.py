"""Maxima over ranges of tokens, in constant time for each range."""

from typing import Any, List, Tuple

import torch
from torch.autograd.function import once_differentiable
from torch.nn.functional import embedding


class RangeMax:
    """
    Max pooling over many ranges of the same tokens, by a sparse table.

    The table holds the maxima over all runs of 1, 2, 4, … tokens, and two overlapping runs cover
    any range. Building takes O(num_tokens · log(longest)) time and memory, a range O(1). Gradients
    flow to the tokens with the maxima.

    # Parameters

    tokens : `torch.Tensor`
        Shape (batch_size, num_tokens, dim).
    longest : `int`
        The length of the longest range.
    """

    def __init__(self, tokens: torch.Tensor, longest: int) -> None:
        levels: List[torch.Tensor] = [tokens]
        width = 1
        while 2 * width <= longest:
            last = levels[-1]
            # No run of this length starts at the last `width` tokens: their values are not used.
            levels.append(
                torch.cat([_maximum(last[:, :-width], last[:, width:]), last[:, -width:]], 1)
            )
            width *= 2
        # The last row is for empty ranges.
        # Shape: (num_levels * batch_size * num_tokens + 1, dim)
        self._table = torch.cat(
            [*(level.flatten(0, 1) for level in levels), tokens.new_zeros(1, tokens.shape[2])]
        )
        self._batch_size, self._num_tokens = tokens.shape[:2]

    def __call__(
        self, sentences: torch.Tensor, starts: torch.Tensor, ends: torch.Tensor
    ) -> torch.Tensor:
        """
        The maxima over ranges.

        # Parameters

        sentences, starts, ends : `torch.LongTensor`
            Shape (num_ranges,): the index of the sentence, and the start and end token (end
            exclusive). The maximum of an empty range (`ends <= starts`) is 0.

        # Returns

        `torch.Tensor`
            Shape (num_ranges, dim).
        """
        lengths = ends - starts
        empty = lengths <= 0
        # `frexp` writes n as m · 2^e with 0.5 <= m < 1: e - 1 is exactly the floor of log2(n).
        levels = torch.frexp(lengths.clamp(min=1).double()).exponent.long() - 1
        rows = (levels * self._batch_size + sentences) * self._num_tokens
        empty_row = len(self._table) - 1
        first = (rows + starts).masked_fill(empty, empty_row)
        last = (rows + ends - (1 << levels)).masked_fill(empty, empty_row)
        # Shape: (num_ranges, dim)
        return _maximum(embedding(first, self._table), embedding(last, self._table))


def _maximum(first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
    if torch.is_grad_enabled():
        return _Maximum.apply(first, second)
    return torch.maximum(first, second)


class _Maximum(torch.autograd.Function):
    """
    `torch.maximum` with a backward pass in a third of the time.

    If both values are equal, the first one gets the whole gradient, not half of it: usually both
    come from the same token.
    """

    @staticmethod
    def forward(ctx: Any, first: torch.Tensor, second: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(first >= second)
        return torch.maximum(first, second)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        (is_first,) = ctx.saved_tensors
        first_grad = grad * is_first
        return first_grad, grad - first_grad
