"""A file of feature tensors that survives runs and is shared by processes."""

import logging
import os
import zlib
from pathlib import Path
from typing import Mapping, Optional
from weakref import WeakValueDictionary

import lmdb
import numpy
import torch

logger = logging.getLogger(__name__)

# The most that a file may grow to. It takes only the space that its entries need.
_MAP_SIZE = 1 << 40
_CHECKSUM_BYTES = 4
# What LMDB raises for a file that is not its own, or is no longer whole.
_DAMAGE = (
    lmdb.InvalidError,
    lmdb.CorruptedError,
    lmdb.PageNotFoundError,
    lmdb.VersionMismatchError,
)


class FeatureFile:
    """
    Half-precision tensors by key, in an LMDB file.

    LMDB makes a write whole or not at all, and lets several processes use the file. AllenNLP's
    `TensorCache`, which is built on it too, cannot read back its own entries with torch 2.6 and
    later, commits every entry by itself, and unpickles what it reads; here an entry is a checksum
    and the bare numbers, and a batch is written in one transaction.

    Use `open_feature_file`, which never opens one file twice: LMDB does not allow it.

    # Parameters

    path : `Path`
        The file. It is made where it does not exist.
    num_layers : `int`
        The first dimension of every tensor.
    dim : `int`
        The last dimension of every tensor.
    """

    def __init__(self, path: Path, num_layers: int, dim: int) -> None:
        self._path = path
        self._num_layers = num_layers
        self._dim = dim
        self._read_only = path.exists() and not os.access(path, os.W_OK)
        try:
            self._environment = self._open()
        except _DAMAGE as error:
            self._make_anew(str(error))

    def read(self, key: bytes, num_words: int) -> Optional[torch.Tensor]:
        """
        # Returns

        `torch.Tensor`
            Shape `(num_layers, num_words, dim)`, float16, or `None` if there is no such entry. An
            entry whose checksum or size is wrong is logged and taken for none; a file that turns
            out to be damaged is logged, set aside and made anew.
        """
        try:
            with self._environment.begin() as transaction:
                entry = transaction.get(key)
        except _DAMAGE as error:
            self._environment.close()
            self._make_anew(str(error))
            return None
        if entry is None:
            return None
        numbers = memoryview(entry)[_CHECKSUM_BYTES:]
        checksum = int.from_bytes(entry[:_CHECKSUM_BYTES], "little")
        if (
            len(numbers) != 2 * self._num_layers * num_words * self._dim
            or zlib.crc32(numbers) != checksum
        ):
            logger.warning(
                "An entry of the feature file %s is damaged; the sentence is encoded again.",
                self._path,
            )
            return None
        array = numpy.frombuffer(numbers, dtype=numpy.float16)
        # The copy is writable, which torch wants, and owns its memory.
        return torch.from_numpy(array.copy()).view(self._num_layers, num_words, self._dim)

    def write(self, entries: Mapping[bytes, torch.Tensor]) -> None:
        """Adds the entries, in one transaction; a full disk or file is logged, and ends writing."""
        if self._read_only:
            return
        try:
            with self._environment.begin(write=True) as transaction:
                for key, features in entries.items():
                    numbers = features.numpy().tobytes()
                    checksum = zlib.crc32(numbers).to_bytes(_CHECKSUM_BYTES, "little")
                    transaction.put(key, checksum + numbers)
        except lmdb.Error as error:
            self._read_only = True
            logger.warning("Nothing more is written to the feature file %s: %s", self._path, error)

    def __len__(self) -> int:
        return self._environment.stat()["entries"]

    def _open(self) -> lmdb.Environment:
        environment = lmdb.open(
            str(self._path),
            subdir=False,
            map_size=_MAP_SIZE,
            metasync=False,
            meminit=False,
            readonly=self._read_only,
            lock=not self._read_only,
        )
        # Reading past the end of a file that was cut short would kill the process.
        needed = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
        if self._path.stat().st_size < needed:
            environment.close()
            raise lmdb.CorruptedError(f"the file is shorter than the {needed} bytes that it needs")
        return environment

    def _make_anew(self, reason: str) -> None:
        aside = self._path.with_name(f"{self._path.name}.damaged")
        logger.warning(
            "The feature file %s is damaged (%s). It is renamed to %s and made anew.",
            self._path,
            reason,
            aside,
        )
        os.replace(self._path, aside)
        self._read_only = False
        self._environment = self._open()


_open_files: "WeakValueDictionary[str, FeatureFile]" = WeakValueDictionary()


def open_feature_file(path: Path, num_layers: int, dim: int) -> FeatureFile:
    """
    The `FeatureFile` of this path: the one that is open already, or a new one.

    # Raises

    `OSError`
        If the file can be neither made nor opened.
    """
    key = str(path.resolve())
    file = _open_files.get(key)
    if file is None:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            file = FeatureFile(path, num_layers, dim)
        except lmdb.Error as error:
            raise OSError(f"{path} cannot be opened: {error}") from error
        _open_files[key] = file
    return file
