"""
The optimizer of transformers that AllenNLP offers as `huggingface_adamw`.
"""

from typing import Any, Iterable, Tuple

from dts_ee.compat.patching import replace


def give_transformers_its_optimizer() -> None:
    """
    Adds `AdamW` to transformers, which removed it in 4.57: AllenNLP derives a class from it.

    torch's optimizer of this name has the same update, but for a smaller `eps`: transformers adds
    it before it corrects the bias of the second moment. It always corrects it.
    """
    import torch

    # transformers 5 replaces its own module while this one is imported.
    import transformers.processing_utils

    if hasattr(transformers, "AdamW"):
        return

    class AdamW(torch.optim.AdamW):
        """torch's optimizer with the arguments and the defaults of transformers'."""

        def __init__(
            self,
            params: Iterable[Any],
            lr: float = 1e-3,
            betas: Tuple[float, float] = (0.9, 0.999),
            eps: float = 1e-6,
            weight_decay: float = 0.0,
            correct_bias: bool = True,
        ) -> None:
            if not correct_bias:
                from allennlp.common.checks import ConfigurationError

                raise ConfigurationError(
                    "huggingface_adamw: torch's optimizer always corrects the bias; leave "
                    "correct_bias out, or install transformers<4.57"
                )
            super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)

    replace(transformers, "AdamW", AdamW)
