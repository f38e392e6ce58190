import gzip

import pytest

from dts_ee.atomic_files import make_folder_atomically
from dts_ee.corpora.files import open_atomically, read_text
from dts_ee.document import DocumentError


@pytest.mark.parametrize("name", ["a.txt", "a.txt.gz"])
def test_text_is_read_as_written(tmp_path, name):
    path = tmp_path / "new" / name
    with open_atomically(path) as file:
        file.write("één\ntwee\n")
    assert read_text(path) == "één\ntwee\n"
    assert [entry.name for entry in path.parent.iterdir()] == [name]


def test_gzipped_bytes_depend_on_the_text_alone(tmp_path, monkeypatch):
    for name, now in (("a.gz", 1.0), ("b.gz", 2e9)):
        monkeypatch.setattr("time.time", lambda now=now: now)
        with open_atomically(tmp_path / name) as file:
            file.write("the same")
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()


def interrupted_writing(path):
    with open_atomically(path) as file:
        file.write("new")
        raise KeyboardInterrupt


def test_failure_while_writing_leaves_what_was_there(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt):
        interrupted_writing(path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["folder", "a" * 254])
def test_an_error_names_the_file_and_not_the_temporary_one(tmp_path, name):
    (tmp_path / "folder").mkdir()
    with (
        pytest.raises(OSError, match="directory|too long") as caught,
        open_atomically(tmp_path / name) as file,
    ):
        file.write("a")
    assert caught.value.filename == str(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    with (
        pytest.raises(OSError, match="too long") as caught,
        make_folder_atomically(tmp_path / ("a" * 254)),
    ):
        pass
    assert caught.value.filename == str(tmp_path / ("a" * 254))


def test_gzip_is_known_without_its_suffix(tmp_path):
    path = tmp_path / "cached"
    path.write_bytes(gzip.compress(b"[]"))
    assert read_text(path) == "[]"


def test_byte_order_mark_is_dropped(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"\xef\xbb\xbf[]")
    assert read_text(path) == "[]"


WHOLE = gzip.compress(b"a long enough text " * 20, mtime=0)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("missing.json", None, "there is no such file"),
        ("a.json", b"ab\xff", "byte 2 is not UTF-8"),
        ("a.json.gz", WHOLE[:-12], "gzip data is broken or cut off"),
        ("a.json.gz", b"[]", "gzip data is broken or cut off"),
        ("a.json.gz", WHOLE[:14] + b"\xff\xff\xff" + WHOLE[17:], "gzip data is broken or cut off"),
    ],
)
def test_unreadable_file_is_named(tmp_path, name, content, problem):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DocumentError, match=problem) as raised:
        read_text(path)
    assert raised.value.path == str(path)


def test_folder_cannot_be_read(tmp_path):
    with pytest.raises(DocumentError, match="cannot be read: Is a directory"):
        read_text(tmp_path)
