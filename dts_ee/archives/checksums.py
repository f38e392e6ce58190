"""
The checksums of an archive's members, and the versions that wrote it.
"""

import hashlib
import json
import platform
from importlib import metadata
from pathlib import Path
from tarfile import ReadError
from typing import Any, Dict, Mapping

from dts_ee.version import VERSION

MANIFEST_NAME = "manifest.json"

_PACKAGES = ("allennlp", "torch", "transformers")


def manifest(checksums: Mapping[str, str]) -> bytes:
    """
    The content of `manifest.json`.

    # Parameters

    checksums : `Mapping[str, str]`
        The SHA-256 of each file in the archive, by its name.
    """
    content = {"versions": _versions(), "sha256": dict(sorted(checksums.items()))}
    return (json.dumps(content, indent=2) + "\n").encode()


def _versions() -> Dict[str, str]:
    versions = {"dts_ee": VERSION, "python": platform.python_version()}
    return versions | {name: metadata.version(name) for name in _PACKAGES}


def check_checksums(folder: Path) -> None:
    """
    Compares the files of an extracted archive with its manifest.

    Archives that were written without one are not checked.

    # Raises

    `tarfile.ReadError`
        If a file differs, is missing, or is not in the manifest.
    """
    if not (folder / MANIFEST_NAME).is_file():
        return
    expected = _read_manifest(folder).get("sha256")
    if not isinstance(expected, dict):
        raise ReadError(f"{MANIFEST_NAME} has no checksums")
    names = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() or path.is_symlink()
    }
    names.remove(MANIFEST_NAME)
    for name in sorted(names | expected.keys()):
        if name not in names:
            raise ReadError(f"{name} is missing")
        if name not in expected:
            raise ReadError(f"{name} is not in {MANIFEST_NAME}")
        with open(folder / name, "rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != expected[name]:
                raise ReadError(f"{name} was changed: its SHA-256 is another one")


def other_versions(folder: Path) -> str:
    """
    `"; it was written with torch 2.12.0, and this is torch 2.13.0"`, or `""` without a difference
    or a manifest.
    """
    if not (folder / MANIFEST_NAME).is_file():
        return ""
    written = _read_manifest(folder).get("versions")
    here = _versions()
    if not isinstance(written, dict):
        return ""
    names = [name for name in here if name in written and written[name] != here[name]]
    if not names:
        return ""
    theirs = ", ".join(f"{name} {written[name]}" for name in names)
    ours = ", ".join(f"{name} {here[name]}" for name in names)
    return f"; it was written with {theirs}, and this is {ours}"


def _read_manifest(folder: Path) -> Dict[str, Any]:
    try:
        content = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise ReadError(f"{MANIFEST_NAME} cannot be read: {error}") from None
    if not isinstance(content, dict):
        raise ReadError(f"{MANIFEST_NAME} is no object")
    return content
