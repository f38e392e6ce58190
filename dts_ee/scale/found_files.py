"""Finds the files of an input: a file, a folder, a pattern, or any of them in a cloud."""

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, List, Optional, Tuple

import pyarrow as pa
from allennlp.common.checks import ConfigurationError
from pyarrow import fs

from dts_ee.corpora.files import is_hidden

LINES, TEXTS, PARQUET = "JSON Lines", ".txt", "Parquet"

_KINDS = {
    kind: re.compile(rf".+\.{suffix}", re.IGNORECASE | re.DOTALL)
    for kind, suffix in (
        (LINES, r"(jsonl|ndjson|json)(\.gz|\.zst)?"),
        (TEXTS, "txt"),
        (PARQUET, "(parquet|pq)"),
    )
}


@dataclass(frozen=True)
class FoundFile:
    """
    A file of the input.

    # Parameters

    path : `str`
        Its path in the file system.
    name : `str`
        Its path in the input's folder, with slashes; of a single file, its name.
    size : `int`
        In bytes.
    modified : `int`, optional
        When it was changed, in nanoseconds since 1970, if it is known.
    """

    path: str
    name: str
    size: int
    modified: Optional[int]

    @property
    def partition(self) -> str:
        """The folders of its Hive partition, such as `lang=de/year=2020`; else `""`."""
        folders = PurePosixPath(self.name).parts[:-1]
        return "/".join(folder for folder in folders if re.fullmatch(r"[^=]+=.*", folder))


@dataclass(frozen=True)
class FoundFiles:
    """
    The files of an input.

    # Parameters

    uri : `str`
        What was asked for.
    kind : `str`
        `LINES`, `TEXTS` or `PARQUET`.
    files : `Tuple[FoundFile, ...]`
        In the order of their partitions and names.
    """

    uri: str
    kind: str
    files: Tuple[FoundFile, ...]

    def file_system(self) -> fs.FileSystem:
        """The file system of the files."""
        return open_file_system(self.uri)[0]


def open_file_system(uri: str) -> Tuple[fs.FileSystem, str]:
    """
    A file system, and the path in it.

    # Parameters

    uri : `str`
        A path, or an address of one of pyarrow's file systems, such as `s3://bucket/folder`.

    # Raises

    `ConfigurationError`
        If there is no such file system.
    """
    if "://" not in uri:
        return fs.LocalFileSystem(), os.path.abspath(uri)
    try:
        # Those of a pattern are decoded again.
        return fs.FileSystem.from_uri(uri.replace("[", "%5B").replace("]", "%5D"))
    except (pa.ArrowException, OSError) as error:
        raise ConfigurationError(f"{uri}: {error}") from None


def find_files(uri: str) -> FoundFiles:
    """
    Finds the files of an input.

    Hidden files are left out, and those in names that begin with `_`, as Spark and Hive do.

    # Parameters

    uri : `str`
        A path or an address of a file, a folder, or several files by a pattern with `*`, `**` (any
        folders) or `[…]`.

    # Raises

    `ConfigurationError`
        If there are no files, files of several kinds, or names that are not UTF-8.
    `OSError`
        If a folder cannot be read.
    """
    system, path = open_file_system(uri)
    folder, pattern = _divide(path)
    info = system.get_file_info(folder)
    if info.type == fs.FileType.NotFound:
        raise ConfigurationError(f"{uri}: there is no such file or folder")
    if info.type == fs.FileType.Unknown:
        raise ConfigurationError(f"{uri}: this is a pipe or a device: write its rows to a file")
    if info.type == fs.FileType.File:
        name = PurePosixPath(folder).name
        return FoundFiles(uri, _kind(name) or LINES, (_found(info, name),))
    found = []
    for item in _files_in(system, folder):
        name = item.path[len(folder) :].lstrip("/")
        matches = _kind(name) is not None if pattern is None else pattern.match(name)
        if not matches or _is_left_out(name):
            continue
        if item.type == fs.FileType.NotFound:
            raise ConfigurationError(f"{item.path}: this links to a file that does not exist")
        if item.type == fs.FileType.File:
            found.append(_found(item, name))
    if not found:
        names = "such files" if pattern else ".txt, .jsonl (.gz, .zst) or .parquet files"
        raise ConfigurationError(f"{uri}: there are no {names}")
    kinds = sorted({_kind(file.name) or LINES for file in found})
    if len(kinds) > 1:
        raise ConfigurationError(
            f"{uri}: there are {' and '.join(kinds)} files: name those of one kind by a pattern, "
            "such as 'folder/**/*.parquet'"
        )
    found.sort(key=lambda file: (file.partition, file.name))
    return FoundFiles(uri, kinds[0], tuple(found))


def _files_in(system: fs.FileSystem, folder: str) -> List[fs.FileInfo]:
    """What is in a folder and the folders in it."""
    if not isinstance(system, fs.LocalFileSystem):
        return system.get_file_info(fs.FileSelector(folder, recursive=True))

    def fail(error: OSError) -> None:
        raise error

    # Arrow would follow a link to a folder that it is in again and again.
    paths = []
    for root, folders, names in os.walk(folder, onerror=fail, followlinks=True):
        here = Path(root).resolve()
        folders[:] = [
            name for name in folders if not here.is_relative_to(Path(root, name).resolve())
        ]
        paths += [os.path.join(root, name) for name in names]
    try:
        return system.get_file_info(paths)
    except UnicodeEncodeError as error:
        raise ConfigurationError(f"{error.object!a}: this name is not UTF-8: rename it") from None


def _divide(path: str) -> Tuple[str, Optional["re.Pattern[str]"]]:
    """The folder before a pattern, and the pattern, if there is one."""
    if os.path.exists(path) or not re.search(r"[*\[]", path):
        return path.rstrip("/") or "/", None
    # Python has this function since 3.13.
    from fsspec.utils import glob_translate

    parts = path.split("/")
    first = next(i for i, part in enumerate(parts) if re.search(r"[*\[]", part))
    pattern = re.compile(glob_translate("/".join(parts[first:])))
    return "/".join(parts[:first]) or "/", pattern


def _kind(name: str) -> Optional[str]:
    return next((kind for kind, form in _KINDS.items() if form.fullmatch(name)), None)


def _is_left_out(name: str) -> bool:
    path = Path(name)
    return is_hidden(path) or any(part.startswith("_") for part in path.parts)


def _found(info: Any, name: str) -> FoundFile:
    return FoundFile(info.path, name, info.size or 0, info.mtime_ns)


def would_find(uri: str, output: str) -> bool:
    """Whether the files of an output would be files of the input."""
    folder, pattern = _divide(_absolute(uri))
    shard = f"{_absolute(output)}/part-000000.parquet"
    if not shard.startswith(f"{folder}/"):
        return False
    return pattern is None or pattern.match(shard[len(folder) + 1 :]) is not None


def _absolute(uri: str) -> str:
    # An address may have options after a question mark.
    return uri.partition("?")[0].rstrip("/") if "://" in uri else os.path.realpath(uri)


def partition_columns(files: FoundFiles) -> List[str]:
    """The names of the Hive partitions' columns."""
    parts = {part for file in files.files for part in file.partition.split("/") if part}
    return sorted({part.partition("=")[0] for part in parts})
