"""Packing of a padded batch: its tokens without the padding, in the order of an RNN's steps."""

from itertools import accumulate
from typing import List, Tuple

import torch


class Packing:
    """
    Packs the first tokens of all sentences, then the second tokens, and so on, like
    `torch.nn.utils.rnn.pack_padded_sequence`. Within a step, longer sentences come first.

    # Parameters

    mask : `torch.BoolTensor`
        Shape (batch_size, num_tokens), left-aligned: the unmasked tokens of a sentence come first.
    """

    batch_sizes: List[int]
    """The number of sentences that have a token at each step."""

    mirror: torch.Tensor
    """
    Shape (num_unmasked,): for each packed token, the index of the token at the same distance from
    the end of the sentence. It reverses the sentences.
    """

    previous: torch.Tensor
    """
    Shape (num_unmasked - batch_sizes[0],): for each packed token that is not the first of its
    sentence, the index of the previous token.
    """

    def __init__(self, mask: torch.Tensor) -> None:
        self._shape = mask.shape
        # Shape: (batch_size,)
        lengths, order = mask.sum(1).sort(descending=True, stable=True)
        # Shape: (num_tokens, 1)
        steps = torch.arange(mask.shape[1], device=mask.device).unsqueeze(1)
        # Shape: (num_tokens, batch_size)
        present = steps < lengths
        indices = present.flatten().cumsum(0).view_as(present) - 1
        self.batch_sizes = [size for size in present.sum(1).tolist() if size > 0]
        # Shape: (num_unmasked,)
        self._padded_indices = (order * mask.shape[1] + steps)[present]
        self.mirror = indices.gather(0, (lengths - 1 - steps).clamp(min=0))[present]
        self.previous = indices[:-1][present[1:]]

    def steps(self) -> List[Tuple[int, int]]:
        """The start and end of each step in the packed tokens (end exclusive)."""
        ends = list(accumulate(self.batch_sizes))
        return list(zip([0, *ends], ends))

    def pack(self, padded: torch.Tensor) -> torch.Tensor:
        """From shape (batch_size, num_tokens, dim) to shape (num_unmasked, dim)."""
        return padded.flatten(0, 1).index_select(0, self._padded_indices)

    def unpack(self, packed: torch.Tensor) -> torch.Tensor:
        """From shape (num_unmasked, dim) to shape (batch_size, num_tokens, dim), padded with 0."""
        padded = packed.new_zeros(self._shape.numel(), packed.shape[1])
        padded = padded.index_copy(0, self._padded_indices, packed)
        return padded.view(*self._shape, packed.shape[1])
