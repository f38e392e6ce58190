"""
Mixed precision in the trainer.
"""

import types

from dts_ee.compat.patching import replace


def use_current_autocast() -> None:
    """
    Gives AllenNLP's trainer torch's present `autocast` and `GradScaler`.

    torch 2.4 deprecated `torch.cuda.amp`, which the trainer enters at every batch, with a warning
    in each run.
    """
    import torch
    from allennlp.training import gradient_descent_trainer

    if not hasattr(torch.amp, "GradScaler"):
        return
    amp = types.SimpleNamespace(
        autocast=lambda enabled: torch.amp.autocast("cuda", enabled=enabled),
        GradScaler=lambda: torch.amp.GradScaler("cuda"),
    )
    replace(gradient_descent_trainer, "amp", amp)
