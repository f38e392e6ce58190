"""The base class of embedders with a frozen encoder, which runs once for each sentence."""

import hashlib
import logging
import time
from pathlib import Path
from typing import Dict, List, Optional, Sequence

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.modules import ScalarMix
from allennlp.modules.token_embedders import TokenEmbedder

from dts_ee.modules.frozen_encoders.feature_cache import FeatureCache
from dts_ee.modules.frozen_encoders.feature_file import FeatureFile, open_feature_file
from dts_ee.modules.frozen_encoders.frozen_encoder import FrozenEncoder, Sentence

logger = logging.getLogger(__name__)


class FrozenEmbedder(TokenEmbedder):
    """
    Embeds words with a frozen encoder. In training, each sentence is encoded once, and its features
    are cached.

    The features of all layers are rounded to half precision before the layers are mixed, so a
    sentence has the same features in training, evaluation and prediction. If there is more than one
    layer, their mix is trained: AllenNLP's `ScalarMix`.

    Features are cached from the first call of `train()` on, which AllenNLP's trainer calls in every
    epoch. An archive that predicts or is evaluated reads the feature file if there is one, and
    caches nothing, so its memory does not grow with the number of sentences.

    # Parameters

    encoder : `FrozenEncoder`
        The encoder.
    name : `str`
        The encoder's name in the log and in the name of the feature file.
    cache_dir : `str`, optional (default = `None`)
        A folder for a feature file, which later runs reuse. The file's name has a digest of the
        weights and of all settings that change the features. The folder is created if its parent
        exists. If the parent does not exist, for example because an archive is used on another
        machine, there is no file.
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
        self._cache_dir = None if cache_dir is None else Path(cache_dir).expanduser()
        self._memory_limit_gib = memory_limit_gib
        self._keeps_features = False
        self._cache = FeatureCache(memory_limit_gib, self._existing_file())
        self._mix = ScalarMix(encoder.num_layers) if encoder.num_layers > 1 else None
        self._keeps_last_batch = False
        self._last_batch: Optional[tuple[List[bytes], torch.Tensor]] = None
        self._num_encoded = 0
        self._num_logged = 0
        self._seconds = 0.0

    def get_output_dim(self) -> int:
        return self._encoder.dim

    def fingerprint(self) -> str:
        """A digest of the encoder's weights and settings, of 32 hexadecimal digits."""
        return self._encoder.fingerprint()

    def keep_last_batch(self) -> None:
        """
        Keeps the vectors of the last batch from now on. The models of an ensemble embed each batch
        one after the other, and the encoder runs once.
        """
        self._keeps_last_batch = True

    def train(self, mode: bool = True) -> "FrozenEmbedder":
        """Sets the mode of the module. The first call with `True` turns the cache on."""
        # Vectors of a prediction have no place in a computation of gradients.
        self._last_batch = None
        if mode and not self._keeps_features:
            self._keeps_features = True
            self._cache = FeatureCache(self._memory_limit_gib, self._file())
        return super().train(mode)

    def embed(self, sentences: Sequence[Sentence], mask: torch.Tensor) -> torch.Tensor:
        """
        Embeds a batch of sentences.

        # Parameters

        sentences : `Sequence[Sentence]`
            One for each row of `mask`.
        mask : `torch.Tensor`
            Shape `(batch_size, num_words)`, boolean.

        # Returns

        `torch.Tensor`
            Shape `(batch_size, num_words, dim)`, zero at padding.
        """
        keys = [_key(sentence) for sentence in sentences]
        # Another thread may put its batch there.
        last = self._last_batch
        if last is not None and last[0] == keys:
            embedded = last[1]
            if embedded.shape[:2] == mask.shape and embedded.device == mask.device:
                return embedded
        cached, missing = self._look_up(keys, sentences)
        # Features must not differ between training with mixed precision and prediction.
        with torch.autocast(device_type=mask.device.type, enabled=False):
            # Shape: (num_layers,)
            weights = self._layer_weights(mask.device)
            if self._keeps_features or weights.requires_grad:
                cached.update(self._encode(missing, mask.device))
                # Shape: (sum of word counts, dim)
                mixed = _mix(weights, torch.cat([cached[key] for key in keys], dim=1))
            else:
                vectors = {key: _mix(weights, features) for key, features in cached.items()}
                if missing:
                    encoded = self._encoder.encode_mixed(
                        list(missing.values()), weights, mask.device
                    )
                    vectors.update(zip(missing, encoded, strict=True))
                mixed = torch.cat([vectors[key] for key in keys])
        # Shape: (batch_size, num_words, dim)
        embedded = mixed.new_zeros(*mask.shape, self._encoder.dim)
        embedded[mask] = mixed
        if self._keeps_last_batch:
            self._last_batch = (keys, embedded)
        return embedded

    def _forget_features(self) -> None:
        """Takes up the features of the encoder as it is now, after it has changed."""
        self._keeps_features = False
        self._last_batch = None
        self._cache = FeatureCache(self._memory_limit_gib, self._existing_file())

    def _look_up(
        self, keys: Sequence[bytes], sentences: Sequence[Sentence]
    ) -> tuple[Dict[bytes, torch.Tensor], Dict[bytes, Sentence]]:
        """The cached features, and the sentences without cached features."""
        cached: Dict[bytes, torch.Tensor] = {}
        missing: Dict[bytes, Sentence] = {}
        for key, sentence in zip(keys, sentences, strict=True):
            if key in cached or key in missing:
                continue
            num_words = len(sentence[-1])
            features = self._cache.get(key, num_words) if num_words else self._no_words()
            if features is None:
                missing[key] = sentence
            else:
                cached[key] = features
        return cached, missing

    def _encode(
        self, missing: Dict[bytes, Sentence], device: torch.device
    ) -> Dict[bytes, torch.Tensor]:
        """Encodes sentences, with all layers, and caches their features in training."""
        if not missing:
            if self._num_encoded > 2 * self._num_logged:
                self._log_encoded()
            return {}
        if not self._num_encoded:
            logger.info("%s encodes the sentences that it has not seen yet.", self._name)
        start = time.monotonic()
        features = self._encoder.encode(list(missing.values()), device)
        encoded = dict(zip(missing, features, strict=True))
        if self._keeps_features:
            self._cache.add(encoded)
        self._num_encoded += len(missing)
        self._seconds += time.monotonic() - start
        return encoded

    def _log_encoded(self) -> None:
        # Called for the first batch of cached sentences, then when twice as many were encoded.
        logger.info(
            "%s has encoded %d sentences in %.1f s. Kept in %s",
            self._name,
            self._num_encoded,
            self._seconds,
            self._cache,
        )
        self._num_logged = self._num_encoded

    def _layer_weights(self, device: torch.device) -> torch.Tensor:
        """Shape: `(num_layers,)`"""
        if self._mix is None:
            return torch.ones(1, device=device)
        # The mix of unit vectors gives the weights. A product with them is several times as fast as
        # mixing the layers one by one.
        return self._mix(torch.eye(self._encoder.num_layers, device=device).unbind(0))

    def _no_words(self) -> torch.Tensor:
        return torch.zeros(self._encoder.num_layers, 0, self._encoder.dim, dtype=torch.float16)

    def _existing_file(self) -> Optional[FeatureFile]:
        if self._cache_dir is None or not self._cache_dir.is_dir():
            return None
        return self._file() if self._file_path(self._cache_dir).exists() else None

    def _file(self) -> Optional[FeatureFile]:
        if self._cache_dir is None:
            return None
        if not self._cache_dir.absolute().parent.is_dir():
            logger.warning(
                "There is no %s: %s has no feature file.", self._cache_dir.parent, self._name
            )
            return None
        path = self._file_path(self._cache_dir)
        try:
            return open_feature_file(path, self._encoder.num_layers, self._encoder.dim)
        except OSError as error:
            logger.warning("%s has no feature file: %s", self._name, error)
            return None

    def _file_path(self, folder: Path) -> Path:
        return folder / f"{self._name}-{self._encoder.fingerprint()}.lmdb"


def _key(sentence: Sentence) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for array in sentence:
        digest.update(repr(array.shape).encode())
        digest.update(array.tobytes())
    return digest.digest()


def _mix(weights: torch.Tensor, features: torch.Tensor) -> torch.Tensor:
    # Shape: (num_layers, num_words, dim)
    features = features.to(weights.device).float()
    # Shape: (num_words, dim)
    return (weights @ features.flatten(1)).view(features.shape[1:])
