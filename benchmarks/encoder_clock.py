"""How much of a prediction is the forward pass of the encoder inside it."""

import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import PreTrainedModel


def find_encoder(predict: Callable[[], Any]) -> PreTrainedModel:
    """
    The encoder that a prediction calls, wherever it is kept.

    # Raises

    `RuntimeError`
        If there is none, as when features came from a cache, or more than one.
    """
    called: dict[int, PreTrainedModel] = {}

    def note(module: torch.nn.Module, _: Any) -> None:
        if isinstance(module, PreTrainedModel):
            called[id(module)] = module

    handle = torch.nn.modules.module.register_module_forward_pre_hook(note)
    try:
        predict()
    finally:
        handle.remove()
    if len(called) != 1:
        raise RuntimeError(f"the prediction called {len(called)} encoders instead of one")
    return next(iter(called.values()))


class EncoderClock:
    """
    Adds up the time in an encoder's forward pass, and the sequences that went through it.

    # Parameters

    encoder : `PreTrainedModel`
        The encoder.
    """

    def __init__(self, encoder: PreTrainedModel) -> None:
        self.reset()
        self._start = 0.0
        encoder.register_forward_pre_hook(self._begin, with_kwargs=True)
        encoder.register_forward_hook(self._end)

    def reset(self) -> None:
        """Begins again at nothing."""
        self.seconds = 0.0
        self.num_sequences = 0

    def _begin(self, _: torch.nn.Module, arguments: tuple, options: dict[str, Any]) -> None:
        inputs = options["input_ids"] if "input_ids" in options else arguments[0]
        self.num_sequences += len(inputs)
        self._start = time.perf_counter()

    def _end(self, *_: Any) -> None:
        self.seconds += time.perf_counter() - self._start
