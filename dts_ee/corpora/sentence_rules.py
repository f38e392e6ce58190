"""
Dividing raw text into sentences by rules.
"""

import re
from bisect import bisect_left
from typing import Sequence

from dts_ee.corpora.line_breaks import line_break_starts

Spans = list[tuple[int, int]]

_BEFORE_NUMBERS = {"approx", "art", "ca", "ch", "eq", "fig", "figs", "no", "nos", "p", "pp", "vol"}
"""Abbreviations that are followed by a number."""

_BEFORE_NAMES = {"Capt", "Cmdr", "Col", "Cpl", "Ft", "Hon", "Lt", "Maj", "Mt", "Pvt", "Sgt"}
"""Abbreviations that are followed by a name, and that spaCy's tokenizer does not know."""

_CLOSING = {"''", "”", "’", ")", "]", "}", "»"}
"""Closing quotation marks and brackets."""


def starts_by_rules(text: str, spans: Spans, abbreviations: Sequence[str] = ()) -> list[int]:
    """
    The index of each sentence's first token.

    A sentence ends where spaCy's sentencizer ends it, after `.`, `!`, `?` and the like with closing
    quotation marks and brackets, except before a small letter, after an abbreviation, between an
    abbreviation such as `Fig.` and a number or `Capt.` and a name, after the number of a list's
    item, and if only punctuation follows. It also ends before a line that is not the continuation
    of the line before; see `line_break_starts`.

    # Parameters

    text : `str`
        The text.
    spans : `Spans`
        The tokens.
    abbreviations : `Sequence[str]`, optional (default = `()`)
        Abbreviations that end no sentence, such as `z. B.`; the last full stop may be left out.
    """
    # Imported where it is used: every command would wait for spaCy.
    from spacy.pipeline import Sentencizer
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

    words = [text[slice(*span)] for span in spans]
    if not words:
        return [0]
    firsts = [start for start, _ in spans]
    lines, numbers = line_break_starts(text)
    after_numbers = {bisect_left(firsts, end) for _, end in numbers}
    abbreviation_ends = _abbreviation_ends(text, abbreviations)
    after_closing = _after_closing(words, spans)
    doc = Sentencizer()(Doc(Vocab(), words=words))
    starts = set()
    for sentence in doc.sents:
        start = after_closing[sentence.start]
        if start == len(words) or start in after_numbers or not _can_begin(words, start):
            continue
        if start and spans[start - 1][1] in abbreviation_ends:
            continue
        starts.add(start)
    line_starts = {bisect_left(firsts, start) for start in lines}
    ordered = sorted((starts | line_starts) - {len(words)})
    return [
        start
        for start, end in zip(ordered, [*ordered[1:], len(words)], strict=True)
        if any(map(_is_word, words[start:end]))
    ]


def _abbreviation_ends(text: str, abbreviations: Sequence[str]) -> set[int]:
    """Where the abbreviations in a text end, with their last full stop."""
    ends: set[int] = set()
    for abbreviation in abbreviations:
        parts = re.findall(r"[^\s.]+|\.", abbreviation.strip().rstrip("."))
        if parts:
            letters = r"\s*".join(map(re.escape, parts))
            # Looked at ahead, because one abbreviation may begin inside another.
            pattern = rf"(?<!\w)(?=({letters}\s*\.))"
            ends.update(match.end(1) for match in re.finditer(pattern, text))
    return ends


def _after_closing(words: list[str], spans: Spans) -> list[int]:
    """For each word, the first one from there on that does not belong to the sentence before it."""
    found = list(range(len(words) + 1))
    for i in range(len(words) - 1, 0, -1):
        if _closes(words[i], spans[i - 1], spans[i]):
            found[i] = found[i + 1]
    return found[:-1]


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
