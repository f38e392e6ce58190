"""
What a source holds and no document has: counted, so that it is named once and not per record.
"""

from collections import Counter
from typing import Any, Collection, Mapping

from dts_ee.corpora.corpus import Remark


class Unread:
    """
    Counts what is not read, by its name.

    # Parameters

    problem : `str`, optional (default = `"what is not read"`)
        The `problem` of the remarks on it.
    """

    def __init__(self, problem: str = "what is not read") -> None:
        self._problem = problem
        self._counts: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, name: str, document: str, number: int = 1) -> None:
        """
        Counts one or several more.

        # Parameters

        name : `str`
            What is not read.
        document : `str`
            The identifier of the document, or its location, which the remark names if it is the
            first.
        number : `int`, optional (default = `1`)
            How many more.
        """
        self._counts[name] += number
        self._first.setdefault(name, document)

    def add_keys(
        self, record: Mapping[str, Any], known: Collection[str], document: str, prefix: str = ""
    ) -> None:
        """Counts the keys of a record that are not known and have a value that is not empty."""
        for key, value in record.items():
            if key not in known and not is_empty(value):
                self.add(f"{prefix}{key}", document)

    def remarks(self) -> list[Remark]:
        """A remark for each name, with how often it was there."""
        return [
            Remark(self._problem, f"{name} ({count:,} times, first in {self._first[name]})")
            for name, count in self._counts.items()
        ]


def is_empty(value: Any) -> bool:
    """Whether a JSON value says nothing: null, an empty string, or lists of empty lists."""
    if isinstance(value, list):
        return all(item == [] for item in value)
    return value is None or value in ("", {})
