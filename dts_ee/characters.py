"""
What a reader sees of a text: which characters nobody sees.
"""

import re
import unicodedata

_NOT_SHOWN = {"Cc", "Cs"}
"""Unicode's categories of control characters and of halves of surrogate pairs."""

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
"""Unicode's `Default_Ignorable_Code_Point`, and the marks of annotations between lines."""


def is_blank(text: str) -> bool:
    """Whether a text has only white space and invisible characters."""
    return not without_invisible(text).strip()


def without_invisible(text: str) -> str:
    """The text without characters that are not seen: zero-width spaces, variation selectors, …"""
    return text if text.isascii() else _INVISIBLE.sub("", text)


def in_one_line(text: str) -> str:
    """
    A text without ends of lines and repeated white space, and with control characters, which might
    change the colour of a terminal, as in a Python string.
    """
    return "".join(
        character.encode("unicode_escape").decode()
        if unicodedata.category(character) in _NOT_SHOWN
        else character
        for character in " ".join(text.split())
    )


def visible_span(text: str, start: int, end: int) -> tuple[int, int]:
    """A span of a text without blank characters at its ends; empty if it has no others."""
    while start < end and is_blank(text[start]):
        start += 1
    while start < end and is_blank(text[end - 1]):
        end -= 1
    return start, end
