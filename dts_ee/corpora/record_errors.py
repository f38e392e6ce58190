"""
What happens to the records of a file that cannot be read.
"""

import os
from contextlib import contextmanager
from typing import Iterator, Optional

from dts_ee.corpora.corpus import Remark
from dts_ee.corpora.files import PathOrStr
from dts_ee.document import DocumentError

SKIP = "skip"
UNREADABLE = "record that cannot be read"


class RecordErrors:
    """
    Raises the errors of records, or lists them.

    # Parameters

    path : `PathOrStr`
        The file or folder of the records.
    on_error : `str`, optional (default = `None`)
        With `"skip"`, records with errors are left out; otherwise the first error is raised.
    """

    def __init__(self, path: PathOrStr, on_error: Optional[str] = None) -> None:
        self._path = os.fspath(path)
        self._skips = on_error == SKIP
        self.remarks: list[Remark] = []
        """A remark on each record that was left out."""

    @contextmanager
    def located(self, location: Optional[str], file: Optional[PathOrStr] = None) -> Iterator[None]:
        """
        Ends at the first error in a record. The error gets the file and the record.

        # Parameters

        location : `Optional[str]`
            The record, if its errors do not name it.
        file : `PathOrStr`, optional (default = `None`)
            The file of the record, if it is one of a folder.

        # Raises

        `DocumentError`
            The error, unless it is to be skipped.
        """
        try:
            yield
        except DocumentError as error:
            path = self._path if file is None else os.fspath(file)
            located = error.located(location, path)
            if not self._skips:
                raise located from error.__cause__
            self.remarks.append(Remark(UNREADABLE, str(located)))
