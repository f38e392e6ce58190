"""
The error if a GPU is requested but not available.
"""

import functools
import inspect
from os import PathLike
from typing import Optional, Type, Union

from dts_ee.compat.patching import replace, replace_everywhere


def check_for_gpu_first() -> None:
    """
    Makes AllenNLP's check for a GPU run before torch's.

    Since torch 2.5 (its pull request 129119) `torch.device(0)` means any available accelerator, and
    raises torch's own error if there is none, before AllenNLP's check with its advice to set
    `trainer.cuda_device=-1`. AllenNLP (2.10.1, with any torch) does not check at all
    before it loads an archive's model onto a GPU.
    """
    import torch
    from allennlp.common import Params, util
    from allennlp.common.checks import check_for_gpu
    from allennlp.models import Model

    original_int_to_device = util.int_to_device
    original_load = inspect.getattr_static(Model, "load").__func__

    @functools.wraps(original_int_to_device)
    def int_to_device(device: Union[int, torch.device]) -> torch.device:
        if isinstance(device, int) and device >= 0:
            return torch.device("cuda", device)
        return original_int_to_device(device)

    @functools.wraps(original_load)
    def load(
        cls: Type[Model],
        config: Params,
        serialization_dir: Union[str, PathLike],
        weights_file: Optional[Union[str, PathLike]] = None,
        cuda_device: int = -1,
    ) -> Model:
        check_for_gpu(cuda_device)
        return original_load(cls, config, serialization_dir, weights_file, cuda_device)

    replace_everywhere("allennlp", original_int_to_device, int_to_device)
    replace(Model, "load", classmethod(load))
