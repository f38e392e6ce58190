"""What the tests of formats with raw text read with."""

import re

from dts_ee.corpora.sentence_rules import starts_by_rules
from dts_ee.corpora.text_reading import TextReading, Tokenize, start_of_text, starts_of_lines

SENTENCES = {"rules": starts_by_rules, "lines": starts_of_lines, "whole": start_of_text}


def at_white_space(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in re.finditer(r"\S+", text)]


def words(text: str) -> list[tuple[int, int]]:
    """Words, and each other character."""
    return [match.span() for match in re.finditer(r"\w+|[^\w\s]", text)]


def reading(
    sentences: str = "rules",
    tokenize: Tokenize = at_white_space,
    divide_tokens: bool = True,
    windows: int = 1,
) -> TextReading:
    return TextReading(tokenize, SENTENCES[sentences], divide_tokens, windows=windows)
