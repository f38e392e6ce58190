"""
Reading and writing whole text files, plain or gzipped.
"""

import gzip
import io
import os
import zlib
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, Iterator, TextIO, Union

from dts_ee.atomic_files import open_bytes_atomically
from dts_ee.document import DocumentError

PathOrStr = Union[PathLike, str]

GZIP_START = b"\x1f\x8b"
"""The first bytes of a gzipped file."""


def is_hidden(path: Path) -> bool:
    """
    Whether a file is no part of a corpus: a part of its name begins with a dot, as in `._a.txt` of
    an archive of macOS, or is `__MACOSX`.

    # Parameters

    path : `Path`
        The file's name, relative to the folder of the corpus.
    """
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)


def read_text(path: PathOrStr) -> str:
    """
    The text of a UTF-8 file, decompressed if it is gzipped, without a byte order mark.

    # Raises

    `DocumentError`
        As `read_bytes`, or if the file is not UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"byte {error.start} is not UTF-8 ({error.reason})", path=os.fspath(path)
        ) from error


def read_bytes(path: PathOrStr) -> bytes:
    """
    The bytes of a file, decompressed if it is gzipped.

    # Raises

    `DocumentError`
        If the file is missing, cannot be opened, or is invalid or truncated gzip.
    """
    name = os.fspath(path)
    try:
        with open(name, "rb") as file:
            data = file.read()
        # Downloaded files have names without suffixes in the cache.
        if name.endswith(".gz") or data.startswith(GZIP_START):
            data = gzip.decompress(data)
        return data
    except FileNotFoundError:
        raise DocumentError("there is no such file", path=name) from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DocumentError(f"the gzip data is broken or cut off: {error}", path=name) from error
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror}", path=name) from error


@contextmanager
def open_atomically(path: PathOrStr, durable: bool = False) -> Iterator[TextIO]:
    """
    Opens a UTF-8 file for writing, which gets its name only when everything has been written.

    On an error, an existing file stays as it was. Missing folders are created. If the name ends in
    `.gz`, the file is compressed, the same text always to the same bytes.

    # Parameters

    path : `PathLike`
        The file.
    durable : `bool`, optional (default = `False`)
        See `open_bytes_atomically`.
    """
    with open_bytes_atomically(path, durable) as raw:
        if os.fspath(path).endswith(".gz"):
            # By default, the header has the time and the temporary name.
            with (
                gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as compressed,
                _text(compressed) as file,
            ):
                yield file
        else:
            file = _text(raw)
            yield file
            # Closing it would close the file before it is on the disk.
            file.detach()


def _text(raw: Any) -> io.TextIOWrapper:
    return io.TextIOWrapper(raw, encoding="utf-8", newline="\n")
