import hashlib
import logging
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.modules import ScalarMix
from allennlp.modules.token_embedders import TokenEmbedder

from dts_ee.modules.feature_cache import FeatureCache
from dts_ee.modules.feature_file import FeatureFile, open_feature_file

logger = logging.getLogger(__name__)

Sentence = Tuple[numpy.ndarray, ...]
"""The arrays of integers that stand for one sentence, without padding."""


class FrozenEncoder(ABC):
    """
    A pretrained encoder that is never trained, outside of any model's tree of modules.

    So its weights are in no checkpoint, no moving average and no optimiser, and nothing can bring
    it into training mode.

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

    def fingerprint(self) -> str:
        """32 hexadecimal digits that stand for the weights and the settings."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(repr(sorted(self._settings.items())).encode())
        for name, tensor in self.network.state_dict().items():
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().numpy())
        return digest.hexdigest()

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
            If the encoder gives values that float16 cannot hold.
        """
        self.network.to(device)
        with torch.no_grad():
            features = [each.to("cpu", torch.float16) for each in self._encode(sentences, device)]
        if not all(torch.isfinite(each).all() for each in features):
            raise ConfigurationError(
                f"{type(self).__name__} gave values that 16-bit floating point cannot hold."
            )
        return [each.contiguous() for each in features]

    @abstractmethod
    def _encode(self, sentences: Sequence[Sentence], device: torch.device) -> List[torch.Tensor]:
        """Shape of each: `(num_layers, num_words, dim)`."""

    def __deepcopy__(self, memo: Dict[int, Any]) -> "FrozenEncoder":
        # It never changes, so the copies of a model can share it.
        return self


class FrozenEmbedder(TokenEmbedder):
    """
    Embeds words by an encoder that is never trained, and asks it for each sentence only once.

    The features of all layers are kept in half precision, and are rounded to it before their first
    use too: a sentence has the same features in training, in evaluation and in prediction. What is
    trained is the mix of the layers: AllenNLP's `ScalarMix`, if there is more than one.

    # Parameters

    encoder : `FrozenEncoder`
        What the features come from.
    name : `str`
        What the encoder is called in the log and in the name of the file.
    cache_dir : `str`, optional (default = `None`)
        A folder for a file of features that survives this run; its name has a digest of the weights
        and of every setting that the features depend on. The folder is made if the one above it
        exists. Where neither does, as for an archive that is used on another machine, there is no
        file.
    memory_limit_gib : `float`, optional (default = `4.0`)
        See `FeatureCache`.
    """

    def __init__(
        self,
        encoder: FrozenEncoder,
        name: str,
        cache_dir: Optional[str] = None,
        memory_limit_gib: float = 4.0,
    ) -> None:
        super().__init__()
        if memory_limit_gib < 0:
            raise ConfigurationError(f"memory_limit_gib is {memory_limit_gib}, less than 0.")
        self._encoder = encoder
        self._name = name
        self._cache = FeatureCache(memory_limit_gib, self._feature_file(cache_dir))
        self._mix = ScalarMix(encoder.num_layers) if encoder.num_layers > 1 else None
        self._num_encoded = 0
        self._num_logged = 0
        self._seconds = 0.0

    def get_output_dim(self) -> int:
        return self._encoder.dim

    def embed(self, sentences: Sequence[Sentence], mask: torch.Tensor) -> torch.Tensor:
        """
        # Parameters

        sentences : `Sequence[Sentence]`
            One for each row of `mask`.
        mask : `torch.Tensor`
            Shape `(batch_size, num_words)`, boolean: true where there is a word.

        # Returns

        `torch.Tensor`
            Shape `(batch_size, num_words, dim)`, with zeros where there is no word.
        """
        word_counts = mask.sum(dim=1).tolist()
        # Mixed precision in training must not make the features others than in prediction.
        with torch.autocast(device_type=mask.device.type, enabled=False):
            # Shape: (num_layers, sum of word_counts, dim)
            packed = torch.cat(self._features(sentences, word_counts, mask.device), dim=1)
            packed = packed.to(mask.device).float()
            # Shape: (sum of word_counts, dim)
            mixed = packed[0] if self._mix is None else _mix_layers(self._mix, packed)
        # Shape: (batch_size, num_words, dim)
        embedded = mixed.new_zeros(*mask.shape, self._encoder.dim)
        embedded[mask] = mixed
        return embedded

    def _features(
        self, sentences: Sequence[Sentence], word_counts: Sequence[int], device: torch.device
    ) -> List[torch.Tensor]:
        keys = [_key(sentence) for sentence in sentences]
        found: Dict[bytes, torch.Tensor] = {}
        missing: Dict[bytes, Sentence] = {}
        for key, sentence, num_words in zip(keys, sentences, word_counts, strict=True):
            if key in found or key in missing:
                continue
            features = self._cache.get(key, num_words) if num_words else self._no_words()
            if features is None:
                missing[key] = sentence
            else:
                found[key] = features
        if missing:
            found.update(self._encode(missing, device))
        elif self._num_encoded > 2 * self._num_logged:
            self._log_encoded()
        return [found[key] for key in keys]

    def _encode(
        self, missing: Dict[bytes, Sentence], device: torch.device
    ) -> Dict[bytes, torch.Tensor]:
        if not self._num_encoded:
            logger.info("%s encodes the sentences that it has not seen yet.", self._name)
        start = time.monotonic()
        features = self._encoder.encode(list(missing.values()), device)
        encoded = dict(zip(missing, features, strict=True))
        self._cache.add(encoded)
        self._num_encoded += len(missing)
        self._seconds += time.monotonic() - start
        return encoded

    def _log_encoded(self) -> None:
        # For the first batch that needs no encoding; then only when twice as many were encoded.
        logger.info(
            "%s has encoded %d sentences in %.1f s; the features of %d are in memory, %.2f GiB.",
            self._name,
            self._num_encoded,
            self._seconds,
            len(self._cache),
            self._cache.num_bytes / (1 << 30),
        )
        self._num_logged = self._num_encoded

    def _no_words(self) -> torch.Tensor:
        return torch.zeros(self._encoder.num_layers, 0, self._encoder.dim, dtype=torch.float16)

    def _feature_file(self, cache_dir: Optional[str]) -> Optional[FeatureFile]:
        if cache_dir is None:
            return None
        folder = Path(cache_dir).expanduser()
        if not folder.absolute().parent.is_dir():
            logger.warning("There is no %s: %s has no file of features.", folder.parent, self._name)
            return None
        path = folder / f"{self._name}-{self._encoder.fingerprint()}.lmdb"
        try:
            return open_feature_file(path, self._encoder.num_layers, self._encoder.dim)
        except OSError as error:
            logger.warning("%s has no file of features: %s", self._name, error)
            return None


def _key(sentence: Sentence) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for array in sentence:
        digest.update(repr(array.shape).encode())
        digest.update(array.tobytes())
    return digest.digest()


def _mix_layers(mix: ScalarMix, packed: torch.Tensor) -> torch.Tensor:
    # What the mix makes of unit vectors is its weights. One product with them is several times as
    # fast as the mix of the layers themselves, and equal to it.
    # Shape: (num_layers,)
    weights = mix(torch.eye(len(packed), device=packed.device).unbind(0))
    return (weights @ packed.flatten(1)).view(packed.shape[1:])
