"""Files with a known size and SHA-256, and functions to check and copy them."""

import hashlib
import json
from pathlib import Path
from typing import IO, TYPE_CHECKING, Optional

from tqdm import tqdm

from dts_ee.resources.source_errors import ManifestError

if TYPE_CHECKING:
    from allennlp.common import Params

CHUNK_SIZE = 1024 * 1024


class KnownFile:
    """
    The expected name, size and SHA-256 of a file.

    # Parameters

    name : `str`
        The name, which must be a plain file name.
    size : `int`, optional (default = `None`)
        The size in bytes; `None` if it is not known.
    sha256 : `str`, optional (default = `None`)
        The SHA-256 in lower-case hexadecimal; `None` if it is not known.

    # Raises

    `ManifestError`
        If `name` is not a plain file name.
    """

    def __init__(self, name: str, size: Optional[int] = None, sha256: Optional[str] = None) -> None:
        check_plain_name(name)
        self.name = name
        self.size = size
        self.sha256 = sha256

    @classmethod
    def from_params(cls, params: "Params") -> "KnownFile":
        """Lets AllenNLP construct the files of a source, without importing AllenNLP here."""
        return cls(**params.as_dict(quiet=True))

    def problem_with(self, path: Path) -> Optional[str]:
        """
        Checks a file. Returns the problem, or `None` if there is none.

        The whole file is read. Without a known SHA-256, the file must at least have the format of
        its suffix, so that an error page of a server is not accepted.
        """
        size = path.stat().st_size
        if self.size is not None and size != self.size:
            return f"{self.name} has {size} bytes instead of {self.size}"
        if self.sha256 is None:
            return None if _has_format_of_name(path, self.name) else f"{self.name} is not valid"
        sha256 = sha256_of(path)
        if sha256 != self.sha256:
            return f"{self.name} has the SHA-256 {sha256} instead of {self.sha256}"
        return None


def check_plain_name(name: str) -> None:
    """
    Checks that a name cannot refer to a file in another folder.

    # Raises

    `ManifestError`
        If `name` is empty, `.` or `..`, or contains a path separator of any system.
    """
    if name in ("", ".", "..") or any(character in name for character in "/\\:\0"):
        raise ManifestError(f"{name!r} is not a plain file name")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in lower-case hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_SIZE):
            digest.update(chunk)
    return digest.hexdigest()


def copy_stream(source: IO[bytes], destination: Path, size: Optional[int], label: str) -> None:
    """
    Copies a stream to a file, with a progress bar.

    # Parameters

    source : `IO[bytes]`
        The stream.
    destination : `Path`
        The file, which is replaced if it exists.
    size : `int`, optional
        The expected number of bytes.
    label : `str`
        The label of the progress bar.
    """
    with destination.open("wb") as target, progress_bar(size, label) as bar:
        while chunk := source.read(CHUNK_SIZE):
            target.write(chunk)
            bar.update(len(chunk))


def progress_bar(size: Optional[int], label: str, initial: int = 0) -> tqdm:
    """A progress bar for bytes, which is only shown if standard error is a terminal."""
    return tqdm(
        total=size,
        initial=initial,
        desc=label,
        unit="B",
        unit_scale=True,
        leave=False,
        disable=None,
    )


def _has_format_of_name(path: Path, name: str) -> bool:
    if name.endswith(".hdf5"):
        # Only this one format needs it.
        import h5py

        return bool(h5py.is_hdf5(path))
    if name.endswith(".json"):
        try:
            json.loads(path.read_bytes())
        except ValueError:
            return False
    return True
