"""
Corpora of JSON records, each of them an annotated text.
"""

import os
from typing import Any, Callable, Mapping, Protocol, Union

from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr
from dts_ee.corpora.json_records import read_json_objects
from dts_ee.corpora.json_values import as_string
from dts_ee.corpora.text_reading import TextReading
from dts_ee.corpora.unread import Unread
from dts_ee.document import Document, DocumentError

UNANNOTATED = "text without annotation"


class Text(Protocol):
    """An `AnnotatedText`, or a `TokenText`."""

    @property
    def remarks(self) -> list[Remark]: ...

    def documents(self, reading: TextReading) -> list[Document]: ...


ReadRecord = Callable[[dict[str, Any], str, Unread], Union[Text, Remark]]
"""
Takes a record, its location and where to count the keys that are not read; returns its text, or a
remark on why it is left out.
"""


def left_out(problem: str, location: str) -> Remark:
    """The remark on a record that is left out, for example because it is `UNANNOTATED`."""
    return Remark(problem, "left out", document=location)


def read_record_corpus(path: PathOrStr, reading: TextReading, read_record: ReadRecord) -> Corpus:
    """
    The sentences of all records that are not left out; the records are the groups.

    # Parameters

    path : `PathOrStr`
        A file with a list of records, or one per line.
    reading : `TextReading`
        How a text without tokens is divided into sentences and tokens.
    read_record : `ReadRecord`
        How a record becomes a text.

    # Raises

    `DocumentError`
        If the file cannot be read, or a record is invalid.
    """
    documents: list[Document] = []
    groups: list[str] = []
    remarks: list[Remark] = []
    unread = Unread()
    for location, record in read_json_objects(path):
        try:
            text = read_record(record, location, unread)
            sentences = [] if isinstance(text, Remark) else text.documents(reading)
        except DocumentError as error:
            raise error.located(location, os.fspath(path)) from None
        if isinstance(text, Remark):
            remarks.append(text)
            continue
        documents.extend(sentences)
        groups.extend(location for _ in sentences)
        remarks.extend(text.remarks)
    return Corpus(documents, groups, [*remarks, *unread.remarks()])


def identifier(record: Mapping[str, Any], keys: tuple[str, ...], location: str) -> str:
    """The value of the first of `keys` that is there, a string or a number, or the location."""
    for key in keys:
        value = record.get(key)
        if value is None:
            continue
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return as_string(value, (key,))
    return location
