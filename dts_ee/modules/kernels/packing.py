"""The tokens of a padded batch without the padding, in the order in which an RNN reads them."""

from itertools import accumulate
from typing import List, Tuple

import torch


class Packing:
    """
    Puts all first tokens of a batch together, then all second ones, and so on; at each step the
    longer sentences come first.

    # Parameters

    mask : `torch.BoolTensor`
        Shape (batch_size, num_tokens), left-aligned: the unmasked tokens of a sentence come first.
    """

    batch_sizes: List[int]
    """How many sentences have a token at each step."""

    mirror: torch.Tensor
    """
    Shape (num_unmasked,): for each packed token, the number of the one that stands as far from its
    sentence's end as this one from the beginning.
    """

    previous: torch.Tensor
    """
    Shape (num_unmasked - batch_sizes[0],): for each packed token that is not the first of its
    sentence, the number of the one before.
    """

    def __init__(self, mask: torch.Tensor) -> None:
        self._shape = mask.shape
        # Shape: (batch_size,)
        lengths, order = mask.sum(1).sort(descending=True, stable=True)
        # Shape: (num_tokens, 1)
        steps = torch.arange(mask.shape[1], device=mask.device).unsqueeze(1)
        # Shape: (num_tokens, batch_size)
        present = steps < lengths
        numbers = present.flatten().cumsum(0).view_as(present) - 1
        self.batch_sizes = [size for size in present.sum(1).tolist() if size > 0]
        # Shape: (num_unmasked,)
        self._places = (order * mask.shape[1] + steps)[present]
        self.mirror = numbers.gather(0, (lengths - 1 - steps).clamp(min=0))[present]
        self.previous = numbers[:-1][present[1:]]

    def steps(self) -> List[Tuple[int, int]]:
        """Of each step, the number of the first packed token, and of the first of the next step."""
        ends = list(accumulate(self.batch_sizes))
        return list(zip([0, *ends], ends))

    def pack(self, padded: torch.Tensor) -> torch.Tensor:
        """From shape (batch_size, num_tokens, dim) to shape (num_unmasked, dim)."""
        return padded.flatten(0, 1).index_select(0, self._places)

    def unpack(self, packed: torch.Tensor) -> torch.Tensor:
        """From shape (num_unmasked, dim) to shape (batch_size, num_tokens, dim), padded by 0."""
        padded = packed.new_zeros(self._shape.numel(), packed.shape[1])
        return padded.index_copy(0, self._places, packed).view(*self._shape, packed.shape[1])
