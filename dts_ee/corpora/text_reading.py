"""
How raw text becomes sentences and tokens.
"""

import re
from dataclasses import dataclass
from typing import Callable

Spans = list[tuple[int, int]]

Tokenize = Callable[[str], Spans]
"""From a text to the first character of each token and the one after its last."""

SENTENCE_MODES = ("rules", "lines", "whole")

_BEFORE_NUMBERS = {"approx", "art", "ca", "ch", "eq", "fig", "figs", "no", "nos", "p", "pp", "vol"}
"""Abbreviations that a number follows, not a sentence."""


@dataclass(frozen=True)
class TextReading:
    """
    How annotated text becomes sentences and tokens.

    # Parameters

    tokenize : `Tokenize`
        Finds the tokens of a text. One that does not end where an entity begins or ends is divided.
    sentences : `str`, optional (default = `"rules"`)
        `"rules"`: a sentence ends at a blank line and where spaCy's sentencizer says so, that is,
        after `.`, `!`, `?` and the like and what is written together with them, except before a
        small letter and between an abbreviation such as `Fig.` and a number. `"lines"`: each line
        is one. `"whole"`: each text is one.
    """

    tokenize: Tokenize
    sentences: str = "rules"

    def __post_init__(self) -> None:
        if self.sentences not in SENTENCE_MODES:
            raise ValueError(f"{self.sentences!r} is none of {', '.join(SENTENCE_MODES)}")


def sentence_starts(text: str, spans: Spans, mode: str) -> list[int]:
    """
    The index of each sentence's first token.

    # Parameters

    text : `str`
        The text.
    spans : `Spans`
        Its tokens.
    mode : `str`
        What `TextReading` calls `sentences`.
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
    # Every command would wait for spaCy.
    from spacy.pipeline import Sentencizer
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

    words = [text[slice(*span)] for span in spans]
    doc = Sentencizer()(Doc(Vocab(), words=words))
    starts = []
    for sentence in doc.sents:
        start = sentence.start
        # What is written together with the full stop, such as a closing quotation mark or bracket.
        while (
            0 < start < len(words)
            and spans[start - 1][1] == spans[start][0]
            and not any(character.isalnum() for character in words[start])
        ):
            start += 1
        if start < len(words) and _can_begin(words, start):
            starts.append(start)
    return starts


def _can_begin(words: list[str], start: int) -> bool:
    """Whether a sentence may begin here, or the full stop before it is that of an abbreviation."""
    first = words[start][0]
    if first.isdigit() and start > 1:
        return words[start - 2].lower() not in _BEFORE_NUMBERS
    return not first.islower()
