"""HTTP downloads that can be resumed."""

import os
import time
from pathlib import Path
from typing import Dict, Optional
from urllib.parse import urlsplit

import requests

from dts_ee.resources.known_file import KnownFile, progress_bar
from dts_ee.resources.source_errors import SourceDownError, SourceError

# An interrupted transfer loses at most one chunk.
CHUNK_SIZE = 64 * 1024


class _Interrupted(Exception):
    """The transfer was interrupted; another attempt may complete it."""


class Downloader:
    """
    Downloads files, and remembers hosts that do not answer.

    Proxies and certificates are those of `requests` (`HTTPS_PROXY`, `REQUESTS_CA_BUNDLE`, ...).

    # Parameters

    connect_timeout : `float`, optional (default = `5.0`)
        The timeout for connections, in seconds.
    read_timeout : `float`, optional (default = `30.0`)
        The timeout for reading, in seconds, after which a transfer counts as interrupted.
    attempts : `int`, optional (default = `4`)
        The number of attempts for a transfer.
    pause : `float`, optional (default = `1.0`)
        The seconds before the second attempt; doubled for every further attempt.
    """

    def __init__(
        self,
        connect_timeout: float = 5.0,
        read_timeout: float = 30.0,
        attempts: int = 4,
        pause: float = 1.0,
    ) -> None:
        self._timeout = (connect_timeout, read_timeout)
        self._attempts = attempts
        self._pause = pause
        self._session = requests.Session()
        self._unreachable: Dict[str, str] = {}

    def download(self, url: str, destination: Path, known: KnownFile) -> None:
        """
        Downloads `url` to `destination`.

        The file `destination` + `.part` has the received bytes; after an interruption, the next
        call continues it. `destination` appears when it is complete and agrees with `known`.

        # Raises

        `SourceDownError`
            If the host does not answer, or interrupts all attempts.
        `SourceError`
            If the host does not have the file, or has a different one.
        """
        host = urlsplit(url).netloc
        if host in self._unreachable:
            raise SourceDownError(self._unreachable[host])
        part = destination.with_name(destination.name + ".part")
        resumed = part.exists()
        self._transfer_with_attempts(url, part, known)
        problem = known.problem_with(part)
        if problem is not None and resumed:
            # The beginning may come from an older version of the file.
            part.unlink()
            self._transfer_with_attempts(url, part, known)
            problem = known.problem_with(part)
        if problem is not None:
            part.unlink()
            _validator_path(part).unlink(missing_ok=True)
            raise SourceError(f"what {url} gave is not the expected file: {problem}")
        _validator_path(part).unlink(missing_ok=True)
        os.replace(part, destination)

    def _transfer_with_attempts(self, url: str, part: Path, known: KnownFile) -> None:
        reason = ""
        for attempt in range(self._attempts):
            if attempt > 0:
                time.sleep(self._pause * 2 ** (attempt - 1))
            try:
                self._transfer(url, part, known, first=attempt == 0)
                return
            except _Interrupted as interruption:
                reason = str(interruption)
        raise SourceDownError(f"{url} {reason}, after {self._attempts} attempts")

    def _transfer(self, url: str, part: Path, known: KnownFile, first: bool) -> None:
        offset = part.stat().st_size if part.exists() else 0
        if offset and offset == known.size:
            return
        headers = {"Accept-Encoding": "identity", **_range_headers(part, offset, known)}
        try:
            response = self._session.get(url, headers=headers, stream=True, timeout=self._timeout)
        except (requests.ConnectionError, requests.ReadTimeout) as error:
            if not first:
                raise _Interrupted("no longer answers") from None
            host = urlsplit(url).netloc
            self._unreachable[host] = f"{host} could not be reached ({self._reason(error)})"
            raise SourceDownError(self._unreachable[host]) from None
        except requests.RequestException as error:
            raise SourceError(f"{url} cannot be downloaded ({error})") from error
        with response:
            self._receive(response, url, part, known)

    def _receive(self, response: requests.Response, url: str, part: Path, known: KnownFile) -> None:
        status = response.status_code
        if status == 416:
            # The file on the server has changed, and is shorter than the part.
            part.unlink(missing_ok=True)
            raise _Interrupted("has a different file than before")
        if status >= 500 or status == 429:
            raise _Interrupted(f"answers with the status {status}")
        if status not in (200, 206):
            raise SourceError(f"{url} answered with the status {status}")
        offset = part.stat().st_size if status == 206 else 0
        if status == 206 and not response.headers.get("Content-Range", "").startswith(
            f"bytes {offset}-"
        ):
            part.unlink()
            raise _Interrupted("answers with a different range")
        announced = response.headers.get("Content-Length")
        total = offset + int(announced) if announced is not None else known.size
        if known.size is not None and total != known.size:
            raise SourceError(f"{url} has {total} bytes instead of {known.size}")
        if status == 200:
            # In this order: the validator must never be that of another version than the bytes.
            part.write_bytes(b"")
            _keep_validator(part, response)
        try:
            with (
                part.open("ab") as target,
                progress_bar(total, known.name, initial=offset) as bar,
            ):
                for chunk in response.iter_content(CHUNK_SIZE):
                    target.write(chunk)
                    bar.update(len(chunk))
        except requests.RequestException:
            raise _Interrupted("interrupts the transfer") from None
        # Older versions of urllib3 do not raise an error for an early end.
        if total is not None and part.stat().st_size < total:
            raise _Interrupted("interrupts the transfer")

    def _reason(self, error: requests.RequestException) -> str:
        if isinstance(error, requests.ConnectTimeout):
            return f"no connection within {self._timeout[0]:g} seconds"
        if isinstance(error, requests.ReadTimeout):
            return f"no answer within {self._timeout[1]:g} seconds"
        if isinstance(error, requests.exceptions.SSLError):
            return f"its certificate was not accepted: {error}"
        if isinstance(error, requests.exceptions.ProxyError):
            return "the proxy refused"
        return "no connection"


def _validator_path(part: Path) -> Path:
    return part.with_name(part.name + ".etag")


def _keep_validator(part: Path, response: requests.Response) -> None:
    # A weak ETag must not be used for ranges (RFC 9110, section 13.1.5).
    etag: Optional[str] = response.headers.get("ETag")
    if etag is not None and not etag.startswith("W/"):
        _validator_path(part).write_text(etag)
    else:
        _validator_path(part).unlink(missing_ok=True)


def _range_headers(part: Path, offset: int, known: KnownFile) -> Dict[str, str]:
    if offset == 0:
        return {}
    headers = {"Range": f"bytes={offset}-"}
    if _validator_path(part).exists():
        headers["If-Range"] = _validator_path(part).read_text()
    elif known.sha256 is None:
        # Without a checksum, parts of different versions would not be noticed.
        return {}
    return headers
