"""
The beginning of a file, from which its format is recognised.
"""

import gzip
import json
import os
import zlib
from functools import cached_property
from typing import Any, Optional

from dts_ee.corpora.files import GZIP_START, PathOrStr

NUM_BYTES = 1 << 20
"""How much of a file is looked at."""


class Beginning:
    """
    What a file begins with, or the names of the files in a folder.

    # Parameters

    path : `PathOrStr`
        The file or the folder. One that cannot be read is empty.
    """

    def __init__(self, path: PathOrStr) -> None:
        self.path = os.fspath(path)
        self.is_folder = os.path.isdir(self.path)

    @cached_property
    def names(self) -> list[str]:
        """The names of the files in the folder and the folders in it, without hidden ones."""
        return [
            name for _, _, names in os.walk(self.path) for name in names if not name.startswith(".")
        ]

    @cached_property
    def data(self) -> bytes:
        """The first bytes, decompressed if they are gzipped."""
        if self.is_folder:
            return b""
        try:
            with open(self.path, "rb") as file:
                data = file.read(NUM_BYTES)
            if data.startswith(GZIP_START):
                with gzip.open(self.path) as compressed:
                    data = compressed.read(NUM_BYTES)
        except (OSError, EOFError, zlib.error):
            return b""
        return data

    @cached_property
    def is_text(self) -> bool:
        """Whether it is UTF-8; the last character may be cut off."""
        try:
            self.data[:-4].decode("utf-8-sig")
        except UnicodeDecodeError:
            return False
        return b"\0" not in self.data

    @cached_property
    def text(self) -> str:
        """The first characters, without white space before them."""
        return self.data.decode("utf-8-sig", errors="replace").lstrip() if self.is_text else ""

    @cached_property
    def lines(self) -> list[str]:
        """The first lines, without blank ones."""
        lines = self.text[:20000].split("\n")
        # The last one may be cut off.
        lines = lines[:-1] if len(self.text) > 20000 else lines
        return [line.rstrip("\r") for line in lines if line.strip()]

    @cached_property
    def is_list(self) -> bool:
        """Whether it begins like a list in JSON."""
        return self.text.startswith("[")

    @cached_property
    def value(self) -> Any:
        """The first JSON value of a list, or of the file; `None` if there is none."""
        text = self.text[1:].lstrip() if self.is_list else self.text
        try:
            value, _ = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            return None
        return value

    @property
    def record(self) -> dict[str, Any]:
        """The first JSON value, if it is an object; otherwise an empty one."""
        return self.value if isinstance(self.value, dict) else {}

    def first_item(self, key: str) -> Optional[Any]:
        """The first value in the list that the record has under a key, if there is one."""
        items = self.record.get(key)
        return items[0] if isinstance(items, list) and items else None
