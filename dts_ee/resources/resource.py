"""
Resources and the manifest that lists them.
"""

import json
from pathlib import Path
from typing import Any, Dict, List, Optional

from allennlp.common import FromParams, Params
from allennlp.common.checks import ConfigurationError

from dts_ee.quiet_loading import quiet_loading
from dts_ee.resources.files import KnownFile, check_plain_name
from dts_ee.resources.source import Source

MANIFEST = Path(__file__).with_name("manifest.json")


class Resource(FromParams):
    """
    Files that belong together, and where they can be had.

    # Parameters

    name : `str`
        The resource's name, and that of its folder.
    description : `str`
        One line on what it is.
    licence : `str`
        Under which terms.
    files : `List[KnownFile]`
        What it consists of.
    sources : `List[Source]`
        Where the files come from; the first that has them is taken.
    note : `str`, optional (default = `None`)
        What else its user should know, as on a checksum that is missing.

    # Raises

    `ConfigurationError`
        If `name` is not a plain file name.
    """

    def __init__(
        self,
        name: str,
        description: str,
        licence: str,
        files: List[KnownFile],
        sources: List[Source],
        note: Optional[str] = None,
    ) -> None:
        check_plain_name(name)
        self.name = name
        self.description = description
        self.licence = licence
        self.files = files
        self.sources = sources
        self.note = note

    @property
    def size(self) -> Optional[int]:
        """The number of bytes of all files together, `None` where one of them is not known."""
        sizes = [file.size for file in self.files if file.size is not None]
        return sum(sizes) if len(sizes) == len(self.files) else None


def resource_names(path: Path = MANIFEST) -> List[str]:
    """
    The names in a manifest, in its order.

    # Raises

    `ConfigurationError`
        If it is not well-formed.
    """
    return list(_entries(path))


def load_manifest(path: Path = MANIFEST) -> Dict[str, Resource]:
    """
    Read a manifest.

    # Returns

    `Dict[str, Resource]`
        By name, in the manifest's order.

    # Raises

    `ConfigurationError`
        If it is not well-formed.
    """
    try:
        with quiet_loading():
            return {
                name: Resource.from_params(Params({"name": name, **entry}))
                for name, entry in _entries(path).items()
            }
    except (AttributeError, TypeError) as error:
        raise ConfigurationError(f"{path} is not a manifest: {error}") from error


def _entries(path: Path) -> Dict[str, Any]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ConfigurationError(f"{path} is not a manifest: {error}") from error
    if not isinstance(entries, dict):
        raise ConfigurationError(f"{path} is not a manifest: it holds no object")
    return entries
