"""The base class of frozen encoders."""

import hashlib
from abc import ABC, abstractmethod
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy
import torch
from allennlp.common.checks import ConfigurationError

Sentence = Tuple[numpy.ndarray, ...]
"""
The input of an encoder for one sentence: arrays of integers without padding. The last array has one
row for each word.
"""

EncodedWords = Tuple[torch.Tensor, Sequence[torch.Tensor]]
"""
The indices of words among the words of all sentences, on the CPU, of shape `(num_words,)`; and
their vectors for each layer, of shape `(num_words, dim)`.
"""


class FrozenEncoder(ABC):
    """
    A pretrained encoder that is never trained, and is not a submodule of the model.

    So its weights are not in checkpoints, moving averages and optimisers, and it never is in
    training mode. Its features are always rounded to half precision, layer by layer.

    # Parameters

    network : `torch.nn.Module`
        The encoder's network.
    num_layers : `int`
        The number of layers of the features.
    dim : `int`
        The size of the vectors of each layer.
    settings : `Dict[str, Any]`
        All settings that change the features, apart from the weights.
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
        """A digest of the weights and settings, of 32 hexadecimal digits."""
        if self._fingerprint is None:
            self._fingerprint = self._compute_fingerprint()
        return self._fingerprint

    def encode(self, sentences: Sequence[Sentence], device: torch.device) -> List[torch.Tensor]:
        """
        Encodes sentences.

        # Parameters

        sentences : `Sequence[Sentence]`
            Sentences with at least one word.
        device : `torch.device`
            The device of the computation.

        # Returns

        `List[torch.Tensor]`
            One contiguous tensor per sentence, of shape `(num_layers, num_words, dim)`, float16,
            on the CPU. It does not depend on the other sentences, apart from rounding errors.

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
        # A tensor that is created in inference mode could not be used in training.
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
        Encodes sentences with a weighted sum of the layers, without holding all layers of all
        sentences in memory.

        # Parameters

        sentences : `Sequence[Sentence]`
            Sentences with at least one word.
        weights : `torch.Tensor`
            Shape `(num_layers,)`.
        device : `torch.device`
            The device of the computation.

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

    def _replace_network(self, network: torch.nn.Module, settings: Dict[str, Any]) -> None:
        """Exchanges the network, with further settings that tell its features from the others'."""
        self.network = network
        self._settings = {**self._settings, **settings}
        self._fingerprint = None

    def _compute_fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=16)
        digest.update(repr(sorted(self._settings.items())).encode())
        for name, tensor in self.network.state_dict().items():
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            # As bytes, because numpy does not have bfloat16.
            digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
        return digest.hexdigest()

    def _move_to(self, device: torch.device) -> None:
        # `to` visits all modules, even if nothing has to be moved.
        if device != self._device:
            self.network.to(device)
            self._device = device

    def _check_range(self, features: torch.Tensor) -> None:
        # Rounding to half precision turns values that are too large into infinity.
        if not torch.isfinite(features).all():
            raise ConfigurationError(
                f"{type(self).__name__} gave values that are too large for 16-bit floating point."
            )

    @abstractmethod
    def _encode(
        self, sentences: Sequence[Sentence], device: torch.device
    ) -> Iterator[EncodedWords]:
        """Encodes every word once, in parts and in any order."""

    def __deepcopy__(self, memo: Dict[int, Any]) -> "FrozenEncoder":
        # It never changes, so copies of a model share it.
        return self
