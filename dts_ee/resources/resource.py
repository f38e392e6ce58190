"""
Resources and the manifest that lists them.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Optional

from dts_ee.quiet_loading import quiet_loading
from dts_ee.resources.known_file import KnownFile, check_plain_name
from dts_ee.resources.source_errors import ManifestError

if TYPE_CHECKING:
    from dts_ee.resources.source import Source

MANIFEST = Path(__file__).with_name("manifest.json")


class Resource:
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
    sources : `Iterable[Source]`
        Where the files come from; the first that has them is taken.
    note : `str`, optional (default = `None`)
        What else its user should know, as on a checksum that is missing.

    # Raises

    `ManifestError`
        If `name` is not a plain file name.
    """

    def __init__(
        self,
        name: str,
        description: str,
        licence: str,
        files: List[KnownFile],
        sources: Iterable["Source"],
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

    def state(self, root: Path) -> str:
        """
        A few words on what is there, judged quickly: by names and sizes alone.

        # Parameters

        root : `Path`
            The folder that has a sub-folder for each resource.
        """
        folder = root / self.name
        found = [file for file in self.files if (folder / file.name).is_file()]
        for file in found:
            if file.size not in (None, (folder / file.name).stat().st_size):
                return f"{file.name} has a wrong size"
        if len(found) == len(self.files):
            return "there"
        return f"{len(found)} of {len(self.files)} files" if found else "absent"


def resource_names(path: Path = MANIFEST) -> List[str]:
    """
    The names in a manifest, in its order.

    # Raises

    `ManifestError`
        If it is not well-formed.
    """
    return list(_entries(path))


def command_to_fetch(path: str) -> str:
    """
    # Parameters

    path : `str`
        A file or folder that is missing.

    # Returns

    `str`
        ``"`dts-ee fetch minilm` gets it"`` if the path is that of a resource, or leads into it, and
        otherwise nothing.
    """
    folders = Path(path).parts
    for name in resource_names():
        if name in folders:
            return f"`dts-ee fetch {name}` gets it"
    return ""


def load_manifest(path: Path = MANIFEST) -> Dict[str, Resource]:
    """
    Read a manifest. Its sources are built when they are asked for.

    # Returns

    `Dict[str, Resource]`
        By name, in the manifest's order.

    # Raises

    `ManifestError`
        If it is not well-formed.
    """
    try:
        return {name: _resource(name, **entry) for name, entry in _entries(path).items()}
    except TypeError as error:
        raise ManifestError(f"{path} is not a manifest: {error}") from error


class _DescribedSources:
    """Sources that are described in a manifest, and built whenever somebody goes through them."""

    def __init__(self, descriptions: List[Dict[str, Any]]) -> None:
        self._descriptions = descriptions

    def __iter__(self) -> Iterator["Source"]:
        # AllenNLP takes seconds to import, and whoever only lists the resources needs no source.
        from allennlp.common import Params

        # Where sources are registered.
        from dts_ee.resources import glove, web, wheel_sources  # noqa: F401
        from dts_ee.resources.source import Source

        with quiet_loading():
            sources = [
                Source.from_params(Params(dict(description))) for description in self._descriptions
            ]
        return iter(sources)


def _resource(
    name: str, files: List[Dict[str, Any]], sources: List[Dict[str, Any]], **texts: str
) -> Resource:
    known_files = [KnownFile(**file) for file in files]
    return Resource(name, files=known_files, sources=_DescribedSources(sources), **texts)


def _entries(path: Path) -> Dict[str, Any]:
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ManifestError(f"{path} is not a manifest: {error}") from error
    if not isinstance(entries, dict):
        raise ManifestError(f"{path} is not a manifest: it holds no object")
    return entries
