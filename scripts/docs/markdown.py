"""What a Markdown page has: its code blocks, its links, and the anchors of its headings."""

import re
from typing import List, NamedTuple, Set

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark").enable("table")


class CodeBlock(NamedTuple):
    """A fenced block, and the number of the line of its fence."""

    language: str
    code: str
    line: int


class Link(NamedTuple):
    """The target of a link or an image, and the number of the line where its paragraph begins."""

    target: str
    line: int


def code_blocks(text: str) -> List[CodeBlock]:
    """The fenced code blocks of a page, in their order."""
    return [
        CodeBlock(token.info.strip(), token.content, _line(token))
        for token in _PARSER.parse(text)
        if token.type == "fence"
    ]


def links(text: str) -> List[Link]:
    """The links and images of a page, in their order."""
    found = []
    line = 1
    for token in _PARSER.parse(text):
        line = _line(token) if token.map else line
        for child in token.children or []:
            target = child.attrGet("href") or child.attrGet("src")
            if target:
                found.append(Link(str(target), line))
    return found


def anchors(text: str) -> Set[str]:
    """The anchors of a page's headings, as `slug` makes them."""
    tokens = _PARSER.parse(text)
    return {
        slug("".join(child.content for child in content.children or []))
        for heading, content in zip(tokens, tokens[1:])
        if heading.type == "heading_open"
    }


def slug(title: str) -> str:
    """The anchor of a heading, as GitHub and the site (`pymdownx.slugs`) make it."""
    return re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")


def _line(token: Token) -> int:
    return token.map[0] + 1 if token.map else 0
