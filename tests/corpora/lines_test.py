import errno
import gzip
import io
import os

import pytest

from dts_ee.corpora.lines import check_utf8, numbered_lines, read_lines, split_lines
from dts_ee.document import DocumentError


def lines_of(path):
    with open(path, "rb") as file:
        return list(numbered_lines(file, "a file"))


@pytest.mark.parametrize("compress", [False, True])
def test_blank_lines_are_counted_and_left_out(tmp_path, compress):
    # A line separator inside a line is no end of it.
    content = "één\n\n \t\r\nt\u2028wee\r\ndrie".encode()
    path = tmp_path / "lines"
    path.write_bytes(gzip.compress(content) if compress else content)
    expected = [(1, "één"), (4, "t\u2028wee"), (5, "drie")]
    assert lines_of(path) == expected
    assert read_lines(path) == expected
    assert split_lines(content.decode()) == expected


@pytest.mark.parametrize("content", [b"", gzip.compress(b"", mtime=0), b"\n\n", b"\xef\xbb\xbf"])
def test_no_lines(tmp_path, content):
    path = tmp_path / "lines"
    path.write_bytes(content)
    assert lines_of(path) == []
    assert read_lines(path) == []


def test_byte_order_mark_is_dropped(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"\xef\xbb\xbfone\ntwo\n")
    assert lines_of(path) == [(1, "one"), (2, "two")]
    assert read_lines(path) == [(1, "one"), (2, "two")]


def test_a_line_of_a_pipe_is_there_before_the_next_is_written():
    reading, writing = os.pipe()
    with open(reading, "rb") as file, open(writing, "wb") as pipe:
        lines = numbered_lines(file, "a pipe")
        for number, line in enumerate([b"one\n", b"two\n"], start=1):
            pipe.write(line)
            pipe.flush()
            assert next(lines) == (number, line.decode().rstrip())


# Numbers in no order, which compression does not shorten much: half a file is about half of them.
NUMBERS = "".join(f"{number * 7919 % 10007}\n" for number in range(9999)).encode()


def test_what_can_be_read_comes_before_the_error(tmp_path):
    path = tmp_path / "lines"
    whole = gzip.compress(NUMBERS)
    path.write_bytes(whole[: len(whole) // 2])
    seen: list[tuple[int, str]] = []
    with open(path, "rb") as file:
        lines = numbered_lines(file, "a file")
        with pytest.raises(DocumentError, match="^file a file: the gzip data is broken or cut off"):
            seen.extend(lines)
    assert 1000 < len(seen) < 9000
    assert [number for number, _ in seen] == list(range(1, len(seen) + 1))
    assert NUMBERS.startswith("".join(f"{line}\n" for _, line in seen).encode())


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"ab\n\ncd\xff\n", "byte 2 of line 3 is not UTF-8"),
        (b"\x1f\x8bno gzip", "the gzip data is broken or cut off after line 0"),
        (gzip.compress(b"a\nb\n", mtime=0)[:-4], "the gzip data is broken or cut off after line"),
    ],
)
def test_what_cannot_be_read_is_an_error_that_says_where(tmp_path, content, problem):
    path = tmp_path / "lines"
    path.write_bytes(content)
    with pytest.raises(DocumentError, match=f"^file a file: {problem}"):
        lines_of(path)


def test_lines_that_are_not_utf8_can_be_told_apart(tmp_path):
    path = tmp_path / "lines"
    path.write_bytes(b"\xef\xbb\xbfa\n\xc3\xa9b\xff\n\n\xc3\xa9\n")
    with open(path, "rb") as file:
        lines = list(numbered_lines(file, "a file", "surrogateescape"))
    assert [number for number, _ in lines] == [1, 2, 4]
    check_utf8(lines[0][1], 1)
    check_utf8(lines[2][1], 4)
    with pytest.raises(DocumentError, match="^byte 3 of line 2 is not UTF-8 .invalid start byte.$"):
        check_utf8(lines[1][1], 2)
    text = b"\xc3\xa9\nab\xe9\n".decode("utf-8", "surrogateescape")
    with pytest.raises(DocumentError, match="^byte 2 of line 2 is not UTF-8"):
        check_utf8(text)


class BrokenDisk(io.RawIOBase):
    def readable(self):
        return True

    def readinto(self, buffer):
        raise OSError(errno.EIO, "the disk is broken")


def test_an_error_of_the_system_is_one_that_names_the_file():
    lines = numbered_lines(io.BufferedReader(BrokenDisk()), "a file")
    message = "^file a file: cannot be read after line 0: the disk is broken"
    with pytest.raises(DocumentError, match=message):
        next(lines)
