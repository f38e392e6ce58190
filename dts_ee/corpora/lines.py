"""
Reading text files line by line, however long they are.
"""

import gzip
import io
import zlib
from typing import Iterator, Union

from dts_ee.document import DocumentError

_GZIP_START = b"\x1f\x8b"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_FORMATTED_TEXT = {
    b"%PDF": "a PDF file",
    b"PK\x03\x04": "a zipped file, as Word's are",
    b"\xd0\xcf\x11\xe0": "a Word file",
}
"""How files begin that hold text, but not as text."""


def numbered_lines(file: io.BufferedReader, name: str) -> Iterator[tuple[int, str]]:
    """
    The lines of a UTF-8 file with their numbers, from 1; blank ones are counted and left out.

    One line at a time is in memory. The file is decompressed if it is gzipped, and a byte order
    mark is left out.

    # Parameters

    file : `io.BufferedReader`
        Opened for reading bytes. It need not be seekable: a pipe will do.
    name : `str`
        What errors call the file.

    # Raises

    `DocumentError`
        If what comes next cannot be read, is not (whole) gzip or not UTF-8.
    """
    number = 0
    try:
        for beginning, kind in _FORMATTED_TEXT.items():
            if file.peek(len(beginning)).startswith(beginning):
                raise DocumentError(f"this is {kind}: save its text as a .txt file", path=name)
        for number, line in enumerate(_decompressed(file), start=1):
            text = line.removeprefix(_BYTE_ORDER_MARK if number == 1 else b"").decode("utf-8")
            if text.strip():
                yield number, text
    except UnicodeDecodeError as error:
        raise DocumentError(
            f"byte {error.start} of line {number} is no UTF-8 ({error.reason})", path=name
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
    # By its content: a downloaded file lies in a cache under a name without suffix.
    if file.peek(len(_GZIP_START)).startswith(_GZIP_START):
        return gzip.GzipFile(fileobj=file)
    return file
