"""
Documents from a file or an address.
"""

from typing import List

from allennlp.common.file_utils import cached_path

from dts_ee.corpora.spert import read_documents
from dts_ee.document import Document, DocumentError


def read_corpus_file(path: str) -> List[Document]:
    """
    The documents of a file.

    # Parameters

    path : `str`
        A file, or an address, which AllenNLP keeps a copy of.

    # Raises

    `DocumentError`
        If the file is missing or cannot be read; it names the file as it was given.
    """
    try:
        local_path = cached_path(path)
    except FileNotFoundError:
        raise DocumentError("there is no such file", path=path) from None
    try:
        return read_documents(local_path)
    except DocumentError as error:
        # The user knows the file by the name that was given, not by that of a cache entry.
        raise DocumentError(
            error.problem, error.field, error.document_id, path
        ) from error.__cause__
