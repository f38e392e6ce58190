"""
The lines of text files, with their numbers.

A line ends with `\\n` or `\\r\\n`. The other line breaks of Python's `splitlines` may be in a token
or a string of JSON. Blank lines are counted, but left out.
"""

import gzip
import io
import zlib
from typing import Iterator, Optional, Union

from dts_ee.corpora.files import GZIP_START, PathOrStr, read_text
from dts_ee.document import DocumentError

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_SAVE_AS_TEXT = "save its text as a .txt file"
_NO_TEXT = {
    b"%PDF": f"this is a PDF file: {_SAVE_AS_TEXT}",
    b"PK\x03\x04": f"this is a zipped file, as Word's are: {_SAVE_AS_TEXT}",
    b"\xd0\xcf\x11\xe0": f"this is a Word file: {_SAVE_AS_TEXT}",
    b"PAR1\x15": "this is a Parquet file: give it a name that ends in .parquet, and --output-dir",
    b"\x28\xb5\x2f\xfd": "this is compressed by zstd: decompress it (--output-dir reads it)",
    b"BZh91AY&SY": "this is compressed by bzip2: decompress it",
    b"\xfd7zXZ\0": "this is compressed by xz: decompress it",
    b"\xff\xfe": "this is UTF-16: save it as UTF-8",
    b"\xfe\xff": "this is UTF-16: save it as UTF-8",
}
"""The first bytes of files that are not UTF-8 text, and what to do with them."""


def split_lines(text: str) -> list[tuple[int, str]]:
    """The lines of a text, without their ends, with their numbers from 1."""
    lines = enumerate(text.split("\n"), start=1)
    return [(number, line.rstrip("\r")) for number, line in lines if line.strip()]


def read_lines(path: PathOrStr) -> list[tuple[int, str]]:
    """
    The lines of a UTF-8 file, as `split_lines` returns them.

    # Raises

    `DocumentError`
        As `read_text` does.
    """
    return split_lines(read_text(path))


def check_utf8(text: str, line: Optional[int] = None) -> None:
    """
    Checks a text that was decoded with `surrogateescape`.

    # Parameters

    text : `str`
        The text.
    line : `int`, optional (default = `None`)
        Its number, if it is one line of a file.

    # Raises

    `DocumentError`
        If it was not UTF-8.
    """
    data = text.encode("utf-8", errors="surrogateescape")
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].split(b"\n")
        raise DocumentError(
            f"byte {len(before[-1])} of line {line or len(before)} is not UTF-8 ({error.reason})"
        ) from error


def numbered_lines(
    file: io.BufferedReader, name: str, errors: str = "strict"
) -> Iterator[tuple[int, str]]:
    """
    Iterates over the same lines of a file of any length, or of a pipe.

    A line is yielded before the next one is read. The file is decompressed if it is gzipped, and a
    byte order mark is left out.

    # Parameters

    file : `io.BufferedReader`
        A file that is opened for reading bytes. It need not be seekable.
    name : `str`
        The name of the file in errors.
    errors : `str`, optional (default = `"strict"`)
        What becomes of bytes that are not UTF-8: an error, or, with `"surrogateescape"`, what
        `check_utf8` finds.

    # Raises

    `DocumentError`
        If the file cannot be read, is invalid or truncated gzip, or not UTF-8.
    """
    number = 0
    try:
        for beginning, problem in _NO_TEXT.items():
            if file.peek(len(beginning)).startswith(beginning):
                raise DocumentError(problem, path=name)
        for number, line in enumerate(_decompressed(file), start=1):
            content = line.removeprefix(_BYTE_ORDER_MARK if number == 1 else b"")
            text = content.decode("utf-8", errors)
            if text.strip():
                yield number, text.rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"byte {error.start} of line {number} is not UTF-8 ({error.reason})", path=name
        ) from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DocumentError(
            f"the gzip data is broken or cut off after line {number}: {error}", path=name
        ) from error
    except OSError as error:
        raise DocumentError(
            f"cannot be read after line {number}: {error.strerror or error}", path=name
        ) from error


def _decompressed(file: io.BufferedReader) -> Union[io.BufferedReader, gzip.GzipFile]:
    # Recognised by its content: downloaded files have names without suffixes in the cache.
    if file.peek(len(GZIP_START)).startswith(GZIP_START):
        return gzip.GzipFile(fileobj=file)
    return file
