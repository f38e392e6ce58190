"""Reads single members of untrusted zip archives."""

import zipfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Optional

from dts_ee.resources.known_file import copy_stream
from dts_ee.resources.source_errors import SourceError


@contextmanager
def open_archive(path: Path) -> Iterator[zipfile.ZipFile]:
    """
    Opens a zip archive or wheel.

    # Raises

    `SourceError`
        If it is damaged, here or inside the `with` block.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise SourceError(f"{path.name} is damaged ({error})") from error


def copy_member(
    archive: zipfile.ZipFile, member: str, destination: Path, limit: Optional[int]
) -> None:
    """
    Copies one member to a file.

    The archive cannot choose the name of the file, so it cannot write elsewhere. The size of the
    member is checked first, so it cannot fill the disk.

    # Parameters

    archive : `zipfile.ZipFile`
        The archive; the CRC of the member is checked.
    member : `str`
        The full name of the member.
    destination : `Path`
        The file to write.
    limit : `int`, optional
        The largest number of bytes of the member.

    # Raises

    `SourceError`
        If there is no such member, or it is too large, encrypted, or compressed by an unknown
        method.
    """
    name = Path(archive.filename or "").name
    try:
        info = archive.getinfo(member)
    except KeyError:
        raise SourceError(f"{name} holds no {member}") from None
    if limit is not None and info.file_size > limit:
        raise SourceError(f"{member} in {name} has {info.file_size} bytes instead of {limit}")
    try:
        with archive.open(info) as stream:
            copy_stream(stream, destination, info.file_size, destination.name)
    # The member is encrypted, or compressed by an unknown method.
    except RuntimeError as error:
        raise SourceError(f"{member} in {name} cannot be read ({error})") from error
