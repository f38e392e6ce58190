import zipfile
from pathlib import Path

import pytest

from dts_ee.resources.archive import copy_member, open_archive
from dts_ee.resources.source_errors import SourceError


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "inside" / "archive.zip"
    path.parent.mkdir()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("folder/good.txt", b"good" * 100)
        target.writestr("../escaped.txt", b"escaped")
        target.writestr("/tmp/absolute.txt", b"absolute")
    return path


def test_copies_only_the_named_member(archive):
    destination = archive.parent / "good.txt"
    with open_archive(archive) as opened:
        copy_member(opened, "folder/good.txt", destination, 400)
    assert destination.read_bytes() == b"good" * 100
    assert sorted(path.name for path in archive.parent.iterdir()) == ["archive.zip", "good.txt"]


@pytest.mark.parametrize("member", ["../escaped.txt", "/tmp/absolute.txt"])
def test_a_member_never_chooses_where_it_is_written(archive, member):
    destination = archive.parent / "here.txt"
    with open_archive(archive) as opened:
        copy_member(opened, member, destination, None)
    assert destination.exists()
    assert not (archive.parent.parent / "escaped.txt").exists()
    assert not Path("/tmp/absolute.txt").exists()


def test_a_missing_member(archive):
    with (
        pytest.raises(SourceError, match="archive.zip holds no folder/bad.txt"),
        open_archive(archive) as opened,
    ):
        copy_member(opened, "folder/bad.txt", archive.parent / "bad.txt", None)


def test_a_member_that_is_too_large_is_not_unpacked(archive):
    destination = archive.parent / "good.txt"
    with (
        pytest.raises(SourceError, match="has 400 bytes instead of 399"),
        open_archive(archive) as opened,
    ):
        copy_member(opened, "folder/good.txt", destination, 399)
    assert not destination.exists()


def test_a_damaged_member(archive):
    content = bytearray(archive.read_bytes())
    start = content.index(b"good.txt") + len(b"good.txt")
    content[start + 2 : start + 6] = b"\0\0\0\0"
    archive.write_bytes(content)
    with (
        pytest.raises(SourceError, match="archive.zip is damaged"),
        open_archive(archive) as opened,
    ):
        copy_member(opened, "folder/good.txt", archive.parent / "good.txt", None)


def test_no_archive_at_all(tmp_path):
    path = tmp_path / "page.zip"
    path.write_text("<html></html>")
    with pytest.raises(SourceError, match="page.zip is damaged"), open_archive(path):
        pass
