"""
Reading single members out of zip archives that nobody vouches for.
"""

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
    Open the zip archive (or wheel) at `path`.

    # Raises

    `SourceError`
        If it is not one, here or at any reading inside the `with` block.
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
    Copy one named member to `destination`.

    Nothing is ever extracted under a name that an archive chooses, so no archive can write
    elsewhere; and none can fill the disk, since what it unpacks to is checked beforehand.

    # Parameters

    archive : `zipfile.ZipFile`
        Read-only; the CRC of the member is checked.
    member : `str`
        The full name inside.
    destination : `Path`
        The file to write.
    limit : `int`, optional
        How many bytes the member may have.

    # Raises

    `SourceError`
        If there is no such member, or if it is too large, encrypted or compressed in an unknown
        way.
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
    # Encrypted, or compressed by a method that zipfile does not know.
    except RuntimeError as error:
        raise SourceError(f"{member} in {name} cannot be read ({error})") from error
