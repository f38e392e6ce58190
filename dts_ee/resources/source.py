"""The base class of sources of files, and the source for a local folder."""

import logging
from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, List, Tuple

from allennlp.common import Registrable

from dts_ee.resources.download import Downloader
from dts_ee.resources.known_file import KnownFile, copy_stream

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Workspace:
    """
    The folder and the downloader for a source.

    # Parameters

    folder : `Path`
        The folder for unfinished files, with the name of the resource. It is kept after an
        interruption, so that the next run can continue.
    downloader : `Downloader`
        The downloader.
    """

    folder: Path
    downloader: Downloader

    def report_failure(self, sentence: str) -> None:
        """Logs a failure; `sentence` has no full stop."""
        logger.warning("%s: %s.", self.folder.name, sentence)


class Source(Registrable):
    """A source of some or all files of a resource."""

    is_verified: bool = False
    """Whether the files come from an archive with a known SHA-256."""

    @property
    @abstractmethod
    def location(self) -> str:
        """The location of the source, for messages."""

    @abstractmethod
    def provide(
        self, files: List[KnownFile], workspace: Workspace
    ) -> Iterator[Tuple[KnownFile, Path]]:
        """
        Copies files into the workspace, one after the other.

        # Parameters

        files : `List[KnownFile]`
            The files to provide.
        workspace : `Workspace`
            The workspace, which also logs missing files.

        # Returns

        `Iterator[Tuple[KnownFile, Path]]`
            The files of the source, and their paths in the workspace. The caller checks and moves
            them.

        # Raises

        `SourceError`
            If the source fails as a whole.
        """


class LocalMirror(Source):
    """
    A local folder with a subfolder for each resource, such as `resources/` of another machine.

    # Parameters

    root : `Path`
        The folder.
    resource_name : `str`
        The subfolder.
    """

    def __init__(self, root: Path, resource_name: str) -> None:
        self._folder = root / resource_name

    @property
    def location(self) -> str:
        return str(self._folder)

    def provide(
        self, files: List[KnownFile], workspace: Workspace
    ) -> Iterator[Tuple[KnownFile, Path]]:
        for file in files:
            original = self._folder / file.name
            if not original.is_file():
                workspace.report_failure(f"{original} does not exist")
                continue
            copy = workspace.folder / file.name
            with original.open("rb") as stream:
                copy_stream(stream, copy, original.stat().st_size, file.name)
            yield file, copy
