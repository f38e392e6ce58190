"""
Mixed precision in the trainer.
"""

import types

from dts_ee.compat.patching import replace


def use_current_autocast() -> None:
    """
    Makes AllenNLP's trainer use `autocast` and `GradScaler` of `torch.amp`.

    torch 2.4 deprecated those of `torch.cuda.amp`, which the trainer uses, with a warning.
    """
    import torch
    from allennlp.training import gradient_descent_trainer

    amp = types.SimpleNamespace(
        autocast=lambda enabled: torch.amp.autocast("cuda", enabled=enabled),
        GradScaler=lambda: torch.amp.GradScaler("cuda"),
    )
    replace(gradient_descent_trainer, "amp", amp)
