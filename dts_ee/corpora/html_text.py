"""
The text that a browser shows of HTML, and where its characters come from.
"""

import re
from html.parser import HTMLParser
from typing import Optional


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_VOID = _names("area base br col embed hr img input link meta source track wbr")
"""Elements without content, which have no end tag."""

_BLOCKS = _names(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset "
    "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr html legend li main menu nav ol p "
    "pre section summary table tbody td tfoot th thead title tr ul"
)
"""Elements that begin and end lines."""

_CLOSED_BY_THE_NEXT = {
    "li": {"li"},
    "dt": {"dt", "dd"},
    "dd": {"dt", "dd"},
    "tr": {"tr", "td", "th"},
    "td": {"td", "th"},
    "th": {"td", "th"},
    "option": {"option"},
}
"""By the name of an element: elements whose end tags may be left out before it."""

_NOT_COUNTED = {"head", "script", "title"}
"""Elements whose text is not in the body of the page."""

_NOT_SHOWN = {"style", "template", "noscript"}


class HtmlText(HTMLParser):
    """
    The text of HTML.

    Offsets into the page count what JavaScript does: the UTF-16 code units of all text nodes of the
    body, and one for each `<br>`. White space is shown as spaces, except in `<pre>`, and blank
    lines are between blocks, such as paragraphs and cells.

    # Parameters

    html : `str`
        The HTML.
    """

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self._pieces: list[str] = []
        self._length = 0
        # The characters that are counted, and the index of each in the text.
        self._counted: list[str] = []
        self._positions: list[int] = []
        self._node_starts: dict[str, int] = {}
        self._open: list[tuple[str, str, dict[str, int]]] = [("", "", {})]
        self._in_text_node = False
        self._block_ended = False
        self.feed(html.replace("\r\n", "\n").replace("\r", "\n"))
        self.close()
        self.text = "".join(self._pieces)
        self._page = "".join(self._counted)

    def span(self, start: int, end: int) -> Optional[tuple[int, int]]:
        """
        The characters of the text between two offsets into the page.

        # Parameters

        start, end : `int`
            The offsets; the end is exclusive.

        # Returns

        `Optional[tuple[int, int]]`
            `None` if there are no characters between them.
        """
        first, last = (code_point_index(self._page, offset) for offset in (start, end))
        if start < 0 or not first < last <= len(self._positions):
            return None
        return self._positions[first], min(self._positions[last - 1] + 1, len(self.text))

    def page_offset(self, xpath: str, offset: int) -> Optional[int]:
        """
        The offset into the page of an offset into a text node.

        # Parameters

        xpath : `str`
            The node's path from the body, such as `/p[1]/text()[2]`.
        offset : `int`
            The offset into the node.

        # Returns

        `Optional[int]`
            `None` if there is no such node.
        """
        start = self._node_starts.get(re.sub(r"^(/html\[1\])?(/body\[1\])?", "", xpath))
        if start is None:
            return None
        return len("".join(self._counted[:start]).encode("utf-16-le")) // 2 + offset

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._in_text_node = False
        self._block_ended |= tag in _BLOCKS
        if tag == "br":
            self._add("\n", shown=True)
        closed = _CLOSED_BY_THE_NEXT.get(tag, set()) | ({"p"} if tag in _BLOCKS else set())
        while self._open[-1][0] in closed:
            self._open.pop()
        _, path, children = self._open[-1]
        children[tag] = children.get(tag, 0) + 1
        if tag in ("html", "body"):
            # Paths begin in the body.
            self._open.append((tag, "", {}))
        elif tag not in _VOID:
            self._open.append((tag, f"{path}/{tag}[{children[tag]}]", {}))

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        # HTML has no elements that close themselves: `<p/>` begins a paragraph.
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self._in_text_node = False
        self._block_ended |= tag in _BLOCKS
        if any(name == tag for name, _, _ in self._open[1:]):
            while self._open.pop()[0] != tag:
                pass

    def handle_comment(self, data: str) -> None:
        self._in_text_node = False

    def handle_data(self, data: str) -> None:
        names = {name for name, _, _ in self._open}
        if names & _NOT_COUNTED:
            return
        if not self._counted and "body" not in names:
            # White space before the body is in no text node.
            data = data.lstrip()
        if not data:
            return
        if not self._in_text_node:
            self._in_text_node = True
            _, path, children = self._open[-1]
            children["text()"] = children.get("text()", 0) + 1
            self._node_starts[f"{path}/text()[{children['text()']}]"] = len(self._counted)
        if "pre" not in names:
            data = re.sub(r"[\t\n\f]", " ", data)
        self._add(data, shown=not names & _NOT_SHOWN)

    def _add(self, data: str, shown: bool) -> None:
        if self._block_ended and data.strip() and shown:
            if self._length:
                self._pieces.append("\n\n")
                self._length += 2
            self._block_ended = False
        self._counted += data
        # White space between blocks is not shown.
        if not shown or self._block_ended:
            self._positions += [self._length] * len(data)
            return
        self._positions += range(self._length, self._length + len(data))
        self._pieces.append(data)
        self._length += len(data)


def code_point_index(text: str, offset: int) -> int:
    """
    The index in a text of an offset in UTF-16 code units, such as JavaScript counts.

    # Parameters

    text : `str`
        The text.
    offset : `int`
        The offset. After the text's end, every offset counts one character.
    """
    encoded = text.encode("utf-16-le", "surrogatepass")
    inside = encoded[: 2 * max(offset, 0)].decode("utf-16-le", "ignore")
    return len(inside) + max(offset - len(encoded) // 2, 0)
