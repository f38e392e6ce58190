import io
import zipfile

import pytest
from huggingface_hub.constants import ENDPOINT

from dts_ee.resources import KnownFile
from dts_ee.resources.source_errors import SourceError
from dts_ee.resources.web import HubSource, UrlSource, ZipSource


def contents(source, files, workspace):
    return {file.name: path.read_bytes() for file, path in source.provide(files, workspace)}


def test_url_source(server, workspace, known):
    server.files = {"data/a.txt": b"aaa", "data/long_name_of_b.txt": b"bb"}
    source = UrlSource(server.url + "data/", {"b.txt": "long_name_of_b.txt"})
    files = [known("a.txt", b"aaa"), known("b.txt", b"bb")]
    assert contents(source, files, workspace) == {"a.txt": b"aaa", "b.txt": b"bb"}


def test_url_source_goes_on_after_a_file_that_it_lacks(server, workspace, known, caplog):
    server.files = {"b.txt": b"bb", "c.txt": b"other"}
    files = [known(name, name[:1].encode() * 2) for name in ("a.txt", "b.txt", "c.txt")]
    assert contents(UrlSource(server.url), files, workspace) == {"b.txt": b"bb"}
    assert caplog.messages == [
        f"example: {server.url}a.txt answered with the status 404.",
        f"example: {server.url}c.txt has 5 bytes instead of 2.",
    ]


def test_url_source_stops_when_the_host_is_away(unused_port, workspace, known):
    source = UrlSource(f"http://127.0.0.1:{unused_port}/")
    with pytest.raises(SourceError, match="could not be reached"):
        contents(source, [known("a.txt", b"a"), known("b.txt", b"b")], workspace)


def test_hub_source_asks_for_the_pinned_revision(known):
    url = HubSource("owner/model", "abc123").url_of(known("config.json", b"{}"))
    assert url == f"{ENDPOINT}/owner/model/resolve/abc123/config.json"


@pytest.fixture
def archive() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as target:
        target.writestr("vectors.txt", b"the 1 2\n")
        target.writestr("others.txt", b"the 3 4\n")
    return stream.getvalue()


def test_zip_source(server, workspace, known, archive):
    server.files = {"vectors.zip": archive}
    source = ZipSource(server.url + "vectors.zip", known("vectors.zip", archive))
    file = KnownFile("vectors.txt", 8)
    assert contents(source, [file], workspace) == {"vectors.txt": b"the 1 2\n"}
    assert source.is_verified
    # Interrupted while unpacking: the archive is there still.
    assert contents(source, [file], workspace) == {"vectors.txt": b"the 1 2\n"}
    assert len(server.requests) == 1


def test_zip_source_refuses_another_archive(server, workspace, known, archive):
    server.files = {"vectors.zip": archive.replace(b"the 1 2", b"the 1 9")}
    source = ZipSource(server.url + "vectors.zip", known("vectors.zip", archive))
    with pytest.raises(SourceError, match="not the expected file"):
        contents(source, [KnownFile("vectors.txt", 8)], workspace)
    assert list(workspace.folder.iterdir()) == []


def test_zip_source_without_checksum_is_not_verified(server):
    assert not ZipSource(server.url + "vectors.zip", KnownFile("vectors.zip")).is_verified
