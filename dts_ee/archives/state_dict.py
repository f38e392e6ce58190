"""
The weights in an archive.
"""

import os
from os import PathLike
from typing import Any, Dict, Mapping, Optional, Union

WEIGHTS_NAME = "weights.th"
"""AllenNLP's name of the weights in an archive."""

SAFETENSORS_NAME = "weights.safetensors"


def as_safetensors(path: Union[str, PathLike]) -> Optional[bytes]:
    """
    The weights of a training as safetensors, a format that cannot contain code.

    # Parameters

    path : `Union[str, PathLike]`
        A file with a state dictionary, such as `best.th`.

    # Returns

    `bytes`, optional
        `None` if the format cannot express a value: a module may have a state that is no tensor,
        or one without strides.
    """
    import torch
    from safetensors.torch import save

    state = torch.load(path, map_location="cpu", weights_only=True)
    if not all(_is_dense(value) for value in state.values()):
        return None
    # Copies, because tensors that share their memory are refused.
    return save(
        {
            name: tensor.detach().clone(memory_format=torch.contiguous_format)
            for name, tensor in state.items()
        }
    )


def _is_dense(value: Any) -> bool:
    import torch

    return (
        isinstance(value, torch.Tensor) and value.layout == torch.strided and not value.is_quantized
    )


def read_weights(path: Union[str, PathLike], cuda_device: int = -1) -> Dict[str, Any]:
    """
    Reads weights without running code that the file may contain.

    # Parameters

    path : `Union[str, PathLike]`
        Safetensors if the name ends in `.safetensors`, otherwise a file of `torch.save`.
    cuda_device : `int`, optional (default = `-1`)
        The index of the GPU; -1 for the CPU.

    # Raises

    `ValueError`
        If the file is damaged, or has something other than weights.
    """
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    device = f"cuda:{cuda_device}" if cuda_device >= 0 else "cpu"
    name = os.path.basename(path)
    try:
        if name.endswith(".safetensors"):
            return load_file(path, device)
        state = torch.load(path, map_location=device, weights_only=True)
    except (FileNotFoundError, IsADirectoryError, PermissionError):
        raise
    except SafetensorError as error:
        raise ValueError(f"{name} is damaged ({error})") from error
    except Exception as error:
        # torch has many errors for a damaged file.
        raise ValueError(
            f"{name} is no file of weights such as best.th, or it is damaged"
        ) from error
    if not isinstance(state, dict):
        raise ValueError(f"{name} has no weights, but {type(state).__name__}")
    return state


def check_numbers(state: Mapping[str, Any], name: str) -> None:
    """
    Checks that the weights of a model are numbers: with others, it would find nothing, and not say
    why.

    # Parameters

    state : `Mapping[str, Any]`
        The state of the model.
    name : `str`
        The file of the weights, for errors.

    # Raises

    `ValueError`
        If a weight is no number.
    """
    for key, value in state.items():
        if value.is_floating_point() and value.isnan().any():
            raise ValueError(f"{name}: {key} has values that are no numbers (NaN)")
