"""
The compiler of torch, which nothing here uses.
"""

import functools
import types
from typing import Any

from dts_ee.compat.patching import replace, replace_everywhere


def ask_torch_whether_it_compiles() -> None:
    """
    Keeps transformers from importing torch's compiler in order to ask whether it is at work.

    transformers 4.41 does so at an encoder's first batch, and with torch 2.13 it takes longer than
    importing torch. `torch.compiler`, which torch 2.3 brought, gives the same answer.
    """
    import torch
    from transformers.utils import import_utils

    original = getattr(import_utils, "is_torchdynamo_compiling", None)
    if original is None or not hasattr(getattr(torch, "compiler", None), "is_compiling"):
        return
    replace_everywhere("transformers", original, torch.compiler.is_compiling)

    from transformers import modeling_attn_mask_utils

    # This one asks `torch._dynamo` itself, which torch imports at the mention of its name.
    torch_without_compiler: Any = types.ModuleType(torch.__name__)
    torch_without_compiler.__getattr__ = functools.partial(getattr, torch)
    torch_without_compiler._dynamo = types.SimpleNamespace(is_compiling=torch.compiler.is_compiling)
    replace(modeling_attn_mask_utils, "torch", torch_without_compiler)
