"""
A page as the site's Markdown wants it.

The pages are written in CommonMark. Python-Markdown, which makes the site, needs a blank line
before a list or a table, and four spaces for what belongs to an item of a list.
"""

import re
from typing import Callable, List, Set

from markdown_it import MarkdownIt

_PARSER = MarkdownIt("commonmark").enable("table")
_WITH_BLANK_LINE = ("bullet_list_open", "ordered_list_open", "table_open")
_LINK = re.compile(r"\]\(([^()\s]+)\)")


def for_the_site(text: str, moved: Callable[[str], str], with_diagrams: bool) -> str:
    """
    # Parameters

    text : `str`
        A page in CommonMark.
    moved : `Callable[[str], str]`
        Where a link of the page leads on the site.
    with_diagrams : `bool`
        Whether blocks of Mermaid are drawn. Otherwise they stay text.

    # Returns

    `str`
        The page for Python-Markdown.
    """
    lines = text.split("\n")
    before: Set[int] = set()
    code: Set[int] = set()
    widths = [0] * len(lines)
    depths = [0] * len(lines)
    for token in _PARSER.parse(text):
        if not token.map:
            continue
        first, end = token.map
        if token.type == "fence":
            code.update(range(first, end))
            if not with_diagrams:
                lines[first] = lines[first].replace("```mermaid", "```text")
        if token.type == "list_item_open":
            for number in range(first + 1, end):
                widths[number] += len(token.info + token.markup) + 1
                depths[number] += 1
        if token.level == 0 and token.type in _WITH_BLANK_LINE:
            before.add(first)
    result: List[str] = []
    for number, line in enumerate(lines):
        if number in before and number and lines[number - 1].strip():
            result.append("")
        if number not in code:
            line = _LINK.sub(lambda match: f"]({moved(match[1])})", line)
        result.append(_indented(line, widths[number], depths[number]))
    return "\n".join(result)


def _indented(line: str, width: int, depth: int) -> str:
    """The line of an item of a list with four spaces for each level."""
    spaces = len(line) - len(line.lstrip(" "))
    return (" " * 4 * depth + line[min(width, spaces) :]).rstrip()
