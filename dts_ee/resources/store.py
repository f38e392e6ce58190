"""The folder for fetched resources."""

import logging
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterator, List, Optional, Tuple

from filelock import FileLock, Timeout

from dts_ee.resources.download import Downloader
from dts_ee.resources.known_file import KnownFile
from dts_ee.resources.record import ChecksumRecord
from dts_ee.resources.resource import Resource
from dts_ee.resources.source import LocalMirror, Source, Workspace
from dts_ee.resources.source_errors import SourceError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FetchResult:
    """
    The result of fetching a resource.

    # Parameters

    folder : `Path`
        The folder of the resource.
    fetched : `Dict[str, str]`
        The locations of the sources of newly fetched files, by file name.
    missing : `List[KnownFile]`
        The files that could not be fetched.
    unverified : `Dict[str, str]`
        The SHA-256 of files without a known one, by file name.
    """

    folder: Path
    fetched: Dict[str, str]
    missing: List[KnownFile]
    unverified: Dict[str, str]


class ResourceStore:
    """
    A folder with a subfolder for each resource.

    `fetch` always checks the size and SHA-256 of all files. If the SHA-256 of a file is not known,
    that of the fetched file is recorded in `SHA256SUMS` beside it. Unfinished files are in
    `.downloads`; a file gets its name when it is complete and correct.

    # Parameters

    root : `Path`
        The folder, which is created if necessary.
    mirror : `Path`, optional (default = `None`)
        Another folder of this kind, which is tried before all other sources.
    downloader : `Downloader`, optional (default = `None`)
        The downloader.
    """

    def __init__(
        self,
        root: Path,
        mirror: Optional[Path] = None,
        downloader: Optional[Downloader] = None,
    ) -> None:
        self._root = root
        self._mirror = mirror
        self._downloader = downloader or Downloader()

    def fetch(self, resource: Resource) -> FetchResult:
        """
        Fetches the missing and damaged files of a resource.

        A second process that fetches the same resource waits for the first.

        # Raises

        `OSError`
            If the folder cannot be written.
        """
        unfinished = self._root / ".downloads" / resource.name
        unfinished.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{unfinished}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            logger.warning("Another process is fetching %s; waiting for it.", resource.name)
            lock.acquire()
        try:
            # Another process may have removed it.
            unfinished.mkdir(exist_ok=True)
            result = self._fetch(resource, Workspace(unfinished, self._downloader))
            if not result.missing or not any(unfinished.iterdir()):
                shutil.rmtree(unfinished)
            return result
        finally:
            lock.release()

    def _fetch(self, resource: Resource, workspace: Workspace) -> FetchResult:
        folder = self._root / resource.name
        record = ChecksumRecord(folder)
        missing = [file for file in resource.files if not _is_good(file, folder, record)]
        unverified: Dict[str, str] = {}
        for file in resource.files:
            if file not in missing and file.sha256 is None and file.name not in record:
                # The user has copied it into the folder.
                unverified[file.name] = record.add(file.name)
        fetched: Dict[str, str] = {}
        for source in self._sources(resource):
            if not missing:
                break
            for file, path in _provide_checked(source, missing, workspace):
                folder.mkdir(parents=True, exist_ok=True)
                os.replace(path, folder / file.name)
                fetched[file.name] = source.location
                if file.sha256 is None:
                    digest = record.add(file.name)
                    if not source.is_verified:
                        unverified[file.name] = digest
            missing = [file for file in missing if file.name not in fetched]
        return FetchResult(folder, fetched, missing, unverified)

    def _sources(self, resource: Resource) -> List[Source]:
        if self._mirror is None:
            return list(resource.sources)
        return [LocalMirror(self._mirror, resource.name), *resource.sources]


def _is_good(file: KnownFile, folder: Path, record: ChecksumRecord) -> bool:
    path = folder / file.name
    if not path.is_file():
        return False
    problem = record.complete(file).problem_with(path)
    if problem is not None:
        logger.warning("In %s, %s. It will be replaced if a correct one is found.", folder, problem)
    return problem is None


def _provide_checked(
    source: Source, files: List[KnownFile], workspace: Workspace
) -> Iterator[Tuple[KnownFile, Path]]:
    try:
        for file, path in source.provide(files, workspace):
            problem = file.problem_with(path)
            if problem is None:
                yield file, path
            else:
                path.unlink()
                workspace.report_failure(f"{source.location} has another file: {problem}")
    except SourceError as error:
        workspace.report_failure(str(error))
