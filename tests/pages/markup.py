"""What a reader sees in displaCy's markup, for tests."""

import re
from html.parser import HTMLParser
from typing import Optional
from xml.etree import ElementTree

SVG = "{http://www.w3.org/2000/svg}"


def squeezed(text: str) -> str:
    return "".join(text.split())


class Sentence(HTMLParser):
    """
    A drawn sentence: its text, and each marked entity as text, label and colour.

    White space is left out, for displaCy puts more of it around marks.
    """

    def __init__(self, picture: str) -> None:
        super().__init__()
        self.text = ""
        self.marks: list[tuple[str, str, str]] = []
        self.elements: list[str] = []
        self._open: list[str] = []
        self.feed(picture)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Optional[str]]]) -> None:
        self.elements.append(tag)
        if tag == "br":
            return
        self._open.append(tag)
        if tag == "mark":
            colour = re.search(r"background: ([^;]*)", dict(attrs)["style"] or "")
            assert colour
            self.marks.append(("", "", colour[1]))

    def handle_endtag(self, tag: str) -> None:
        # spaCy 3.3 writes `</br>` for a line break.
        if tag != "br":
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        data = squeezed(data)
        label = self._open[-1:] == ["span"]
        if not label:
            self.text += data
        if "mark" in self._open:
            text, type, colour = self.marks[-1]
            self.marks[-1] = (text, type + data, colour) if label else (text + data, type, colour)


class Arcs:
    """Drawn relations: the words with their tags, where they stand, and the arcs between them."""

    def __init__(self, picture: str) -> None:
        self.svg = ElementTree.fromstring(picture)
        self.words: list[tuple[str, str]] = []
        self.positions: list[float] = []
        for text in self.svg.findall(f"{SVG}text"):
            word, tag = text.findall(f"{SVG}tspan")
            self.words.append((word.text or "", tag.text or ""))
            self.positions.append(float(word.attrib["x"]))
        self.arcs = [self._arc(group) for group in self.svg.findall(f"{SVG}g")]

    def _arc(self, group: ElementTree.Element) -> tuple[str, str, str]:
        """The word at the foot of the arc, the label, the word at the arrow's head."""
        arc, arrow = group.findall(f"{SVG}path")
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", arc.attrib["d"])]
        point = re.match(r"M(-?[\d.]+),", arrow.attrib["d"])
        assert point
        ends = [numbers[0], numbers[-2]]
        head = ends.index(float(point[1]))
        label = "".join(group.itertext()).strip()
        return self._word_at(ends[1 - head]), label, self._word_at(ends[head])

    def _word_at(self, x: float) -> str:
        return min(zip(self.positions, self.words, strict=True), key=lambda p: abs(p[0] - x))[1][0]
