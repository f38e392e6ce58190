"""
Writes archives.
"""

import gzip
import hashlib
import io
import os
import tarfile
from contextlib import contextmanager
from os import PathLike
from typing import IO, Any, Dict, Iterator, Optional, Union

from dts_ee.archives.checksums import MANIFEST_NAME, manifest
from dts_ee.archives.state_dict import SAFETENSORS_NAME, WEIGHTS_NAME, as_safetensors
from dts_ee.atomic_files import open_bytes_atomically


class _HashedFile:
    """A file for reading, whose content is hashed."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self._hash.update(content)
        return content

    def hexdigest(self) -> str:
        return self._hash.hexdigest()


class ArchiveWriter(tarfile.TarFile):
    """
    A tar that takes the weights as safetensors, and ends with a manifest.

    Times and owners of files are left out, so that equal models have equal archives.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._checksums: Dict[str, str] = {}

    def gettarinfo(
        self, name: Any = None, arcname: Any = None, fileobj: Any = None
    ) -> tarfile.TarInfo:
        member = super().gettarinfo(name, arcname, fileobj)
        if member.issym():
            # The content of the file, which `add` reads.
            member = super().gettarinfo(os.path.realpath(name), arcname, fileobj)
        member.mtime = member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mode = 0o755 if member.isdir() else 0o644
        return member

    def add(self, name: Any, arcname: Any = None, *args: Any, **kwargs: Any) -> None:
        if arcname == WEIGHTS_NAME:
            weights = as_safetensors(name)
            if weights is not None:
                self.add_bytes(SAFETENSORS_NAME, weights)
                return
        # The manifest is written anew.
        if arcname != MANIFEST_NAME:
            super().add(name, arcname, *args, **kwargs)

    def addfile(self, tarinfo: tarfile.TarInfo, fileobj: Optional[Any] = None) -> None:
        if tarinfo.islnk():
            self._checksums[tarinfo.name] = self._checksums[tarinfo.linkname]
        if fileobj is None:
            super().addfile(tarinfo)
            return
        hashed = _HashedFile(fileobj)
        super().addfile(tarinfo, hashed)
        self._checksums[tarinfo.name] = hashed.hexdigest()

    def add_bytes(self, name: str, content: bytes) -> None:
        """Adds a file with this content."""
        member = tarfile.TarInfo(name)
        member.size = len(content)
        self.addfile(member, io.BytesIO(content))

    def add_manifest(self) -> None:
        """Adds the manifest of all files that have been added."""
        self.add_bytes(MANIFEST_NAME, manifest(self._checksums))


@contextmanager
def open_archive_writer(path: Union[str, PathLike]) -> Iterator[ArchiveWriter]:
    """
    Opens an archive for writing, which gets its name only when everything has been written.

    It is a gzipped tar, but its content is not compressed: weights hardly get smaller.
    """
    with (
        open_bytes_atomically(path, durable=True) as file,
        # By default, the header has the time and the temporary name.
        gzip.GzipFile("", "wb", compresslevel=0, fileobj=file, mtime=0) as compressed,
        ArchiveWriter(fileobj=compressed, mode="w") as archive,
    ):
        yield archive
        archive.add_manifest()
