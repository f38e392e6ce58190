"""A file of feature tensors, which processes share and later runs reuse."""

import logging
import os
import shutil
import zlib
from pathlib import Path
from typing import Mapping, Optional
from weakref import WeakValueDictionary

import lmdb
import numpy
import torch
from allennlp.common.util import format_size

logger = logging.getLogger(__name__)

# The largest size of a file. It takes only the space that its entries need.
_MAP_SIZE = 1 << 40
# The disk space that is left free for checkpoints, archives and other programs.
_RESERVED_BYTES = 1 << 30
_NO_ROOM = f"less than {format_size(_RESERVED_BYTES)} of the disk would be free"
# LMDB's errors for damaged files, and for files of other programs.
_DAMAGE = (
    lmdb.InvalidError,
    lmdb.CorruptedError,
    lmdb.PageNotFoundError,
    lmdb.VersionMismatchError,
)


class FeatureFile:
    """
    Half-precision tensors by key, in a memory-mapped LMDB file.

    LMDB's writes are atomic, and several processes of one machine can use the file. Two machines
    must not use it over a network file system. The pages that were read count as resident memory of
    the process, but they belong to the page cache, which the operating system can reclaim.

    AllenNLP's `TensorCache` is built on LMDB too. It cannot read its own entries with torch 2.6 and
    later, commits every entry by itself, and unpickles what it reads. Here an entry is a checksum
    and the numbers, and a batch is written in one transaction.

    Use `open_feature_file`: LMDB does not allow a process to open a file twice.

    # Parameters

    path : `Path`
        The file, which is created if it does not exist.
    num_layers : `int`
        The first dimension of every tensor.
    dim : `int`
        The last dimension of every tensor.

    # Raises

    `OSError`, `lmdb.Error`
        If the file can be neither created nor opened.
    """

    def __init__(self, path: Path, num_layers: int, dim: int) -> None:
        self._path = path
        self._num_layers = num_layers
        self._dim = dim
        # On a full disk, mapping LMDB's lock file would kill the process.
        self._is_writable = self._has_room(0)
        if not path.exists():
            if not self._is_writable:
                raise OSError(f"{path} is not created, as {_NO_ROOM}")
        elif not os.access(path, os.W_OK):
            self._is_writable = False
        self._has_damaged_entries = False
        self._pid = os.getpid()
        self._environment: Optional[lmdb.Environment]
        try:
            self._environment = self._open()
        except _DAMAGE as error:
            self._replace(str(error))
        # Not `self`: a stored log record would keep the file open.
        logger.info(
            "Opened the feature file %s%s", str(self), "" if self._is_writable else ", only read"
        )

    def read(self, key: bytes, num_words: int) -> Optional[torch.Tensor]:
        """
        Reads an entry.

        An entry with a wrong checksum or size counts as missing. A damaged file is renamed, and a
        new one is created. Both are logged.

        # Returns

        `torch.Tensor`
            Shape `(num_layers, num_words, dim)`, float16, or `None` if there is no such entry.
        """
        if self._environment is None:
            return None
        try:
            if self._pid != os.getpid():
                # LMDB's locks are those of the process that has opened the file.
                self._pid = os.getpid()
                self._environment.close()
                self._environment = self._open()
            with self._environment.begin(buffers=True) as transaction:
                entry = transaction.get(key)
                return None if entry is None else self._features(key, entry, num_words)
        except lmdb.Error as error:
            self._recover(error)
            return None

    def write(self, entries: Mapping[bytes, torch.Tensor]) -> bool:
        """
        Adds entries in one transaction.

        If writing fails, or would leave less than a GiB of the disk free, that is logged, and
        nothing more is written to the file.

        # Returns

        `bool`
            Whether the entries are in the file.
        """
        if self._environment is None or not self._is_writable:
            return False
        try:
            num_bytes = sum(_entry_bytes(features.numel()) for features in entries.values())
            if not self._has_room(num_bytes):
                raise OSError(_NO_ROOM)
            with self._environment.begin(write=True) as transaction:
                for key, features in entries.items():
                    transaction.put(key, _entry(key, features).data)
        except (lmdb.Error, OSError) as error:
            self._is_writable = False
            logger.warning(
                "Nothing more is written to the feature file %s: %s", self._path, str(error)
            )
            return False
        return True

    def __len__(self) -> int:
        return 0 if self._environment is None else self._environment.stat()["entries"]

    @property
    def num_bytes(self) -> int:
        """The size of the file."""
        if self._environment is None:
            return 0
        return _num_bytes(self._environment)

    def __str__(self) -> str:
        return f"{self._path}: {len(self)} sentences, {format_size(self.num_bytes)}"

    def _has_room(self, num_bytes: int) -> bool:
        return shutil.disk_usage(self._path.parent).free >= _RESERVED_BYTES + num_bytes

    def _open(self) -> lmdb.Environment:
        environment = lmdb.open(
            str(self._path),
            subdir=False,
            map_size=_MAP_SIZE,
            metasync=False,
            readonly=not self._is_writable,
            lock=self._is_writable,
        )
        # Reading past the end of a truncated file would kill the process.
        needed = _num_bytes(environment)
        if self._path.stat().st_size < needed:
            environment.close()
            raise lmdb.CorruptedError(f"the file is shorter than the {needed} bytes that it needs")
        return environment

    def _features(self, key: bytes, entry: memoryview, num_words: int) -> Optional[torch.Tensor]:
        num_numbers = self._num_layers * num_words * self._dim
        if len(entry) == _entry_bytes(num_numbers):
            # The copy is writable, as torch requires, and remains valid after the transaction.
            words = numpy.frombuffer(entry, dtype=numpy.uint64).copy()
            if words[0] == _checksum(key, words):
                numbers = torch.from_numpy(_numbers(words, num_numbers))
                return numbers.view(self._num_layers, num_words, self._dim)
        if not self._has_damaged_entries:
            self._has_damaged_entries = True
            logger.warning(
                "An entry of the feature file %s is damaged; the sentence is encoded again. "
                "Further ones are not reported.",
                self._path,
            )
        return None

    def _recover(self, error: lmdb.Error) -> None:
        """Replaces a damaged file by a new one. If that fails, the file is no longer used."""
        assert self._environment is not None
        self._environment.close()
        self._environment = None
        reason = str(error)
        if isinstance(error, _DAMAGE):
            try:
                self._replace(reason)
                return
            except (lmdb.Error, OSError) as next_error:
                reason = str(next_error)
        self._is_writable = False
        logger.warning("The feature file %s is no longer used: %s", self._path, reason)

    def _replace(self, reason: str) -> None:
        if not self._has_room(0):
            raise OSError(f"it is damaged ({reason}) and not replaced, as {_NO_ROOM}")
        aside = self._path.with_name(f"{self._path.name}.damaged")
        logger.warning(
            "The feature file %s is damaged (%s). It is renamed to %s, and a new one is created.",
            self._path,
            reason,
            aside,
        )
        os.replace(self._path, aside)
        self._is_writable = True
        self._environment = self._open()


