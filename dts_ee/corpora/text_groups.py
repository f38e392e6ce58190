"""
The sentences of one text, found again by their identifiers.
"""

import re
from typing import Sequence

from dts_ee.document import Document


def is_next_sentence(previous: Document, document: Document) -> bool:
    """Whether the identifiers are those of a sentence and the next of its text: `a-1`, `a-2`."""
    match = re.fullmatch(r"(.+-)(\d{1,9})", previous.id or "", re.DOTALL)
    return match is not None and document.id == f"{match[1]}{int(match[2]) + 1}"


def texts_of(documents: Sequence[Document]) -> list[tuple[str, list[Document]]]:
    """
    The texts that documents are the sentences of, in their order.

    Readers call the sentences of the text `a` `a-1`, `a-2` and so on. Neighbours with such
    identifiers, from `-1` on and without a gap, are one text; every other document is its own.

    # Returns

    `list[tuple[str, list[Document]]]`
        The identifier of each text, or its number as in `#3` where it has none, and its sentences.
    """
    texts: list[tuple[str, list[Document]]] = []
    i = 0
    while i < len(documents):
        id = documents[i].id
        match = re.fullmatch(r"(.+)-1", id or "", re.DOTALL)
        length = 1
        while (
            match is not None
            and i + length < len(documents)
            and is_next_sentence(documents[i + length - 1], documents[i + length])
        ):
            length += 1
        if match is not None and length > 1:
            id = match[1]
        texts.append((f"#{len(texts) + 1}" if id is None else id, list(documents[i : i + length])))
        i += length
    return texts
