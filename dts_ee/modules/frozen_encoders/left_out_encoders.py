"""
Leaves encoders out of archives, and finds them again by their checksums.

Instead of the encoder's files, its folder in the archive has a record with the name of the resource
in the manifest and the SHA-256 of its files.
"""

import functools
import json
import shutil
from pathlib import Path
from typing import Any, Dict, Optional

from allennlp.common.checks import ConfigurationError

from dts_ee.resources import KnownFile, Resource, load_manifest
from dts_ee.user_folders import resources_folder

_RECORD = "left_out.json"


def resource_of(folder: Path) -> Optional[Resource]:
    """
    The resource in the manifest that contains all files of an encoder, with the same SHA-256.

    # Parameters

    folder : `Path`
        The folder with the encoder's files and no other files.

    # Returns

    `Optional[Resource]`
        `None` if there is no such resource.
    """
    files = sorted(folder.iterdir())
    for resource in load_manifest().values():
        known = {file.name: file for file in resource.files if file.sha256 is not None}
        if all(
            file.name in known and known[file.name].problem_with(file) is None for file in files
        ):
            return resource
    return None


def leave_out(folder: Path) -> None:
    """
    Replaces the files of an encoder by a record of their checksums.

    # Parameters

    folder : `Path`
        The encoder's folder in an extracted archive. It may have a record already.

    # Raises

    `ConfigurationError`
        If no resource in the manifest has these files.
    """
    if is_left_out(folder):
        return
    resource = resource_of(folder)
    if resource is None:
        raise ConfigurationError(
            f"the encoder {encoder_name(folder)} cannot be left out: no resource of "
            "`dts-ee fetch` has files with the same SHA-256"
        )
    known = {file.name: file for file in resource.files}
    files = [known[file.name] for file in sorted(folder.iterdir())]
    record = {
        "resource": resource.name,
        "files": [{"name": file.name, "size": file.size, "sha256": file.sha256} for file in files],
    }
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / _RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def encoder_name(folder: Path) -> str:
    """The name of an encoder: the name of the resource that was left out, or of its folder."""
    if is_left_out(folder):
        return _read_record(folder)["resource"]
    # The folder's name ends with a digest.
    return folder.name.rpartition("-")[0]


def is_left_out(folder: Path) -> bool:
    """Whether an encoder's folder in an archive has a record instead of the files."""
    return (folder / _RECORD).is_file()


def find_left_out(folder: Path, name: str) -> Path:
    """
    Finds a folder with the files that were left out, and checks their SHA-256.

    It looks in the folder that the model was trained with, in `resources` of the working directory,
    and in the user's resources folder.

    # Parameters

    folder : `Path`
        The encoder's folder in an extracted archive.
    name : `str`
        The encoder's name in the configuration.

    # Raises

    `ConfigurationError`
        If there is no such folder; the message says how to get the files.
    """
    record = _read_record(folder)
    resource = record["resource"]
    folders = [Path(name).expanduser(), Path("resources", resource), resources_folder() / resource]
    problems = []
    for folder in dict.fromkeys(folders):
        if not folder.is_dir():
            continue
        problem = next(
            filter(None, (_problem(KnownFile(**f), folder) for f in record["files"])), ""
        )
        if not problem:
            return folder
        problems.append(f"in {folder}, {problem}")
    reasons = f" ({'; '.join(problems)})" if problems else ""
    raise ConfigurationError(
        f"The model needs {resource}, which is not part of it and was not found{reasons}: "
        f"`dts-ee fetch {resource} --to {resources_folder()}` gets it"
    )


def _read_record(folder: Path) -> Dict[str, Any]:
    return json.loads((folder / _RECORD).read_text(encoding="utf-8"))


def _problem(file: KnownFile, folder: Path) -> Optional[str]:
    path = folder / file.name
    if not path.is_file():
        return f"{file.name} is missing"
    status = path.stat()
    return _problem_with(path, status.st_size, status.st_mtime_ns, file.name, file.sha256)


@functools.lru_cache
def _problem_with(
    path: Path, size: int, modified: int, name: str, sha256: Optional[str]
) -> Optional[str]:
    # A model checks the same files twice: for its tokenizer and for its network.
    return KnownFile(name, sha256=sha256).problem_with(path)
