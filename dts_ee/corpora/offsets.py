"""
The units in which the offsets of a document's entities are counted.

Tools count differently: Python counts code points, JavaScript UTF-16 code units, and others bytes;
a file whose line ends were changed has other offsets after each of them. One document has one unit.
"""

from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate, product
from typing import Callable, Container, Iterator, Optional, Sequence
from unicodedata import normalize

from dts_ee.characters import without_invisible
from dts_ee.corpora.graphemes import Graphemes


@dataclass(frozen=True)
class Mention:
    """
    The offsets of an entity, and its text where that is known.

    # Parameters

    start : `int`
        The offset of its start.
    end : `int`
        The offset of its end.
    quoted : `str`, optional (default = `None`)
        Its text. White space may differ from that in the document.
    """

    start: int
    end: int
    quoted: Optional[str] = None


@dataclass(frozen=True)
class OffsetUnit:
    """
    A way to count offsets in a text.

    # Parameters

    name : `str`
        What is counted, in a few words.
    positions : `Sequence[int]`
        The offset of each code point of the text, and of the text's end.
    first : `int`, optional (default = `0`)
        The offset of the text's start.
    last_included : `bool`, optional (default = `False`)
        Whether an end is the offset of the last character, not the one after it.
    """

    name: str
    positions: Sequence[int]
    first: int = 0
    last_included: bool = False

    def span(self, mention: Mention) -> Optional[tuple[int, int]]:
        """
        The code points of a mention. An end after the text's end is taken for the text's end.

        # Returns

        `Optional[tuple[int, int]]`
            `None` if an offset is not in the text, or inside a code point.
        """
        start = self._index(mention.start - self.first)
        # The last character may be several units long, so that its end is the next position.
        if self.last_included:
            last = self._index(mention.end - self.first)
            end = None if last is None else min(last + 1, len(self.positions) - 1)
        else:
            end = self._index(min(mention.end - self.first, self.positions[-1]))
        if start is None or end is None or start >= end:
            return None
        return start, end

    def ends_after_text(self, mention: Mention) -> bool:
        """Whether a mention ends after the text's end."""
        return mention.end - self.first + self.last_included > self.positions[-1]

    def _index(self, offset: int) -> Optional[int]:
        index = bisect_left(self.positions, offset)
        found = index < len(self.positions) and self.positions[index] == offset
        return index if found else None


def code_points(text: str) -> OffsetUnit:
    """The unit that Python counts."""
    return OffsetUnit("code points", range(len(text) + 1))


def same_text(first: str, second: str) -> bool:
    """Whether two texts are canonically equal, but for white space and invisible characters."""
    return first == second or _comparable(first) == _comparable(second)


def find_unit(
    text: str, mentions: Sequence[Mention], token_borders: Container[int] = ()
) -> tuple[OffsetUnit, int]:
    """
    The unit in which the offsets of all mentions are counted.

    A mention fits a unit if its characters are its text; where that is not known, if it is in the
    document and neither begins nor ends inside a word. If no text is known, code points are taken
    unless a mention is outside of the document then.

    # Parameters

    text : `str`
        The document.
    mentions : `Sequence[Mention]`
        All its mentions.
    token_borders : `Container[int]`, optional (default = `()`)
        Where tokens begin and end, if that is known: there a mention without text fits, too.

    # Returns

    `tuple[OffsetUnit, int]`
        The unit, and how many mentions fit it. Code points are taken where all mentions fit them.
        Otherwise it is the unit that most mentions fit, if that is more than half of them, or else
        code points.
    """

    def num_fitting(unit: OffsetUnit) -> int:
        return sum(fits(text, mention, unit, token_borders) for mention in mentions)

    plain = best = code_points(text)
    num_plain = num_best = num_fitting(plain)
    quoted = any(mention.quoted is not None for mention in mentions)
    is_possible = all(
        plain.span(mention) and not plain.ends_after_text(mention) for mention in mentions
    )
    if num_plain == len(mentions) or (is_possible and not quoted):
        return plain, num_plain
    for unit in _other_units(text, quoted):
        number = num_fitting(unit)
        if number > num_best and 2 * number > len(mentions):
            best, num_best = unit, number
        if num_best == len(mentions):
            break
    # Without any text to compare, less than all is no evidence.
    return (best, num_best) if quoted or num_best == len(mentions) else (plain, num_plain)


def fits(text: str, mention: Mention, unit: OffsetUnit, token_borders: Container[int] = ()) -> bool:
    """Whether a mention fits a unit; see `find_unit`."""
    span = unit.span(mention)
    if span is None:
        return False
    start, end = span
    if mention.quoted is not None:
        return same_text(text[start:end], mention.quoted)
    if unit.ends_after_text(mention):
        return False
    return all(
        border in token_borders or not text[max(border - 1, 0) : border + 1].isalnum()
        for border in (start, end)
        if 0 < border < len(text)
    )


def _other_units(text: str, quoted: bool) -> Iterator[OffsetUnit]:
    """The units that differ from code points in this text, the more usual ones first."""
    seen = {tuple(range(len(text) + 1))}
    plain = [OffsetUnit("code points", range(len(text) + 1))]
    for (name, width), (line_name, line_width) in product(_UNITS.items(), _LINE_ENDS.items()):
        positions = tuple(accumulate(_positions(text, width, line_width), initial=0))
        if positions not in seen:
            seen.add(positions)
            plain.append(OffsetUnit(f"{name}{line_name}", positions))
    yield from plain[1:]
    # So small differences are evidence only where there is a text to compare.
    if quoted:
        for first, last_included in ((0, True), (1, False), (1, True)):
            for unit in plain:
                name = unit.name
                name += ", the first being 1" if first else ""
                name += ", ends being the last character" if last_included else ""
                yield OffsetUnit(name, unit.positions, first, last_included)


def _positions(
    text: str, widths: Callable[[str], list[int]], line_width: Callable[[str, int], int]
) -> Iterator[int]:
    for index, width in enumerate(widths(text)):
        yield width + line_width(text, index)


def _code_point_widths(text: str) -> list[int]:
    return [1] * len(text)


def _utf16_widths(text: str) -> list[int]:
    return [2 if character > "\uffff" else 1 for character in text]


def _utf8_widths(text: str) -> list[int]:
    return [len(character.encode("utf-8", "surrogatepass")) for character in text]


def _normalised_widths(form: str) -> Callable[[str], list[int]]:
    def widths(text: str) -> list[int]:
        found = [0] * len(text)
        for start, end in Graphemes(text).spans():
            # Offsets inside of a cluster have no counterpart: all of it is counted at its end.
            found[end - 1] = len(normalize(form, text[start:end]))  # type: ignore[arg-type]
        return found

    return widths


_UNITS: dict[str, Callable[[str], list[int]]] = {
    "code points": _code_point_widths,
    "UTF-16 code units": _utf16_widths,
    "UTF-8 bytes": _utf8_widths,
    "code points of the text in NFC": _normalised_widths("NFC"),
    "code points of the text in NFD": _normalised_widths("NFD"),
}


def _crlf_once(text: str, index: int) -> int:
    return -1 if text.startswith("\r\n", index) else 0


def _crlf_twice(text: str, index: int) -> int:
    return 1 if text[index] == "\n" and not text.endswith("\r", 0, index) else 0


_LINE_ENDS: dict[str, Callable[[str, int], int]] = {
    "": lambda text, index: 0,
    ", line ends of two characters counted once": _crlf_once,
    ", line ends counted as two characters": _crlf_twice,
}


def _comparable(text: str) -> str:
    return " ".join(normalize("NFC", without_invisible(text)).split())
