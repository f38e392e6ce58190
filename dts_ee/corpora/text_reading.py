"""
Dividing raw text into sentences and tokens.
"""

import re
from dataclasses import dataclass
from typing import Callable

from dts_ee.characters import is_blank
from dts_ee.corpora.graphemes import canonical

Spans = list[tuple[int, int]]

Tokenize = Callable[[str], Spans]
"""Returns the character span of each token of a text; the end is exclusive."""

SENTENCE_MODES = ("rules", "lines", "whole")

_BEFORE_NUMBERS = {"approx", "art", "ca", "ch", "eq", "fig", "figs", "no", "nos", "p", "pp", "vol"}
"""Abbreviations that are followed by a number."""

_BEFORE_NAMES = {"Capt", "Cmdr", "Col", "Cpl", "Ft", "Hon", "Lt", "Maj", "Mt", "Pvt", "Sgt"}
"""Abbreviations that are followed by a name, and that spaCy's tokenizer does not know."""

_CLOSING = {"''", "”", "’", ")", "]", "}", "»"}
"""Closing quotation marks and brackets."""


@dataclass(frozen=True)
class TextReading:
    """
    How text is divided into sentences and tokens.

    # Parameters

    tokenize : `Tokenize`
        The tokenizer. Tokens are divided where an entity begins or ends inside them.
    sentences : `str`, optional (default = `"rules"`)
        `"rules"`: a sentence ends at a blank line and where spaCy's sentencizer ends it, after `.`,
        `!`, `?` and the like with closing quotation marks and brackets, except before a small
        letter, between an abbreviation such as `Fig.` and a number or `Capt.` and a name, and if
        only punctuation follows. `"lines"`: each line is a sentence. `"whole"`: each text is one.
    """

    tokenize: Tokenize
    sentences: str = "rules"

    def __post_init__(self) -> None:
        if self.sentences not in SENTENCE_MODES:
            raise ValueError(f"{self.sentences!r} is none of {', '.join(SENTENCE_MODES)}")


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
        # A zero-width space separates words, where other invisible characters may be in one.
        in_word = (
            character != "\u200b" and text[i - 1 : i].isalnum() and text[i + 1 : i + 2].isalnum()
        )
        if not character.isspace() and is_blank(character) and not in_word:
            characters[i] = " "
    return "".join(characters)


def sentence_starts(text: str, spans: Spans, mode: str) -> list[int]:
    """
    The index of each sentence's first token.

    # Parameters

    text : `str`
        The text.
    spans : `Spans`
        The tokens.
    mode : `str`
        See `sentences` of `TextReading`.
    """
    starts = {0}
    if mode == "rules":
        starts.update(_starts_by_rules(text, spans))
    if mode != "whole":
        break_pattern = re.compile(r"\n" if mode == "lines" else r"\n[^\S\n]*\n")
        for i, (left, right) in enumerate(zip(spans, spans[1:], strict=False), start=1):
            if break_pattern.search(text, left[1], right[0]):
                starts.add(i)
    return sorted(starts)


def _starts_by_rules(text: str, spans: Spans) -> list[int]:
    # Imported where it is used: every command would wait for spaCy.
    from spacy.pipeline import Sentencizer
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

    words = [text[slice(*span)] for span in spans]
    doc = Sentencizer()(Doc(Vocab(), words=words))
    starts = []
    for sentence in doc.sents:
        start = sentence.start
        while 0 < start < len(words) and _closes(words[start], spans[start - 1], spans[start]):
            start += 1
        if start < len(words) and _can_begin(words, start):
            starts.append(start)
    return [
        start
        for start, end in zip(starts, [*starts[1:], len(words)], strict=False)
        if any(map(_is_word, words[start:end]))
    ]


def _closes(word: str, before: tuple[int, int], span: tuple[int, int]) -> bool:
    """Whether a word belongs to the sentence of the full stop before it, such as a bracket."""
    return word in _CLOSING or (before[1] == span[0] and not _is_word(word))


def _is_word(word: str) -> bool:
    return any(character.isalnum() for character in word)


def _can_begin(words: list[str], start: int) -> bool:
    """Whether a sentence may begin here; not after the full stop of an abbreviation."""
    first = words[start][0]
    if start > 1 and words[start - 1] == ".":
        abbreviation = words[start - 2]
        if first.isdigit() and abbreviation.lower() in _BEFORE_NUMBERS:
            return False
        if first.isupper() and abbreviation in _BEFORE_NAMES:
            return False
    return not first.islower()
