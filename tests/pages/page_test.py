import colorsys
import re

import pytest

from dts_ee.document import Document, Entity, Relation
from dts_ee.pages import render_page
from tests.documents import document
from tests.pages.markup import Sentence

DOCUMENTS = [
    document("[Ann|Peop] left [Rome|Loc] for [Pisa|Loc] .", [("Live_In", 0, 1)], id="first"),
    document("[Acme|Org] fell .", id="second"),
    document("Nothing here ."),
]


def sections(page: str) -> list[str]:
    return re.findall(r"<article.*?</article>", page, re.DOTALL)


def words_of(markup: str) -> list[str]:
    return re.sub(r"<[^>]*>", " ", markup).split()


def legend_colours(page: str) -> dict[str, str]:
    found = re.findall(r'<mark style="background: ([^"]*)">([^<]*)</mark>', page)
    return {type: colour for colour, type in found}


def test_summary_counts_documents_and_types():
    page = render_page(DOCUMENTS, "Title")
    summary = re.search(r"<dl>.*</dl>", page, re.DOTALL)
    assert summary
    counts = "Documents 3 Entities 4 Loc 2 Org 1 Peop 1 Relations 1 Live_In 1"
    assert words_of(summary[0]) == counts.split()


def test_each_document_has_its_section():
    page = render_page(DOCUMENTS, "Title")
    first, second, third = sections(page)
    assert words_of(first)[:2] == ["first", "Ann"]
    assert words_of(second) == ["second", "Acme", "Org", "fell", "."]
    # Without an identifier, there is the number.
    assert words_of(third) == ["3", "Nothing", "here", "."]


def test_arcs_are_drawn_where_there_are_relations():
    first, second, third = sections(render_page(DOCUMENTS, "Title"))
    assert "Live_In" in first
    assert first.count("<svg") == 1
    assert "<svg" not in second + third
    assert "<figure" not in second + third


def test_pictures_have_names_of_their_own():
    page = render_page(DOCUMENTS[:1] * 3, "Title")
    names = re.findall(r'\bid="([^"]*)"', page)
    assert len(names) == len(set(names)) == 9
    assert set(re.findall(r'href="#([^"]*)"', page)) <= set(names)


def test_page_says_what_it_is():
    page = render_page(DOCUMENTS, "News & <b>")
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">')
    assert "<title>News &amp; &lt;b&gt;</title>" in page
    assert "<h1>News &amp; &lt;b&gt;</h1>" in page
    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in page


def test_page_loads_and_runs_nothing():
    hostile = Document(
        tokens=("<script>alert(1)</script>", "<img/src=x>", "</article>"),
        entities=(Entity("<script>", 0, 1), Entity("<style>", 2, 3)),
        relations=(Relation("<iframe>", 0, 1, 0.5),),
        id="</h2><script>",
    )
    page = render_page([hostile], "</title><script>")
    # What the style says about what may be loaded, and the names that SVG gives its vocabulary.
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    addresses = set(re.findall(r"https?://[^\"]*", page))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert not re.search(r"url\(|@import|\bsrc=[\"']", page)
    elements = set(re.findall(r"<([a-z][a-z0-9]*)", page))
    assert not elements & {"script", "img", "iframe", "link", "object", "base", "form"}
    assert page.count("<style>") == page.count("<title>") == page.count("<article ") == 1
    (section,) = sections(page)
    assert "&lt;img/src=x&gt;" in section


def test_colours_are_those_of_the_legend():
    page = render_page(DOCUMENTS, "Title")
    legend = legend_colours(page)
    assert set(legend) == {"Peop", "Loc", "Org"}
    for section in sections(page):
        for _, type, colour in Sentence(section[: section.find("<figure")]).marks:
            assert colour == legend[type]


def test_colours_depend_on_the_set_of_types_alone():
    few, many = document("[a|X] [b|Y] [c|Z]"), document("[d|Z] [e|Y] [f|Y] [g|X]")
    colours = legend_colours(render_page([few], "Title"))
    assert legend_colours(render_page([many, few], "Other title")) == colours


def test_types_that_differ_in_case_share_what_displacy_gives_them():
    page = render_page([document("[a|Loc] [b|LOC] [c|Org]")], "Title")
    legend = legend_colours(page)
    assert legend["Loc"] == legend["LOC"] != legend["Org"]
    (section,) = sections(page)
    assert {type: colour for _, type, colour in Sentence(section).marks} == legend


@pytest.mark.parametrize(("number", "least"), [(4, 50), (8, 20), (30, 5)])
def test_colours_are_distinct(number, least):
    words = " ".join(f"[word|Type{i}]" for i in range(number))
    legend = legend_colours(render_page([document(words)], "Title"))
    hues = sorted(float(re.findall(r"[\d.]+", colour)[0]) for colour in legend.values())
    assert len(hues) == number
    gaps = [(after - before) % 360 for before, after in zip(hues, hues[1:] + hues[:1], strict=True)]
    assert min(gaps) > least


def luminance(red: float, green: float, blue: float) -> float:
    """As the Web Content Accessibility Guidelines define it."""
    channels = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)
    ]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def contrast(one: float, other: float) -> float:
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def hex_luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    return luminance(*(int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)))


def test_text_is_readable_in_light_and_dark_mode():
    page = render_page(DOCUMENTS, "Title")
    modes = re.findall(r":root \{(.*?)\}", page)
    assert len(modes) == 2
    for mode in modes:
        values = dict(re.findall(r"--(\w+): ([^;]+);", mode))
        ink, paper, quiet = (hex_luminance(values[name]) for name in ("ink", "paper", "quiet"))
        assert contrast(quiet, paper) >= 4.5
        saturation, lightness = (int(n) / 100 for n in re.findall(r"\d+", values["tone"]))
        for hue in range(360):
            background = luminance(*colorsys.hls_to_rgb(hue / 360, lightness, saturation))
            assert contrast(ink, background) >= 4.5, (hue, mode)
