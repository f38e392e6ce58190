"""
Readers and writers of file formats, from and to `Document`s.
"""

from dts_ee.corpora.alignment import align_tokens
from dts_ee.corpora.spert import (
    document_from_json,
    document_to_json,
    read_documents,
    write_documents,
)

__all__ = [
    "align_tokens",
    "document_from_json",
    "document_to_json",
    "read_documents",
    "write_documents",
]
