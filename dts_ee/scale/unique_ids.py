"""Checks that the identifiers of rows are unique."""

import hashlib
from typing import Any, Dict, Iterable, List, Tuple

import numpy

from dts_ee.document import DocumentError

Place = Tuple[str, int]
"""The file of a row, and its number there."""


class UniqueIds:
    """
    Finds identifiers that occur twice, in two passes over them. The first keeps eight bytes for
    each of them.
    """

    def __init__(self) -> None:
        self._hashes: List[numpy.ndarray] = []

    def add(self, values: Iterable[Any]) -> None:
        """Adds identifiers in the first pass; null is none."""
        hashes = [_hash(value) for value in values if value is not None]
        self._hashes.append(numpy.array(hashes, dtype=numpy.uint64))

    def suspects(self) -> "Suspects":
        """What the second pass has to look at."""
        hashes = numpy.concatenate(self._hashes) if self._hashes else numpy.empty(0, numpy.uint64)
        self._hashes = []
        hashes.sort()
        return Suspects(hashes[1:][hashes[1:] == hashes[:-1]].tolist())


class Suspects:
    """
    The identifiers that may occur twice: their hashes do.

    # Parameters

    hashes : `Iterable[int]`
        The hashes.
    """

    def __init__(self, hashes: Iterable[int]) -> None:
        self._hashes = set(hashes)
        self._seen: Dict[str, Place] = {}

    def __bool__(self) -> bool:
        return bool(self._hashes)

    def check(self, value: Any, place: Place) -> None:
        """
        Looks at an identifier in the second pass.

        # Raises

        `DocumentError`
            If it has occurred before.
        """
        if value is None or _hash(value) not in self._hashes:
            return
        text = str(value)
        if text in self._seen:
            file, row = self._seen[text]
            raise DocumentError(
                f"the identifier {text!r} is that of row {row} of {file} too",
                document_id=f"row {place[1]}",
                path=place[0],
            )
        self._seen[text] = place


def _hash(value: Any) -> int:
    digest = hashlib.blake2b(str(value).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little")
