"""Sums over the previous tag, for conditional random fields with many tags."""

import torch


class LogMatrix:
    """
    A matrix of logarithms that vectors of logarithms are multiplied by.

    A product takes the exponentials of the vector alone, and not one for each element of the
    matrix, as `torch.logsumexp` does: with hundreds of tags it is many times as fast.

    # Parameters

    logarithms : `torch.Tensor`
        Shape (num_inputs, num_outputs). Each column must have a finite maximum.
    """

    def __init__(self, logarithms: torch.Tensor) -> None:
        # The results do not depend on the shifts, so that no gradient goes through them.
        self._shift = logarithms.detach().amax(0)
        self._weights = (logarithms - self._shift).exp()

    def product(self, scores: torch.Tensor) -> torch.Tensor:
        """
        `torch.logsumexp(scores.unsqueeze(-1) + logarithms, dim=-2)`.

        # Parameters

        scores : `torch.Tensor`
            Shape (..., num_inputs). Each vector must have a finite maximum.

        # Returns

        `torch.Tensor`
            Shape (..., num_outputs). A sum that is too small for the data type is the smallest one
            that it has, so that logarithms and gradients are finite.
        """
        shift = scores.detach().amax(-1, keepdim=True)
        sums = (scores - shift).exp() @ self._weights
        return sums.clamp(min=torch.finfo(sums.dtype).tiny).log() + shift + self._shift
