"""
Files that are written whole or not at all.
"""

import os
import re
import shutil
from contextlib import contextmanager, suppress
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Iterator, Union

_TEMPORARY = re.compile(r".+\.\d+\.tmp|.+\.partial")


@contextmanager
def open_bytes_atomically(path: Union[str, PathLike], durable: bool = False) -> Iterator[BinaryIO]:
    """
    Opens a file for writing bytes, which gets its name only when everything has been written.

    On an error, an existing file stays as it was. Missing folders are created.

    # Parameters

    path : `PathLike`
        The file.
    durable : `bool`, optional (default = `False`)
        Whether the file is on the disk, not only in the system's cache, before it gets its name: a
        file that others rely on. It takes milliseconds.

    # Raises

    `OSError`
        With the file's name, also if the disk is full.
    """
    name = os.fspath(path)
    os.makedirs(os.path.dirname(os.path.abspath(name)), exist_ok=True)
    temporary = f"{name}.{os.getpid()}.tmp"
    try:
        with open(temporary, "wb") as raw:
            yield raw
            if durable:
                raw.flush()
                os.fsync(raw.fileno())
        os.replace(temporary, name)
        if durable:
            sync_folder(os.path.dirname(os.path.abspath(name)))
    except OSError as error:
        if error.errno is None or error.filename not in (None, temporary):
            raise
        # An error of `write` names no file, one of `open` or `replace` the temporary one.
        raise type(error)(error.errno, error.strerror, name) from error
    finally:
        with suppress(OSError):
            os.unlink(temporary)


@contextmanager
def make_folder_atomically(path: Union[str, PathLike]) -> Iterator[Path]:
    """
    Makes a folder, which gets its name only when everything has been written into it.

    # Parameters

    path : `PathLike`
        The folder. It may be there if it is empty.

    # Returns

    `Iterator[Path]`
        The folder to write into, with a temporary name.

    # Raises

    `FileExistsError`
        If there is a file with that name, or a folder that is not empty.
    """
    target = Path(path)
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise FileExistsError(f"{target} exists already, and is not an empty folder")
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        temporary.mkdir(parents=True)
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        if error.filename != os.fspath(temporary):
            raise
        raise type(error)(error.errno, error.strerror, os.fspath(target)) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def sync_folder(folder: Union[str, PathLike]) -> None:
    """Writes a folder's entries to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_unfinished_files(folder: Union[str, PathLike]) -> None:
    """Removes what processes that were killed while they wrote have left in a folder."""
    for path in Path(folder).iterdir():
        if _TEMPORARY.fullmatch(path.name) and path.is_file():
            path.unlink()
