"""
Dividing raw text into sentences and tokens.
"""

import re
from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, Sequence

from dts_ee.characters import is_blank
from dts_ee.corpora.graphemes import canonical
from dts_ee.corpora.sentence_rules import Spans, starts_by_rules
from dts_ee.document import DocumentError

Tokenize = Callable[[str], Spans]
"""Returns the character span of each token of a text; the end is exclusive."""

FindStarts = Callable[[str, Spans], Sequence[int]]
"""Takes a text and its tokens, and returns the index of each sentence's first token."""


@dataclass(frozen=True)
class TextReading:
    """
    How text is divided into sentences and tokens.

    # Parameters

    tokenize : `Tokenize`
        The tokenizer.
    sentences : `FindStarts`, optional (default = `starts_by_rules`)
        Finds the sentences.
    divide_tokens : `bool`, optional (default = `False`)
        Whether a token is divided where an entity begins or ends inside it. Otherwise such an
        entity is lost: text without entities has the same tokens.
    note : `Optional[Mapping[str, Any]]`, optional (default = `None`)
        The configuration of the tokenizer, which documents keep.
    windows : `int`, optional (default = `1`)
        How many neighbouring sentences of a text become one document.
    context_sentences : `int`, optional (default = `0`)
        How many documents of the text on each side of a document are its context: see
        `with_context`.
    """

    tokenize: Tokenize
    sentences: FindStarts = starts_by_rules
    divide_tokens: bool = False
    note: Optional[Mapping[str, Any]] = None
    windows: int = 1
    context_sentences: int = 0

    def __post_init__(self) -> None:
        if self.windows < 1:
            raise ValueError(f"windows of {self.windows} sentences: there must be at least one")

    def sentence_starts(self, text: str, spans: Spans) -> list[int]:
        """
        The index of each sentence's first token.

        # Parameters

        text : `str`
            The text.
        spans : `Spans`
            The tokens.
        """
        return sorted({0, *self.sentences(text, spans)})


def check_no_windows(reading: TextReading) -> None:
    """Raises a `DocumentError` if sentences are to be joined that belong to no text."""
    if reading.windows > 1:
        raise DocumentError(
            "--windows joins neighbouring sentences of a text, and in this format sentences belong "
            "to none"
        )


def start_of_text(text: str, spans: Spans) -> list[int]:
    """The index of the first token of the text, which is one sentence."""
    return [0]


def starts_of_lines(text: str, spans: Spans) -> list[int]:
    """The index of the first token of each line."""
    pairs = enumerate(zip(spans, spans[1:], strict=False), start=1)
    ends = re.compile(r"[\n\r\u2028\u2029]")
    return [0, *(i for i, (left, right) in pairs if ends.search(text, left[1], right[0]))]


def word_spans(text: str, tokenize: Tokenize) -> Spans:
    """
    The tokens of a text, whatever the tokenizer makes of characters that are not seen.

    Invisible characters, such as zero-width spaces, are like spaces where they are not inside a
    word: no tokens, and not part of one. A grapheme cluster, such as a letter with its combining
    marks, is in one token. The tokenizer is given NFC, because rules do not know combining marks.

    # Parameters

    text : `str`
        The text.
    tokenize : `Tokenize`
        The tokenizer.
    """
    if text.isascii():
        return tokenize(text)
    characters, starts, ends = canonical(text, _with_spaces_for_invisible(text))
    spans: Spans = []
    for first, last in tokenize(characters):
        # Several characters may come from one grapheme cluster.
        start = max(starts[first], spans[-1][1] if spans else 0)
        if start < ends[last - 1]:
            spans.append((start, ends[last - 1]))
    return spans


def _with_spaces_for_invisible(text: str) -> str:
    """The text, of the same length, with spaces for invisible characters that are in no word."""
    characters = list(text)
    for i, character in enumerate(text):
        if character.isspace() or not is_blank(character):
            continue
        # A zero-width space separates words, where other invisible characters may be in one.
        around = (text[i - 1 : i], text[i + 1 : i + 2])
        if character == "\u200b" or not all(neighbour.isalnum() for neighbour in around):
            characters[i] = " "
    return "".join(characters)
