"""
Corpora of JSON records, each of them an annotated text.
"""

from typing import Any, Callable, Mapping, Optional, Protocol, Union

from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr
from dts_ee.corpora.json_records import read_json_records
from dts_ee.corpora.json_values import as_object, as_string
from dts_ee.corpora.record_errors import RecordErrors
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


def read_record_corpus(
    path: PathOrStr,
    reading: TextReading,
    read_record: ReadRecord,
    on_error: Optional[str] = None,
) -> Corpus:
    """
    The sentences of all records that are not left out; the records are the groups.

    # Parameters

    path : `PathOrStr`
        A file with a list of records, or one per line.
    reading : `TextReading`
        How a text without tokens is divided into sentences and tokens.
    read_record : `ReadRecord`
        How a record becomes a text.
    on_error : `str`, optional (default = `None`)
        What happens to an invalid record; see `RecordErrors`.

    # Raises

    `DocumentError`
        If the file cannot be read, or a record is invalid.
    """
    documents: list[Document] = []
    groups: list[str] = []
    remarks: list[Remark] = []
    unread = Unread()
    errors = RecordErrors(path, on_error)
    for location, record in read_json_records(path):
        # The error of a line that is no JSON names the line.
        with errors.located(None if isinstance(record, DocumentError) else location):
            if isinstance(record, DocumentError):
                raise record
            text = read_record(as_object(record, ()), location, unread)
            if isinstance(text, Remark):
                remarks.append(text)
                continue
            sentences = text.documents(reading)
            documents.extend(sentences)
            groups.extend(location for _ in sentences)
            remarks.extend(text.remarks)
    return Corpus(documents, groups, [*remarks, *errors.remarks, *unread.remarks()])


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
