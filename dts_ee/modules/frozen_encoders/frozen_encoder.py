"""What pretrained encoders have in common that are never trained."""

import hashlib
from abc import ABC, abstractmethod
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy
import torch
from allennlp.common.checks import ConfigurationError

Sentence = Tuple[numpy.ndarray, ...]
"""
The arrays of integers that stand for one sentence, without padding. The last of them has as many
rows as the sentence has words.
"""

EncodedWords = Tuple[torch.Tensor, Sequence[torch.Tensor]]
"""
Shapes `(num_words,)`: the indices of words among those of all sentences, on the CPU; and, for each
layer, `(num_words, dim)`: what the encoder says about them.
"""


class FrozenEncoder(ABC):
    """
    A pretrained encoder that is never trained, outside of any model's tree of modules.

    So its weights are in no checkpoint, no moving average and no optimiser, and nothing can bring
    it into training mode. What it says is rounded to half precision, layer by layer, whether it is
    to be kept or not.

    # Parameters

    network : `torch.nn.Module`
        The encoder itself.
    num_layers : `int`
        How many layers the features have.
    dim : `int`
        The size of each layer's vectors.
    settings : `Dict[str, Any]`
        All that decides, beside the weights, what comes out for a sentence.
    """

    def __init__(
        self, network: torch.nn.Module, num_layers: int, dim: int, settings: Dict[str, Any]
    ) -> None:
        self.network = network.eval().requires_grad_(False)
        self.num_layers = num_layers
        self.dim = dim
        self._settings = settings
        self._fingerprint: Optional[str] = None
        self._device: Optional[torch.device] = None

    def fingerprint(self) -> str:
        """32 hexadecimal digits that stand for the weights and the settings."""
        if self._fingerprint is None:
            self._fingerprint = self._compute_fingerprint()
        return self._fingerprint

    def encode(self, sentences: Sequence[Sentence], device: torch.device) -> List[torch.Tensor]:
        """
        # Parameters

        sentences : `Sequence[Sentence]`
            Each with at least one word.
        device : `torch.device`
            Where to compute.

        # Returns

        `List[torch.Tensor]`
            One contiguous tensor per sentence, of shape `(num_layers, num_words, dim)`, float16,
            on the CPU. It does not depend on the other sentences, but for rounding.

        # Raises

        `ConfigurationError`
            If the encoder gives values that float16 cannot hold, or cannot compute on the device.
        """
        self._move_to(device)
        word_counts = [len(sentence[-1]) for sentence in sentences]
        # Shape: (num_layers, sum of word_counts, dim)
        features = torch.full(
            (self.num_layers, sum(word_counts), self.dim), torch.nan, dtype=torch.float16
        )
        # What is made outside of the inference mode can take part in training.
        with torch.inference_mode():
            for words, layers in self._encode(sentences, device):
                for i, layer in enumerate(layers):
                    features[i, words] = layer.half().cpu()
        self._check_range(features)
        return [
            part.clone(memory_format=torch.contiguous_format)
            for part in features.split(word_counts, dim=1)
        ]

    def encode_mixed(
        self, sentences: Sequence[Sentence], weights: torch.Tensor, device: torch.device
    ) -> List[torch.Tensor]:
        """
        The weighted sum of the layers that `encode` gives, without ever holding all layers of all
        sentences.

        # Parameters

        sentences : `Sequence[Sentence]`
            Each with at least one word.
        weights : `torch.Tensor`
            Shape `(num_layers,)`.
        device : `torch.device`
            Where to compute.

        # Returns

        `List[torch.Tensor]`
            One tensor per sentence, of shape `(num_words, dim)`, float32, on the device.

        # Raises

        `ConfigurationError`
            If the encoder gives values that float16 cannot hold, or cannot compute on the device.
        """
        self._move_to(device)
        word_counts = [len(sentence[-1]) for sentence in sentences]
        # Shape: (sum of word_counts, dim)
        mixed = torch.full((sum(word_counts), self.dim), torch.nan, device=device)
        with torch.inference_mode():
            for words, layers in self._encode(sentences, device):
                # Shape: (num_words, dim)
                mix = layers[0].new_zeros(layers[0].shape, dtype=torch.float32)
                for weight, layer in zip(weights.tolist(), layers, strict=True):
                    mix.add_(layer.half().float(), alpha=weight)
                mixed[words.to(device)] = mix
        self._check_range(mixed)
        return list(mixed.split(word_counts))

    def _compute_fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        digest.update(repr(sorted(self._settings.items())).encode())
        for name, tensor in self.network.state_dict().items():
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            # As bytes, since numpy does not know bfloat16.
            digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()

    def _move_to(self, device: torch.device) -> None:
        # A walk over all modules takes its time too.
        if device != self._device:
            self.network.to(device)
            self._device = device

    def _check_range(self, features: torch.Tensor) -> None:
        # Rounded to half precision, what is too large has become infinite.
        if not torch.isfinite(features).all():
            raise ConfigurationError(
                f"{type(self).__name__} gave values that 16-bit floating point cannot hold."
            )

    @abstractmethod
    def _encode(
        self, sentences: Sequence[Sentence], device: torch.device
    ) -> Iterator[EncodedWords]:
        """Encodes all words, each once, some at a time, in any order."""

    def __deepcopy__(self, memo: Dict[int, Any]) -> "FrozenEncoder":
        # It never changes, so the copies of a model can share it.
        return self
