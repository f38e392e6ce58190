"""
Files whose size and SHA-256 are known, and copying with a progress bar.
"""

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
    What is known beforehand about a file that is fetched.

    # Parameters

    name : `str`
        The file's name. A name that leads into another folder is refused.
    size : `int`, optional (default = `None`)
        Its length in bytes, `None` where that could not be found out.
    sha256 : `str`, optional (default = `None`)
        Its SHA-256 in lower-case hexadecimal, `None` where no trustworthy one is known.

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
        """What AllenNLP calls for a source's own files, without which it need not be imported."""
        return cls(**params.as_dict(quiet=True))

    def problem_with(self, path: Path) -> Optional[str]:
        """
        What distinguishes the file at `path` from this one: a sentence, or `None` if nothing does.

        The whole file is read. One without a known checksum must at least be of the format that
        its name says, so that no server's error page passes for it.
        """
        size = path.stat().st_size
        if self.size is not None and size != self.size:
            return f"{self.name} has {size} bytes instead of {self.size}"
        if self.sha256 is None:
            return None if _has_format_of_name(path, self.name) else f"{self.name} is not valid"
        found = sha256_of(path)
        if found != self.sha256:
            return f"{self.name} has the SHA-256 {found} instead of {self.sha256}"
        return None


def check_plain_name(name: str) -> None:
    """
    Refuse a name that would lead out of the folder that it is joined to.

    # Raises

    `ManifestError`
        If `name` is empty, a dot name, or holds a separator of any system.
    """
    if name in ("", ".", "..") or any(character in name for character in "/\\:\0"):
        raise ManifestError(f"{name!r} is not a plain file name")


def sha256_of(path: Path) -> str:
    """The SHA-256 of the file at `path`, in lower-case hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_SIZE):
            digest.update(chunk)
    return digest.hexdigest()


def copy_stream(source: IO[bytes], destination: Path, size: Optional[int], label: str) -> None:
    """
    Write everything that `source` holds to the file `destination`, with a progress bar.

    # Parameters

    source : `IO[bytes]`
        Where to read.
    destination : `Path`
        Replaced if it exists; in a folder that exists.
    size : `int`, optional
        How many bytes there should be, for the bar.
    label : `str`
        What the bar says.
    """
    with destination.open("wb") as target, progress_bar(size, label) as bar:
        while chunk := source.read(CHUNK_SIZE):
            target.write(chunk)
            bar.update(len(chunk))


def progress_bar(size: Optional[int], label: str, initial: int = 0) -> tqdm:
    """A bar that counts bytes, silent where nobody watches (standard error is not a terminal)."""
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
