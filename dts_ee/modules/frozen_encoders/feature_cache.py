"""The cache of a frozen encoder's features, in memory or in a file."""

import logging
from typing import Any, Dict, Mapping, Optional

import torch
from allennlp.common.util import format_size

from dts_ee.modules.frozen_encoders.feature_file import FeatureFile

logger = logging.getLogger(__name__)

_GIB = 1 << 30


class FeatureCache:
    """
    The features of sentences by key: in a file if there is one, else in memory up to a limit.

    Features in the file are not kept in memory too: the file is memory-mapped, so the operating
    system's page cache holds as much of it as fits.

    When the memory is full, nothing is removed from it. Otherwise an epoch with more sentences than
    fit would never find any of them. Further sentences are encoded every time.

    # Parameters

    memory_limit_gib : `float`
        The largest size of the features in memory, in GiB. Memory is used without a file, or when
        the file cannot be written any more. A sentence takes `2 * num_layers * num_words * dim`
        bytes.
    file : `FeatureFile`, optional (default = `None`)
        A file that keeps features for later runs.
    """

    def __init__(self, memory_limit_gib: float, file: Optional[FeatureFile] = None) -> None:
        self._limit = int(memory_limit_gib * _GIB)
        self._file = file
        self._features: Dict[bytes, torch.Tensor] = {}
        self._is_full = False
        self.num_bytes = 0

    def get(self, key: bytes, num_words: int) -> Optional[torch.Tensor]:
        """
        The features of a sentence.

        # Returns

        `torch.Tensor`
            Shape `(num_layers, num_words, dim)`, float16, on the CPU; or `None`.
        """
        features = self._features.get(key)
        if features is None and self._file is not None:
            features = self._file.read(key, num_words)
        return features

    def add(self, entries: Mapping[bytes, torch.Tensor]) -> None:
        """Adds contiguous float16 CPU tensors of shape `(num_layers, num_words, dim)`."""
        if self._file is None or not self._file.write(entries):
            for key, features in entries.items():
                self._keep_in_memory(key, features)

    def __len__(self) -> int:
        """The number of sentences in memory."""
        return len(self._features)

    def __str__(self) -> str:
        """Where features are kept, and their size."""
        stored_in = [] if self._file is None else [str(self._file)]
        if self._file is None or self._features:
            stored_in.append(f"memory: {len(self)} sentences, {format_size(self.num_bytes)}")
        return "; ".join(stored_in)

    def __deepcopy__(self, memo: Dict[int, Any]) -> "FeatureCache":
        # Copies of a model share the encoder; an open file cannot be copied.
        return self

    def _keep_in_memory(self, key: bytes, features: torch.Tensor) -> None:
        num_bytes = features.numel() * features.element_size()
        if self.num_bytes + num_bytes <= self._limit:
            self._features[key] = features
            self.num_bytes += num_bytes
        elif not self._is_full:
            self._is_full = True
            logger.warning(
                "The memory for a frozen encoder's features is full: %d sentences take %s. Others "
                "are encoded each time; a `cache_dir`, a higher `memory_limit_gib` or fewer "
                "`layers` helps.",
                len(self),
                format_size(self.num_bytes),
            )
