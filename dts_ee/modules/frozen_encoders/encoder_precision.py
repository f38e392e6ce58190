"""The numerical precision of a frozen encoder."""

from typing import Optional

import torch
from allennlp.common.checks import ConfigurationError

PRECISIONS = ("float32", "bfloat16", "int8")

_LARGEST = 127
_SMALLEST_SCALE = 1e-12


class Int8Linear(torch.nn.Module):
    """
    A trained linear layer with 8-bit integer products (dynamic quantisation).

    The weights of each output feature have their own scale, and so has each input vector. torch's
    own dynamic quantisation has one scale for all inputs of a call. It is less exact, and the
    result for a word depends on the other words of the batch.

    # Parameters

    linear : `torch.nn.Linear`
        The layer, on the CPU.
    """

    integers: torch.Tensor
    scales: torch.Tensor
    bias: Optional[torch.Tensor]

    def __init__(self, linear: torch.nn.Linear) -> None:
        super().__init__()
        weights = linear.weight.detach()
        scales = _scales(weights)
        # Shape: (in_features, out_features)
        self.register_buffer("integers", _to_integers(weights, scales).t())
        # Shape: (out_features,)
        self.register_buffer("scales", scales.squeeze(1))
        self.register_buffer("bias", None if linear.bias is None else linear.bias.detach())

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """
        # Parameters

        inputs : `torch.Tensor`
            Shape `(..., in_features)`, float32.

        # Returns

        `torch.Tensor`
            Shape `(..., out_features)`, float32.
        """
        # Shape: (num_vectors, in_features)
        vectors = inputs.reshape(-1, inputs.shape[-1])
        # Shape: (num_vectors, 1)
        scales = _scales(vectors)
        # Shape: (num_vectors, out_features)
        products = torch._int_mm(_to_integers(vectors, scales), self.integers)
        outputs = products.float().mul_(scales).mul_(self.scales)
        if self.bias is not None:
            outputs.add_(self.bias)
        return outputs.view(*inputs.shape[:-1], -1)


def convert_to_precision(network: torch.nn.Module, precision: str) -> torch.nn.Module:
    """
    Converts a network to a precision, in place.

    # Parameters

    network : `torch.nn.Module`
        A network in float32 on the CPU, which is not trained any more.
    precision : `str`
        `"float32"`; `"bfloat16"` for all computations; or `"int8"` for the linear layers.

    # Returns

    `torch.nn.Module`
        The network.

    # Raises

    `ConfigurationError`
        If there is no such precision, or this version of torch does not support it.
    """
    if precision not in PRECISIONS:
        raise ConfigurationError(
            f"precision is {precision!r}; it can be {', '.join(PRECISIONS[:-1])} or "
            f"{PRECISIONS[-1]}."
        )
    if precision == "bfloat16":
        return network.to(torch.bfloat16)
    if precision == "int8":
        if not _has_integer_products():
            raise ConfigurationError(
                f"precision is 'int8', but torch {torch.__version__} does not multiply 8-bit "
                "integers on this machine: use a later one, built with oneDNN."
            )
        for module in list(network.modules()):
            for name, child in module.named_children():
                if isinstance(child, torch.nn.Linear):
                    setattr(module, name, Int8Linear(child))
    return network


def check_precision(precision: str, device: torch.device) -> None:
    """
    Checks that a device supports a precision.

    # Parameters

    precision : `str`
        One of `PRECISIONS`.
    device : `torch.device`
        The device.

    # Raises

    `ConfigurationError`
        If the device does not support it, or is slower than with float32.
    """
    if precision == "int8" and device.type != "cpu":
        raise ConfigurationError(
            f"precision is 'int8', which is for the CPU, and the device is {str(device)!r}: "
            "'bfloat16' may be faster there than 'float32'."
        )
    if precision == "bfloat16" and not _has_bfloat16(device):
        raise ConfigurationError(
            f"precision is 'bfloat16', which the device {str(device)!r} of this machine has no "
            "instructions for: 'float32' is faster."
        )


def _scales(vectors: torch.Tensor) -> torch.Tensor:
    """Shape: `(num_vectors, 1)`"""
    return vectors.abs().amax(dim=1, keepdim=True).div_(_LARGEST).clamp_(min=_SMALLEST_SCALE)


def _to_integers(vectors: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    return (vectors / scales).round_().to(torch.int8)


def _has_integer_products() -> bool:
    if not torch.backends.mkldnn.is_available():
        return False
    one = torch.ones(1, 1, dtype=torch.int8)
    try:
        return torch._int_mm(one, one).item() == 1
    except (AttributeError, RuntimeError):
        return False


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    if device.type != "cpu":
        return True
    # Older versions of torch do not have this function.
    is_supported = getattr(torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: False)
    return torch.backends.mkldnn.is_available() and is_supported()
