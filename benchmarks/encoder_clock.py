"""How much of a prediction is the forward pass of the encoder inside it."""

import time
from collections.abc import Callable
from typing import Any

import torch
from transformers import PreTrainedModel


class EncoderClock:
    """
    Adds up the time in the forward pass of the one encoder that a prediction calls, wherever it is
    kept, and the sequences that went through it.
    """

    def __init__(self, predict: Callable[[], Any]) -> None:
        called: set[PreTrainedModel] = set()

        def note(module: torch.nn.Module, _: Any) -> None:
            if isinstance(module, PreTrainedModel):
                called.add(module)

        handle = torch.nn.modules.module.register_module_forward_pre_hook(note)
        try:
            predict()
        finally:
            handle.remove()
        if len(called) != 1:
            raise RuntimeError(f"the prediction called {len(called)} encoders instead of one")
        (self.encoder,) = called
        self.reset()
        self._start = 0.0
        self.encoder.register_forward_pre_hook(self._begin, with_kwargs=True)
        self.encoder.register_forward_hook(self._end)

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
