"""Dropout that is fast on a CPU."""

import torch

# The number of values of a random number of 16 bits.
_NUM_RANDOM = 1 << 16


class Dropout(torch.nn.Dropout):
    """
    `torch.nn.Dropout`, several times as fast on a CPU.

    torch draws a random number of 64 bits for each element. This class draws 16 bits: it rounds the
    probability to a multiple of 2^-16, and scales the kept elements by the rounded probability, so
    that the expectation is exact.
    """

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        return dropout(input, self.p, self.training)


def dropout(tensor: torch.Tensor, probability: float, training: bool) -> torch.Tensor:
    """
    Sets random elements to zero and scales the others, as `torch.nn.functional.dropout` does.

    # Parameters

    tensor : `torch.Tensor`
        Any shape.
    probability : `float`
        The probability that an element becomes zero.
    training : `bool`
        Whether to apply dropout.

    # Returns

    `torch.Tensor`
        The same shape.
    """
    num_dropped = round(probability * _NUM_RANDOM)
    if not training or num_dropped in (0, _NUM_RANDOM) or tensor.device.type != "cpu":
        return torch.nn.functional.dropout(tensor, probability, training)
    # From torch's generator, for reproducible results with its seed.
    bits = torch.empty((tensor.numel() + 3) // 4, dtype=torch.int64)
    bits.random_(torch.iinfo(torch.int64).min, None)
    # The comparison is vectorised in numpy.
    kept = bits.numpy().view("uint16")[: tensor.numel()] >= num_dropped
    # Shape: the tensor's
    factors = torch.from_numpy(kept.view("uint8")).to(tensor.dtype).view(tensor.shape)
    return tensor * factors.mul_(_NUM_RANDOM / (_NUM_RANDOM - num_dropped))
