"""Resources, and the manifest that lists them."""

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
    A set of files with its sources, such as a corpus or an encoder.

    # Parameters

    name : `str`
        The name of the resource and of its folder.
    description : `str`
        A description of one line.
    licence : `str`
        The licence.
    files : `List[KnownFile]`
        The files.
    sources : `Iterable[Source]`
        The sources of the files, in the order in which they are tried.
    note : `str`, optional (default = `None`)
        A note for users, for example on a missing checksum.

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
        """The total size of the files in bytes; `None` if a size is not known."""
        sizes = [file.size for file in self.files if file.size is not None]
        return sum(sizes) if len(sizes) == len(self.files) else None

    def state(self, root: Path) -> str:
        """
        The state of the resource on disk in a few words, judged by names and sizes only.

        # Parameters

        root : `Path`
            The folder with a subfolder for each resource.
        """
        folder = root / self.name
        existing = [file for file in self.files if (folder / file.name).is_file()]
        for file in existing:
            if file.size not in (None, (folder / file.name).stat().st_size):
                return f"{file.name} has a wrong size"
        if len(existing) == len(self.files):
            return "there"
        return f"{len(existing)} of {len(self.files)} files" if existing else "absent"


def resource_names(path: Path = MANIFEST) -> List[str]:
    """
    The names of the resources in a manifest.

    # Raises

    `ManifestError`
        If it is not well-formed.
    """
    return list(_entries(path))


def command_to_fetch(path: str) -> str:
    """
    The command that fetches a missing file or folder.

    # Parameters

    path : `str`
        The missing file or folder.

    # Returns

    `str`
        ``"`dts-ee fetch minilm` gets it"`` if the path belongs to a resource, else an empty string.
    """
    folders = Path(path).parts
    for name in resource_names():
        if name in folders:
            return f"`dts-ee fetch {name}` gets it"
    return ""


def load_manifest(path: Path = MANIFEST) -> Dict[str, Resource]:
    """
    Reads a manifest. Its sources are constructed when they are used.

    # Returns

    `Dict[str, Resource]`
        The resources by name, in the order of the manifest.

    # Raises

    `ManifestError`
        If it is not well-formed.
    """
    try:
        return {name: _resource(name, **entry) for name, entry in _entries(path).items()}
    except TypeError as error:
        raise ManifestError(f"{path} is not a manifest: {error}") from error


class _DescribedSources:
    """The sources of a resource, which are constructed for each iteration."""

    def __init__(self, descriptions: List[Dict[str, Any]]) -> None:
        self._descriptions = descriptions

    def __iter__(self) -> Iterator["Source"]:
        # Not at the top: AllenNLP takes seconds to import, and a list of resources needs no source.
        from allennlp.common import Params

        # These modules register the sources.
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
