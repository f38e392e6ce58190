import asyncio
import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from dts_ee.pages.page import render_page
from dts_ee.serving.examples import examples_for
from dts_ee.serving.form_page import FormFields, content_security_policy, read_form, render_form
from dts_ee.serving.model_facts import ModelFacts
from dts_ee.serving.request_error import RequestError
from tests.documents import SAMPLE
from tests.pages.markup import Arcs, Sentence
from tests.serving.serving import FACTS, FORM, serving

SENTENCE = {
    "sentence": "Ann <b>left</b> Rome",
    "tokens": ["Ann", "<b>left</b>", "Rome"],
    "entities": [
        {"type": "Peop", "start": 0, "end": 1, "probability": 0.9},
        {"type": "<i>", "start": 2, "end": 3, "probability": 0.8},
    ],
    "relations": [{"type": "Live_In", "head": 0, "tail": 1, "probability": 0.7}],
}
ANSWER = {
    "text": "Ann <b>left</b> Rome. Nobody came",
    "sentences": [
        SENTENCE,
        {"sentence": "Nobody came", "tokens": ["Nobody", "came"], "entities": [], "start_char": 22},
    ],
}


def text_area(page):
    match = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page, re.DOTALL)
    assert match
    return html.unescape(match[1])


def test_an_empty_form_says_how_much_it_takes():
    page = render_form("", None, 12_000)
    assert text_area(page) == ""
    assert 'maxlength="12000"' in page and "12,000 characters" in page
    assert 'id="result"' not in page


def test_a_prediction_is_drawn_as_in_other_pages_and_shown_as_json():
    page = render_form("", ANSWER, 100)
    first, second = re.findall(r'<div class="entities".*?</div>', page, re.DOTALL)
    sentence = Sentence(first)
    assert Sentence(second).text == "Nobodycame"
    assert [(text, label) for text, label, _ in sentence.marks] == [
        ("Ann", "Peop"),
        ("Rome", "<i>"),
    ]
    drawn = re.search(r"<svg.*?</svg>", page, re.DOTALL)
    assert drawn
    assert Arcs(drawn[0]).arcs == [("Ann", "Live_In 0.70", "Rome")]
    shown = re.search(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
    assert shown and json.loads(html.unescape(shown[1])) == ANSWER
    assert "2 entities, 1 relation<" in page


def test_nothing_that_was_found_is_said_too():
    page = render_form("", {**ANSWER, "sentences": ANSWER["sentences"][1:]}, 100)
    assert "0 entities, 0 relations<" in page and "<svg" not in page


def test_everything_is_escaped():
    bad = "</textarea><script>alert(1)</script>\n &amp; \"'"
    for page in (
        render_form(bad, None, 100),
        render_form(bad, RequestError(422, "invalid_input", bad), 100),
        render_form(bad, ANSWER, 100),
    ):
        assert text_area(page) == bad
        assert "<script" not in page
        assert "<b>" not in page and "<i>" not in page


def test_an_error_is_announced():
    page = render_form("x", RequestError(422, "text_too_long", "it is too long"), 100)
    assert re.search(r'<p id="result"[^>]*role="alert">it is too long</p>', page)
    assert 'aria-describedby="result"' in page


def test_the_page_needs_nothing_from_elsewhere():
    page = render_form("x", ANSWER, 100)
    assert not re.search(r"""(?:src|href)=["'](?!docs|#)""", page.replace("xlink:href", ""))
    assert "@import" not in page and "url(" not in page
    assert "script-src" not in CONTENT_SECURITY_POLICY
    assert CONTENT_SECURITY_POLICY.startswith("default-src 'none'")


def test_the_form_is_answered_through_the_same_queue():
    async def ask():
        async with serving(max_text_length=30, max_body_bytes=300) as served:

            async def post(content, content_type=FORM):
                headers = {"Content-Type": content_type}
                return await served.client.post("/", content=content, headers=headers)

            page = await served.client.get("/")
            assert page.status_code == 200
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY

            page = await post(b"text=Ilse+met+Ada%0D%0A%C3%86rin+%26co")
            assert page.status_code == 200
            assert page.headers["cache-control"] == "no-store"
            assert text_area(page.text) == "Ilse met Ada\nÆrin &co"
            assert "Kill 0.80" in page.text
            assert served.stub.batches == [["Ilse met Ada", "Ærin &co"]]

            for content, status, message, text in (
                (b"text=", 422, "no words", ""),
                (b"text=" + 31 * b"x", 422, "the limit is 30", 31 * "x"),
                (b"text=" + 300 * b"x", 413, "the limit is 300 bytes", ""),
                (b"text=Fail", 500, "the prediction failed", "Fail"),
                (b"text=%ff", 400, "cannot be read", ""),
                (b"text=a&text=b", 400, "cannot be read", ""),
            ):
                page = await post(content)
                assert page.status_code == status
                assert message in page.text
                assert text_area(page.text) == text
            assert (await post(b"{}", "application/json")).status_code == 415
            assert served.service.num_requests == 0

    asyncio.run(ask())
