"""
Which ends of lines are ends of sentences.

Prose may be wrapped, so that its lines are about equally long and end anywhere; the lines of lists,
tables, headings and bylines are of their own.
"""

import re
from dataclasses import dataclass
from typing import Optional, Sequence

MIN_WRAP_WIDTH = 40
"""Text with shorter lines is not taken for wrapped prose."""

MAX_FILLED = 0.75
"""A line that ends before this part of the width, with the next word, was not wrapped there."""

_BULLET = re.compile(r"[•●○◦▪■□▫‣⁃∙·✓✔➢➤►▶→»](?=\s)")
_DASH = re.compile(r"(?:[-*+–—]|o(?=\s\S)|--)(?=\s)")
_NUMBER = re.compile(
    r"\(?(?:(?P<number>[0-9]{1,3}(?:\.[0-9]{1,3})*)|(?P<roman>[ivx]{2,5}|[IVX]{2,5})"
    r"|(?P<letter>[A-Za-z]))[.)](?=\s)|(?P<bracket>\[[0-9]{1,3}\])(?=\s)"
)
_ROW = re.compile(r"\S\t+\S|\S\s{3,}\S|\|.*\|")
_SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]]*$")
_GOES_ON = re.compile(r"[,，、(\[{\-–—/&]$")
_OPENING = "\"'“‘«([{*_#"
_FUNCTION_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "by",
        "for",
        "from",
        "he",
        "her",
        "his",
        "in",
        "into",
        "is",
        "it",
        "its",
        "my",
        "nor",
        "of",
        "on",
        "or",
        "our",
        "she",
        "than",
        "that",
        "the",
        "their",
        "they",
        "this",
        "to",
        "was",
        "we",
        "were",
        "which",
        "who",
        "whose",
        "with",
    ]
)
"""English words that no heading and no item of a list ends with."""


@dataclass(frozen=True)
class _Line:
    start: int
    text: str

    @property
    def marker(self) -> Optional[tuple[str, str]]:
        """The kind and the text of what a list's item begins with."""
        for kind, pattern in (("bullet", _BULLET), ("dash", _DASH)):
            match = pattern.match(self.text)
            if match:
                return kind, match[0]
        match = _NUMBER.match(self.text)
        return (str(match.lastgroup), match[0]) if match else None


def line_break_starts(text: str) -> tuple[list[int], list[tuple[int, int]]]:
    """
    Where lines begin that are not the continuation of the line before.

    Such are the lines after blank ones, the items of a list, the rows of a table, and lines after a
    short line without a full stop if they begin with a capital letter or a number.

    # Parameters

    text : `str`
        The text.

    # Returns

    `tuple[list[int], list[tuple[int, int]]]`
        The characters at which such lines begin, and the spans of the numbers and letters that
        items begin with, such as `1.`, whose full stops end no sentence.
    """
    starts: list[int] = []
    numbers: list[tuple[int, int]] = []
    for block in _blocks(text):
        width = _width(block)
        is_prose = _SENTENCE_END.search(block[-1].text) is not None
        is_item: list[bool] = []
        for i in range(len(block)):
            is_item.append(_is_item(block, i, width, is_item))
        for i, line in enumerate(block):
            if i == 0 or is_item[i] or _ends(block[i - 1].text, line.text, width, is_prose):
                starts.append(line.start)
            marker = line.marker
            if is_item[i] and marker is not None:
                numbers.append((line.start, line.start + len(marker[1])))
    return starts, numbers


def _blocks(text: str) -> list[list[_Line]]:
    """The lines that are not blank; blank ones are between two blocks."""
    blocks: list[list[_Line]] = [[]]
    for match in re.finditer(r"[^\n\r\u2028\u2029]*(?:\r\n|[\n\r\u2028\u2029]|$)", text):
        line = match[0].strip()
        if not line:
            blocks.append([])
            continue
        indent = len(match[0]) - len(match[0].lstrip())
        blocks[-1].append(_Line(match.start() + indent, line))
    return [block for block in blocks if block]


def _width(block: Sequence[_Line]) -> int:
    """The width that the lines are wrapped at, if they are; a single longer line does not count."""
    lengths = sorted(len(line.text) for line in block)
    if len(lengths) > 1 and lengths[-1] > 1.3 * lengths[-2] and lengths[-2] >= MIN_WRAP_WIDTH:
        return lengths[-2]
    return lengths[-1]


def _is_item(block: Sequence[_Line], index: int, width: int, are_items: Sequence[bool]) -> bool:
    """Whether a line is an item of a list, where it is known for the lines before it."""
    marker = block[index].marker
    if marker is None:
        return False
    if index == 0 or marker[0] == "bullet" or are_items[-1]:
        return True
    before = block[index - 1].text
    if _SENTENCE_END.search(before) or before.endswith((":", ";")):
        return True
    if _ends_early(before, block[index].text, width):
        return True
    # A dash or a number at the start of a line may be one of a wrapped sentence.
    return any(
        line.marker is not None and line.marker[0] == marker[0] and line.marker != marker
        if marker[0] not in ("bullet", "dash")
        else line.marker == marker
        for i, line in enumerate(block)
        if i != index
    )


def _ends(line: str, following: str, width: int, is_prose: bool) -> bool:
    """
    Whether a sentence ends with a line, whatever the full stops say.

    `is_prose` says whether the lines around end with a full stop.
    """
    if _ROW.search(line) or _ROW.search(following):
        return True
    if _SENTENCE_END.search(line) or _GOES_ON.search(line):
        return False
    first = following.lstrip(_OPENING)[:1]
    has_start = first.isupper() or first.isdigit()
    if line.endswith(":"):
        return has_start or _ends_early(line, following, width)
    if line.split()[-1].lower() in _FUNCTION_WORDS:
        return False
    if has_start and width < MIN_WRAP_WIDTH:
        has_small_letters = any(word[0].islower() for word in line.split())
        return not (is_prose and has_small_letters) or _ends_early(line, following, width)
    # Letters of scripts without capitals are neither.
    return not first.islower() and first.isalnum() and _ends_early(line, following, width)


def _ends_early(line: str, following: str, width: int) -> bool:
    """Whether the first word of the next line had room in this one."""
    return len(line) + 1 + len(following.split(maxsplit=1)[0]) <= MAX_FILLED * width
