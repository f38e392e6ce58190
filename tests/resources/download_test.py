from pathlib import Path
from typing import Any

import pytest
import requests

from dts_ee.resources import KnownFile
from dts_ee.resources.download import CHUNK_SIZE, Downloader
from dts_ee.resources.source_errors import SourceDownError, SourceError

# Long enough to be broken off after several of the pieces that are kept.
CONTENT = bytes(range(256)) * (5 * CHUNK_SIZE // 256)


def part_of(destination: Path) -> Path:
    return destination.with_name(destination.name + ".part")


@pytest.fixture
def destination(tmp_path: Path) -> Path:
    return tmp_path / "file.bin"


@pytest.fixture
def file(known: Any) -> KnownFile:
    return known("file.bin", CONTENT)


def test_downloads_and_leaves_no_part(server, downloader, destination, file):
    server.files["file.bin"] = CONTENT
    downloader.download(server.url + "file.bin", destination, file)
    assert destination.read_bytes() == CONTENT
    assert list(destination.parent.iterdir()) == [destination]


def test_goes_on_where_a_transfer_broke_off(server, downloader, destination, file):
    server.files["file.bin"] = CONTENT
    server.etags["file.bin"] = '"1"'
    server.breaks = [CHUNK_SIZE, 2 * CHUNK_SIZE + 5]
    downloader.download(server.url + "file.bin", destination, file)
    assert destination.read_bytes() == CONTENT
    ranges = [request.get("Range") for request in server.requests]
    assert ranges == [None, f"bytes={CHUNK_SIZE}-", f"bytes={3 * CHUNK_SIZE}-"]


def test_goes_on_where_an_earlier_run_gave_up(server, downloader, destination, file):
    server.files["file.bin"] = CONTENT
    server.breaks = [CHUNK_SIZE] * 3
    with pytest.raises(SourceDownError, match="interrupts the transfer, after 3 attempts"):
        downloader.download(server.url + "file.bin", destination, file)
    assert not destination.exists()
    assert part_of(destination).read_bytes() == CONTENT[: 3 * CHUNK_SIZE]

    Downloader().download(server.url + "file.bin", destination, file)
    assert destination.read_bytes() == CONTENT
    assert server.requests[-1]["Range"] == f"bytes={3 * CHUNK_SIZE}-"


def test_a_complete_part_is_not_asked_for_again(server, downloader, destination, file):
    part_of(destination).write_bytes(CONTENT)
    downloader.download(server.url + "file.bin", destination, file)
    assert destination.read_bytes() == CONTENT
    assert server.requests == []


def test_starts_again_when_the_beginning_was_another_file(server, downloader, destination, file):
    server.files["file.bin"] = CONTENT
    part_of(destination).write_bytes(b"something else")
    downloader.download(server.url + "file.bin", destination, file)
    assert destination.read_bytes() == CONTENT
    assert [request.get("Range") for request in server.requests] == ["bytes=14-", None]


def test_starts_again_when_the_part_is_too_long(server, downloader, destination, file):
    server.files["file.bin"] = CONTENT
    part_of(destination).write_bytes(CONTENT + b"more")
    downloader.download(server.url + "file.bin", destination, file)
    assert destination.read_bytes() == CONTENT


def test_starts_again_when_the_server_has_a_newer_version(server, downloader, destination):
    unknown = KnownFile("file.bin")
    server.files["file.bin"] = CONTENT[::-1]
    server.etags["file.bin"] = '"old"'
    server.breaks = [CHUNK_SIZE] * 3
    with pytest.raises(SourceDownError):
        downloader.download(server.url + "file.bin", destination, unknown)
    server.files["file.bin"] = CONTENT
    server.etags["file.bin"] = '"new"'
    downloader.download(server.url + "file.bin", destination, unknown)
    assert destination.read_bytes() == CONTENT
    assert server.requests[-1]["If-Range"] == '"old"'


@pytest.mark.parametrize("etags", [{}, {"file.bin": 'W/"weak"'}])
def test_halves_that_nothing_holds_together_are_not_joined(server, downloader, destination, etags):
    server.files["file.bin"] = CONTENT
    server.etags = etags
    server.breaks = [CHUNK_SIZE]
    downloader.download(server.url + "file.bin", destination, KnownFile("file.bin"))
    assert destination.read_bytes() == CONTENT
    assert [request.get("Range") for request in server.requests] == [None, None]


def test_a_server_without_ranges(server, downloader, destination, file):
    server.files["file.bin"] = CONTENT
    server.supports_ranges = False
    server.breaks = [CHUNK_SIZE]
    downloader.download(server.url + "file.bin", destination, file)
    assert destination.read_bytes() == CONTENT
    assert server.requests[-1]["Range"] == f"bytes={CHUNK_SIZE}-"


def test_passing_trouble_of_the_server(server, downloader, destination, file):
    server.files["file.bin"] = CONTENT
    server.statuses = [503, 429]
    downloader.download(server.url + "file.bin", destination, file)
    assert destination.read_bytes() == CONTENT


def test_lasting_trouble_of_the_server(server, downloader, destination, file):
    server.statuses = [500] * 10
    with pytest.raises(SourceDownError, match="answers with the status 500, after 3 attempts"):
        downloader.download(server.url + "file.bin", destination, file)
    assert len(server.requests) == 3
    assert list(destination.parent.iterdir()) == []


def test_a_missing_file_is_asked_for_once(server, downloader, destination, file):
    with pytest.raises(SourceError, match="answered with the status 404") as caught:
        downloader.download(server.url + "file.bin", destination, file)
    assert not isinstance(caught.value, SourceDownError)
    assert len(server.requests) == 1


def test_another_length_is_noticed_before_the_download(server, downloader, destination, file):
    server.files["file.bin"] = CONTENT + b"more"
    with pytest.raises(SourceError, match="has 327684 bytes instead of 327680"):
        downloader.download(server.url + "file.bin", destination, file)
    assert list(destination.parent.iterdir()) == []


def test_another_content_leaves_nothing(server, downloader, destination, file):
    server.files["file.bin"] = CONTENT[::-1]
    server.etags["file.bin"] = '"1"'
    with pytest.raises(SourceError, match="is not the expected file.*has the SHA-256"):
        downloader.download(server.url + "file.bin", destination, file)
    assert list(destination.parent.iterdir()) == []


def test_an_error_page_does_not_pass_for_an_unknown_file(server, downloader, tmp_path):
    server.files["options.json"] = b"<html>Please log in</html>"
    with pytest.raises(SourceError, match="options.json is not valid"):
        downloader.download(
            server.url + "options.json", tmp_path / "options.json", KnownFile("options.json")
        )
    assert list(tmp_path.iterdir()) == []


def test_a_host_that_does_not_answer_is_asked_once(server, destination, file):
    server.is_silent = True
    downloader = Downloader(read_timeout=0.2)
    for name in ("file.bin", "other.bin"):
        with pytest.raises(SourceDownError, match=r"could not be reached \(no answer within 0.2"):
            downloader.download(server.url + name, destination, file)
    assert len(server.requests) == 1


def test_a_closed_port(downloader, destination, file, unused_port):
    with pytest.raises(SourceDownError, match=r"could not be reached \(no connection\)"):
        downloader.download(f"http://127.0.0.1:{unused_port}/file.bin", destination, file)


def test_connecting_has_a_short_time_out(destination, file, monkeypatch):
    timeouts = []

    def get(self: requests.Session, url: str, **options: Any) -> requests.Response:
        timeouts.append(options["timeout"])
        raise requests.ConnectTimeout("stuck")

    monkeypatch.setattr(requests.Session, "get", get)
    downloader = Downloader()
    for name in ("one", "two"):
        with pytest.raises(SourceDownError, match="no connection within 5 seconds"):
            downloader.download(f"http://host.invalid/{name}", destination, file)
    assert timeouts == [(5.0, 30.0)]
