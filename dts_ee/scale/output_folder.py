"""The folder of the output: its shards, its manifest, and what is finished."""

import fcntl
import json
import os
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from pathlib import PurePosixPath
from typing import Any, Dict, Iterator, Optional, Set

import pyarrow as pa
import pyarrow.parquet as pq
from allennlp.common.checks import ConfigurationError
from pyarrow import fs

from dts_ee.atomic_files import open_bytes_atomically, remove_unfinished_files
from dts_ee.scale.found_files import open_file_system
from dts_ee.scale.schema import METADATA_KEY

MANIFEST_NAME = "_manifest.json"
_LOCK_SECONDS = 3.0
"""The processes of a call that was killed end in less than that."""


@dataclass
class Counts:
    """
    What was counted in some rows.

    # Parameters

    rows, errors, sentences, entities, relations : `int`
        Their numbers.
    cpu_seconds : `float`
        The processor time to read and predict them.
    """

    rows: int = 0
    errors: int = 0
    sentences: int = 0
    entities: int = 0
    relations: int = 0
    cpu_seconds: float = 0.0

    @classmethod
    def of(cls, table: pa.Table, cpu_seconds: float) -> "Counts":
        """The counts of a shard of the output."""
        lists = {
            name: sum(len(chunk.flatten()) for chunk in table.column(name).chunks)
            for name in ("sentences", "entities", "relations")
        }
        errors = len(table) - table.column("error").null_count
        return cls(len(table), errors, **lists, cpu_seconds=cpu_seconds)

    def add(self, other: "Counts") -> None:
        """Adds those of other rows."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


@contextmanager
def locked_folder(uri: str) -> Iterator[None]:
    """
    Makes a folder on this machine, and keeps other processes of this machine out of it. If it is
    empty at the end, it is removed. Nothing is done for folders in clouds.

    # Raises

    `ConfigurationError`
        If another process has it.
    `OSError`
        If it cannot be made.
    """
    if "://" in uri:
        yield
        return
    os.makedirs(uri, exist_ok=True)
    descriptor = os.open(uri, os.O_RDONLY)
    try:
        _lock(descriptor, uri)
        yield
    finally:
        os.close(descriptor)
        with suppress(OSError):
            os.rmdir(uri)


def _lock(descriptor: int, uri: str) -> None:
    end = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise ConfigurationError(f"{uri}: another process is writing to it") from None
            time.sleep(0.1)


class OutputFolder:
    """
    The folder of the output, on this machine or in a cloud.

    # Parameters

    uri : `str`
        A path, or an address of one of pyarrow's file systems.
    """

    def __init__(self, uri: str) -> None:
        self.uri = uri
        self._system, self._path = open_file_system(uri)
        self._is_local = isinstance(self._system, fs.LocalFileSystem)

    def prepare(self) -> None:
        """
        Removes what calls that were killed have left half written.

        # Raises

        `ConfigurationError`
            If there are other files in the folder.
        """
        if self._is_local:
            for folder, _, _ in os.walk(self._path):
                remove_unfinished_files(folder)
        names = self._names()
        if names and MANIFEST_NAME not in names:
            raise ConfigurationError(
                f"{self.uri}: the folder is not empty, and has no {MANIFEST_NAME} of an earlier "
                "call: name another --output-dir"
            )

    def finished(self) -> Set[str]:
        """The names of the shards that are complete."""
        return {name for name in self._names() if name.endswith(".parquet")}

    def write_shard(self, name: str, table: pa.Table, counts: Counts) -> None:
        """
        Writes a shard, all of it or nothing, with its counts in the schema's metadata.

        # Raises

        `OSError`
            If it cannot be written, with the file's name.
        """
        metadata = dict(table.schema.metadata or {})
        own = {**json.loads(metadata.get(METADATA_KEY, b"{}")), "counts": asdict(counts)}
        sink = pa.BufferOutputStream()
        pq.write_table(
            table.replace_schema_metadata({**metadata, METADATA_KEY: json.dumps(own)}),
            sink,
            compression="zstd",
        )
        self._write(name, sink.getvalue())

    def counts_of(self, name: str) -> Counts:
        """
        The counts of a finished shard.

        # Raises

        `ConfigurationError`
            If it is damaged, or another file.
        """
        try:
            with self._system.open_input_file(f"{self._path}/{name}") as file:
                metadata = pq.read_schema(file).metadata or {}
            return Counts(**json.loads(metadata[METADATA_KEY])["counts"])
        except (pa.ArrowException, OSError, KeyError, TypeError, ValueError):
            raise ConfigurationError(
                f"{self.uri}/{name}: this is damaged, or no file of an earlier call: move it "
                "elsewhere, and repeat the command"
            ) from None

    def read_settings(self) -> Optional[Dict[str, Any]]:
        """
        The settings in the manifest, if there is one.

        # Raises

        `ConfigurationError`
            If the manifest is damaged.
        """
        if MANIFEST_NAME not in self._names():
            return None
        try:
            with self._system.open_input_stream(f"{self._path}/{MANIFEST_NAME}") as file:
                settings = json.loads(file.read())["settings"]
            return {name: settings[name] for name in ("model", "options", "input")}
        except (OSError, KeyError, TypeError, ValueError):
            raise ConfigurationError(
                f"{self.uri}/{MANIFEST_NAME}: this is damaged: name another --output-dir"
            ) from None

    def write_manifest(self, manifest: Dict[str, Any]) -> None:
        """Writes the manifest."""
        text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
        self._write(MANIFEST_NAME, text.encode())

    def _names(self) -> Set[str]:
        selector = fs.FileSelector(self._path, allow_not_found=True, recursive=True)
        return {
            info.path[len(self._path) :].lstrip("/")
            for info in self._system.get_file_info(selector)
            if info.type == fs.FileType.File
        }

    def _write(self, name: str, content: Any) -> None:
        path = f"{self._path}/{name}"
        if self._is_local:
            with open_bytes_atomically(path, durable=True) as file:
                file.write(content)
            return
        # In a cloud, a file appears when it is complete. Only some systems have real folders.
        self._system.create_dir(str(PurePosixPath(path).parent))
        with self._system.open_output_stream(path) as stream:
            stream.write(content)
