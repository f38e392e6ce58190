"""
The compiler of torch, which this package does not use.
"""

import functools
import types
from typing import Any

from dts_ee.compat.patching import replace, replace_everywhere


def ask_torch_whether_it_compiles() -> None:
    """
    Keeps transformers from importing torch's compiler to check whether it is running.

    transformers 4.41 does so at an encoder's first batch, and with torch 2.13 it takes longer than
    importing torch. `torch.compiler`, new in torch 2.3, gives the same answer.
    """
    import torch
    from transformers.utils import import_utils

    original = getattr(import_utils, "is_torchdynamo_compiling", None)
    if original is None or not hasattr(getattr(torch, "compiler", None), "is_compiling"):
        return
    replace_everywhere("transformers", original, torch.compiler.is_compiling)

    from transformers import modeling_attn_mask_utils

    # This module uses `torch._dynamo`, which torch imports when the attribute is read.
    torch_without_compiler: Any = types.ModuleType(torch.__name__)
    torch_without_compiler.__getattr__ = functools.partial(getattr, torch)
    torch_without_compiler._dynamo = types.SimpleNamespace(is_compiling=torch.compiler.is_compiling)
    replace(modeling_attn_mask_utils, "torch", torch_without_compiler)
