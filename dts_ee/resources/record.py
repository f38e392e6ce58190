"""Records the checksums of fetched files that have no known checksum."""

import os
from pathlib import Path
from typing import Dict

from dts_ee.resources.known_file import KnownFile, sha256_of

RECORD_NAME = "SHA256SUMS"


class ChecksumRecord:
    """
    The file `SHA256SUMS` in a resource's folder, in the format of the command `sha256sum`.

    # Parameters

    folder : `Path`
        The resource's folder, which may not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._path = folder / RECORD_NAME
        self._digests: Dict[str, str] = {}
        if self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                digest, _, name = line.partition("  ")
                self._digests[name] = digest

    def add(self, name: str) -> str:
        """Computes, records and returns the SHA-256 of a file in the folder."""
        self._digests[name] = sha256_of(self._folder / name)
        lines = [f"{digest}  {name}\n" for name, digest in sorted(self._digests.items())]
        temporary = self._path.with_name(f".{RECORD_NAME}.part")
        temporary.write_text("".join(lines), encoding="utf-8")
        os.replace(temporary, self._path)
        return self._digests[name]

    def __contains__(self, name: str) -> bool:
        return name in self._digests

    def complete(self, file: KnownFile) -> KnownFile:
        """The file with its known SHA-256 or, if there is none, the recorded one."""
        return KnownFile(file.name, file.size, file.sha256 or self._digests.get(file.name))
