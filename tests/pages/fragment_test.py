import re

from dts_ee.document import Document, Entity, Relation
from dts_ee.pages import render_fragment, render_page
from tests.documents import document

SENTENCE = document("[Ann|Peop] left [Rome|Loc] .", [("Live_In", 0, 1)])


def test_the_pictures_are_those_of_the_page():
    fragment = render_fragment(SENTENCE)
    page = render_page([SENTENCE], "Title")

    def pictures(markup: str) -> list[str]:
        found = re.findall(r'<div class="entities".*?</div>|<figure.*?</figure>', markup, re.DOTALL)
        # displaCy gives each picture a name of its own.
        found = [re.sub(r'arrow-[\w-]+|id="[^"]*"', "", picture) for picture in found]
        # The page's colours depend on all types that it has.
        return [re.sub(r"hsl\([\d.]+", "hsl(", picture) for picture in found]

    assert len(pictures(fragment)) == 2
    assert pictures(fragment) == pictures(page)


def test_its_style_concerns_nothing_else():
    style = re.findall(r"<style>(.*?)</style>", render_fragment(SENTENCE), re.DOTALL)
    assert len(style) == 1
    selectors = re.findall(r"^([^{}\n]+)\{", style[0], re.MULTILINE)
    assert len(selectors) > 5
    assert all(selector.startswith(".dts-ee.document") for selector in selectors)
    assert "&" not in style[0]


def test_colours_have_the_tone_that_they_need():
    fragment = render_fragment(SENTENCE)
    assert "var(--tone)" in fragment
    assert "--tone:" in fragment
    assert "--quiet:" in fragment


def test_a_type_has_the_same_colour_in_each_document():
    others = document("[Acme|Org] fell on [Rome|Loc] .")

    def colour(sentence: Document) -> str:
        found = re.search(
            r"background: (hsl\(\S+ var\(--tone\)\))[^>]*>\s*Rome", render_fragment(sentence)
        )
        assert found
        return found[1]

    assert colour(SENTENCE) == colour(others)


def test_it_is_escaped_and_runs_nothing():
    tokens = ("<script>alert(1)</script>", "<img/src=x/onerror=x>", "</style>")
    fragment = render_fragment(
        Document(
            tokens=tokens,
            entities=(Entity("</style><script>", 0, 1), Entity("<b>", 1, 2)),
            relations=(Relation("<script>", 0, 1),),
        )
    )
    assert "<script" not in fragment
    assert "<img" not in fragment
    assert "<b>" not in fragment
    assert fragment.count("</style>") == 1
    assert "http://www.w3.org" in fragment
    assert not re.search(r"""(?:src|href)=["']?https?:""", fragment)


def test_a_document_without_entities():
    assert "Nothing" in render_fragment(document("Nothing here ."))
