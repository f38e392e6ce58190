"""Sources on the web: files with URLs, repositories of the Hugging Face hub, and zip archives."""

from abc import abstractmethod
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple
from urllib.parse import urlsplit

from huggingface_hub import hf_hub_url

from dts_ee.resources.archive import copy_member, open_archive
from dts_ee.resources.known_file import KnownFile
from dts_ee.resources.source import Source, Workspace
from dts_ee.resources.source_errors import SourceDownError, SourceError


class SeparateFilesSource(Source):
    """Files with their own URLs."""

    @abstractmethod
    def url_of(self, file: KnownFile) -> str:
        """The URL of a file."""

    def provide(
        self, files: List[KnownFile], workspace: Workspace
    ) -> Iterator[Tuple[KnownFile, Path]]:
        for file in files:
            path = workspace.folder / file.name
            try:
                workspace.downloader.download(self.url_of(file), path, file)
            except SourceDownError:
                raise
            except SourceError as error:
                # The other files may still be fetched.
                workspace.report_failure(str(error))
            else:
                yield file, path


@Source.register("url")
class UrlSource(SeparateFilesSource):
    """
    Files with a common base URL.

    # Parameters

    base : `str`
        The base URL, with its final `/`.
    paths : `Dict[str, str]`, optional (default = `None`)
        The rest of the URL by file name; by default the file name itself.
    """

    def __init__(self, base: str, paths: Optional[Dict[str, str]] = None) -> None:
        self._base = base
        self._paths = paths or {}

    @property
    def location(self) -> str:
        return self._base

    def url_of(self, file: KnownFile) -> str:
        return self._base + self._paths.get(file.name, file.name)


@Source.register("hub")
class HubSource(SeparateFilesSource):
    """
    Files of a repository on the Hugging Face hub, or on the host in `HF_ENDPOINT`.

    # Parameters

    repository : `str`
        `owner/name`.
    revision : `str`
        The commit.
    """

    def __init__(self, repository: str, revision: str) -> None:
        self._repository = repository
        self._revision = revision

    @property
    def location(self) -> str:
        return f"the Hugging Face hub ({self._repository})"

    def url_of(self, file: KnownFile) -> str:
        return hf_hub_url(self._repository, file.name, revision=self._revision)


@Source.register("zip")
class ZipSource(Source):
    """
    Files in a zip archive.

    # Parameters

    url : `str`
        The URL of the archive.
    archive : `KnownFile`
        The archive's name, size and SHA-256.
    """

    def __init__(self, url: str, archive: KnownFile) -> None:
        self._url = url
        self._archive = archive
        self.is_verified = archive.sha256 is not None

    @property
    def location(self) -> str:
        return f"{self._archive.name} on {urlsplit(self._url).netloc}"

    def provide(
        self, files: List[KnownFile], workspace: Workspace
    ) -> Iterator[Tuple[KnownFile, Path]]:
        path = workspace.folder / self._archive.name
        # The archive exists already if an earlier run was interrupted while unpacking.
        if not path.exists() or self._archive.problem_with(path) is not None:
            workspace.downloader.download(self._url, path, self._archive)
        with open_archive(path) as archive:
            for file in files:
                destination = workspace.folder / file.name
                copy_member(archive, file.name, destination, file.size)
                yield file, destination
