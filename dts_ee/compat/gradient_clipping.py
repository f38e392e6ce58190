"""
Gradient clipping with sparse gradients.
"""

import functools
from typing import Any, Iterable

from packaging.version import Version

from dts_ee.compat.patching import replace


def rescale_sparse_gradients() -> None:
    """
    Makes the trainer's `grad_norm` work with the gradients of a sparse embedding.

    Since torch 2.1, `torch.nn.utils.clip_grad_norm_` uses an operator that is not implemented for
    sparse tensors.
    """
    import torch
    from allennlp.training import gradient_descent_trainer, util

    if Version(torch.__version__) < Version("2.1"):
        return

    original = gradient_descent_trainer.clip_grad_norm_

    @functools.wraps(original)
    def clip_grad_norm_(
        parameters: Iterable[torch.nn.Parameter], max_norm: float, *args: Any, **kwargs: Any
    ) -> torch.Tensor:
        dense_parameters = []
        for parameter in parameters:
            if parameter.grad is not None and parameter.grad.is_sparse:
                # The values share memory with the coalesced gradient: clipping them as a dense
                # gradient clips it.
                parameter.grad = parameter.grad.coalesce()
                values = parameter.grad.values().detach()
                parameter = torch.nn.Parameter(values)
                parameter.grad = values
            dense_parameters.append(parameter)
        return original(dense_parameters, max_norm, *args, **kwargs)

    replace(gradient_descent_trainer, "clip_grad_norm_", clip_grad_norm_)
    replace(util, "clip_grad_norm_", clip_grad_norm_)