def _num_bytes(environment: lmdb.Environment) -> int:
    return (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]


def _entry_bytes(num_numbers: int) -> int:
    return 8 * (1 + -(-num_numbers // 4))


def _entry(key: bytes, features: torch.Tensor) -> numpy.ndarray:
    """An entry as 64-bit words: the checksum, and the numbers, padded with zeros."""
    words = numpy.zeros(_entry_bytes(features.numel()) // 8, dtype=numpy.uint64)
    _numbers(words, features.numel())[:] = features.numpy().reshape(-1)
    words[0] = _checksum(key, words)
    return words


def _numbers(words: numpy.ndarray, num_numbers: int) -> numpy.ndarray:
    return words[1:].view(numpy.float16)[:num_numbers]


def _checksum(key: bytes, words: numpy.ndarray) -> numpy.uint64:
    # A sum is fast; a CRC over all numbers took three quarters of the time of a read. It includes
    # the key, so that zeros after a crash are not a valid entry.
    return words[1:].sum(initial=zlib.crc32(key), dtype=numpy.uint64)


_open_files: "WeakValueDictionary[str, FeatureFile]" = WeakValueDictionary()


def open_feature_file(path: Path, num_layers: int, dim: int) -> FeatureFile:
    """
    Opens a `FeatureFile`, or returns the one that is already open for this path.

    # Raises

    `OSError`
        If the file can be neither created nor opened.
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
