"""
What a source of files is, and the local folder as the simplest one.
"""

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
    What a source works with.

    # Parameters

    folder : `Path`
        For unfinished files; it outlives an interruption, so that a second run can go on from it.
        It has the resource's name.
    downloader : `Downloader`
        The way to the network.
    """

    folder: Path
    downloader: Downloader

    def report_failure(self, sentence: str) -> None:
        """Log that something could not be had, in a sentence without a full stop."""
        logger.warning("%s: %s.", self.folder.name, sentence)


class Source(Registrable):
    """A place that holds some or all files of a resource."""

    is_verified: bool = False
    """Whether all that this gives was compared with a known SHA-256 as part of a whole."""

    @property
    @abstractmethod
    def location(self) -> str:
        """Where this is, for messages."""

    @abstractmethod
    def provide(
        self, files: List[KnownFile], workspace: Workspace
    ) -> Iterator[Tuple[KnownFile, Path]]:
        """
        Bring files into the workspace, one after the other.

        # Parameters

        files : `List[KnownFile]`
            What is wanted.
        workspace : `Workspace`
            Where to put it, and whom to tell about a file that cannot be had.

        # Returns

        `Iterator[Tuple[KnownFile, Path]]`
            Each file that could be had, and its path in the workspace. The caller checks it and
            takes it away.

        # Raises

        `SourceError`
            If the source as a whole is of no use.
        """


class LocalMirror(Source):
    """
    A folder with one sub-folder for each resource, as this package itself fills one.

    # Parameters

    root : `Path`
        The folder.
    resource_name : `str`
        The sub-folder.
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
