"""
Extracts archives, which may be damaged or hostile.
"""

import gzip
import io
import os
import shutil
import tarfile
import tempfile
import zlib
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Iterator, Union, cast

from dts_ee.archives.checksums import check_checksums

DAMAGED = (gzip.BadGzipFile, tarfile.TarError, zlib.error, EOFError)
"""What `extracted` raises for an archive that cannot be read."""

MAX_MEMBERS = 10_000

MAX_GROWTH = 10
"""An archive may have ten times its size, as weights hardly get smaller when compressed …"""

MIN_LIMIT = 1 << 28
"""… or 256 MiB, if that is more."""

_BYTES_AT_A_TIME = 1 << 20


class _LimitedContent(io.RawIOBase):
    def __init__(self, file: gzip.GzipFile, limit: int) -> None:
        self._file = file
        self._limit = self._left = limit

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(min(size, self._left + 1) if size >= 0 else self._left + 1)
        self._left -= len(content)
        if self._left < 0:
            raise tarfile.ReadError(
                f"it has more than {self._limit >> 20} MiB of content, which is far more than its "
                "size"
            )
        return content


@contextmanager
def open_content(archive: Union[str, PathLike], limit: int) -> Iterator[BinaryIO]:
    """
    Opens the tar in an archive. Reading more than `limit` bytes raises a `tarfile.ReadError`.
    """
    with gzip.open(archive) as file:
        yield cast(BinaryIO, _LimitedContent(file, limit))


@contextmanager
def extracted(archive: Union[str, PathLike], cleanup: bool = True) -> Iterator[str]:
    """
    A temporary folder with the content of an archive.

    Nothing is written outside of the folder, which is removed after a failure. The content is
    compared with gzip's checksum and with the archive's manifest.

    # Parameters

    archive : `Union[str, PathLike]`
        A gzipped tar.
    cleanup : `bool`, optional (default = `True`)
        Whether to remove the folder at the end.

    # Raises

    `gzip.BadGzipFile`, `zlib.error`, `EOFError`, `tarfile.TarError`
        If the archive is damaged, has a member that is no file or folder, or one outside of the
        folder, or is larger than `MAX_GROWTH`, `MIN_LIMIT` and `MAX_MEMBERS` allow.
    `OSError`
        If the folder cannot be written.
    """
    with ExitStack() as removal:
        folder = tempfile.mkdtemp()
        removal.callback(shutil.rmtree, folder, ignore_errors=True)
        try:
            _extract(archive, folder)
        except OSError as error:
            # A full disk has no name.
            if error.filename is None and error.errno is not None:
                error.filename = folder
            raise
        check_checksums(Path(folder))
        if not cleanup:
            removal.pop_all()
        yield folder


def _extract(archive: Union[str, PathLike], folder: str) -> None:
    num_members = 0

    def checked(member: tarfile.TarInfo, path: str) -> tarfile.TarInfo:
        nonlocal num_members
        num_members += 1
        if num_members > MAX_MEMBERS:
            raise tarfile.ReadError(f"it has more than {MAX_MEMBERS:,} members")
        return tarfile.data_filter(member, path)

    limit = max(MIN_LIMIT, MAX_GROWTH * os.path.getsize(archive))
    with open_content(archive, limit) as content:
        with tarfile.open(fileobj=content, mode="r|") as tar:
            tar.extractall(folder, filter=checked)
        # What follows the end of the tar, and gzip's checksum.
        while content.read(_BYTES_AT_A_TIME):
            pass
