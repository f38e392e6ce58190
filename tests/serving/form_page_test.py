import asyncio
import html
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from dts_ee.corpora.spert import document_from_json
from dts_ee.pages.colours import type_colours
from dts_ee.pages.page import render_page
from dts_ee.serving.examples import examples_for
from dts_ee.serving.form_page import FormFields, content_security_policy, read_form, render_form
from dts_ee.serving.model_facts import ModelFacts
from dts_ee.serving.request_error import RequestError
from tests.pages.markup import Arcs, Sentence
from tests.paths import FIXTURES
from tests.serving.serving import FACTS, FORM, serving

SVG = "http://www.w3.org/"
IDENTIFIER = r"[0-9a-f]{32}"
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


class Elements(HTMLParser):
    """The start tags of a page, and the text of its scripts."""

    def __init__(self, page):
        super().__init__()
        self.tags = []
        self.scripts = []
        self._is_script = False
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._is_script = tag == "script"

    def handle_endtag(self, tag):
        self._is_script = False

    def handle_data(self, data):
        if self._is_script:
            self.scripts.append(data)

    def with_(self, tag, **attributes):
        return [
            found
            for name, found in self.tags
            if name == tag and attributes.items() <= found.items()
        ]


def page_of(text="", answer=None, facts=FACTS, **fields):
    return render_form(FormFields(text, **fields), answer, facts, 12_000, "a-nonce")


def test_an_empty_form_says_how_much_it_takes():
    page = page_of()
    assert text_area(page) == ""
    assert 'maxlength="12000"' in page and "12,000 characters" in page
    assert "<h2" not in page


def test_a_prediction_is_drawn_as_render_does_and_shown_as_json():
    page = page_of(answer=ANSWER)
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
    rendered = render_page([document_from_json(SENTENCE)], "")
    others = re.search(r"<svg.*?</svg>", rendered, re.DOTALL)
    # displaCy gives each picture another identifier.
    assert others and re.sub(IDENTIFIER, "", others[0]) == re.sub(IDENTIFIER, "", drawn[0])
    shown = re.search(r"<pre[^>]*>(.*?)</pre>", page, re.DOTALL)
    assert shown and json.loads(html.unescape(shown[1])) == ANSWER
    assert "2 entities, 1 relation<" in page


def test_nothing_that_was_found_is_said_too():
    page = page_of(answer={**ANSWER, "sentences": ANSWER["sentences"][1:]})
    assert "0 entities, 0 relations<" in page and "<svg" not in page


def test_the_page_says_which_model_it_is_and_what_it_knows():
    facts = replace(
        FACTS,
        description="For harbours.",
        features=["minilm", "casing"],
        training_data=["train.json", "dev.json"],
        further_types={"topic": ["trade"]},
    )
    page = page_of(facts=facts)
    assert "<title>capitals: entities and relations</title>" in page
    assert re.search(r"<h1>capitals <span[^>]*>1.2</span></h1>", page)
    assert "For harbours." in page
    assert "Features: minilm, casing<" in page and "Trained with train.json, dev.json<" in page
    shown = re.sub(r"<[^>]*>|\s", "", page.partition("<dl>")[2].partition("</dl>")[0])
    assert shown == "EntitiesPeopRelationsKilltopictrade"
    assert "<details open>" in page.replace(' class="types"', "")
    many = page_of(facts=replace(facts, entity_types=[f"T{i}" for i in range(200)]))
    assert "200 entity types, 1 relation type<" in many and "<details open>" not in many
    loading = page_of(facts=None)
    assert "The model is being loaded." in loading and "Least probability" not in loading
    given = page_of(facts=replace(FACTS, entities_given=True, entity_threshold={}))
    assert "<form" not in given and "between given entities" in given


def test_a_type_has_one_colour_whatever_is_found():
    facts = replace(FACTS, entity_types=["Loc", "Peop"])
    known = {**SENTENCE, "entities": SENTENCE["entities"][:1], "relations": []}
    page = page_of(answer={"text": "", "sentences": [known]}, facts=facts)
    legend = re.search(r'<mark style="background: ([^"]*)">Peop</mark>', page)
    drawn = re.search(r'<div class="entities".*?</div>', page, re.DOTALL)
    assert legend and drawn
    assert legend[1] == type_colours(["Loc", "Peop"])["Peop"] != type_colours(["Peop"])["Peop"]
    assert [colour for _, _, colour in Sentence(drawn[0]).marks] == [legend[1]]


def test_everything_is_escaped():
    bad = "</textarea><script>alert(1)</script>\n &amp; \"'<b>"
    types = [bad, "<i>"]
    facts = ModelFacts(
        bad,
        bad,
        bad,
        [bad],
        [bad],
        types,
        types,
        further_types={bad: types},
        entity_threshold={bad: 0.1, "<i>": 0.2},
        relation_threshold={bad: 0.1, "<i>": 0.2},
    )
    answer = {**ANSWER, "text": bad, "orig_id": bad, "warnings": [bad]}
    for result in (None, RequestError(422, "invalid_input", bad), answer):
        page = page_of(bad, result, facts, entity_threshold=bad, relation_threshold=bad)
        assert text_area(page) == bad
        elements = Elements(page)
        assert {tag for tag, _ in elements.tags}.isdisjoint({"b", "i"})
        (script,) = elements.with_("script")
        assert script == {"nonce": "a-nonce"}
        assert "alert(1)" not in "".join(elements.scripts)
        for name in ("entity_threshold", "relation_threshold"):
            (field,) = elements.with_("input", name=name)
            assert field["value"] == bad


def test_an_error_is_announced():
    page = page_of("x", RequestError(422, "text_too_long", "it is too long"))
    assert re.search(r'<p id="error"[^>]*role="alert">it is too long</p>', page)
    assert 'aria-describedby="error"' in page


def test_the_page_runs_its_own_script_alone_and_needs_nothing_from_elsewhere():
    page = page_of("x", ANSWER)
    assert not re.search(r"""(?:src|href)=["'](?!docs|types|#)""", page.replace("xlink:href", ""))
    assert "@import" not in page and "url(" not in page and "://" not in page.replace(SVG, "")
    elements = Elements(page)
    assert elements.with_("script") == [{"nonce": "a-nonce"}]
    assert not [name for _, attrs in elements.tags for name in attrs if name.startswith("on")]
    script = "".join(elements.scripts)
    assert "use strict" in script
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval", script)
    policy = dict(part.split(" ", 1) for part in content_security_policy("n").split("; "))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "script-src": "'nonce-n'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


def test_without_a_script_all_but_comfort_is_there():
    elements = Elements(page_of("x", ANSWER))
    (form,) = elements.with_("form")
    assert (form["method"], form["action"]) == ("post", "#answer")
    fields = {attrs["name"] for _, attrs in elements.tags if "name" in attrs}
    assert fields == {"viewport", "text", "entity_threshold", "relation_threshold"}
    # What only a script can do is not shown.
    for tag, attributes in (("input", {"type": "range"}), ("button", {"id": "copy"})):
        for found in elements.with_(tag, **attributes):
            assert "scripted" in found["class"].split()
    assert ":root:not(.has-script) .scripted { display: none; }" in page_of()
    labels = {label["for"] for label in elements.with_("label")}
    assert labels == {"text", "entity_threshold", "relation_threshold"}


def test_thresholds_show_the_servers_and_keep_what_was_sent():
    facts = replace(
        FACTS,
        entity_threshold={"Peop": 0.43651},
        relation_threshold={"Kill": 0.8, "Live_In": 0.5, "Work_For": 0.5},
    )

    def fields(page):
        elements = Elements(page)
        numbers = [
            (field["value"], field["placeholder"])
            for field in elements.with_("input", type="number")
        ]
        return numbers, [field["value"] for field in elements.with_("input", type="range")]

    page = page_of(facts=facts)
    assert fields(page) == ([("", "0.437"), ("", "by type")], ["0.437", "0.5"])
    assert "If blank: Kill 0.8, others 0.5<" in page
    page = page_of("x", ANSWER, facts, relation_threshold="0.25")
    assert fields(page) == ([("", "0.437"), ("0.25", "by type")], ["0.437", "0.25"])
    only_entities = replace(facts, relation_types=[], relation_threshold={})
    assert fields(page_of(facts=only_entities)) == ([("", "0.437")], ["0.437"])


@pytest.mark.parametrize(
    "corpus, types",
    [("news", ["Loc", "Org", "Other", "Peop"]), ("case_reports", ["Adverse-Effect", "Drug"])],
)
def test_examples_are_sentences_of_a_sample_corpus_that_no_model_is_trained_with(corpus, types):
    documents = json.loads((FIXTURES / "sample" / f"{corpus}_test.json").read_text())
    texts = {"".join(document["tokens"]) for document in documents}
    examples = examples_for(types)
    assert len(set(examples)) == 3
    assert {"".join(example.split()) for example in examples} <= texts
    page = Elements(page_of(facts=replace(FACTS, entity_types=types)))
    assert [button["value"] for button in page.with_("button", name="example")] == list(examples)
    assert examples_for([*types, "Gene"]) == examples_for(types[1:]) == ()


def test_forms_are_read():
    body = b"text=a%0D%0Ab&entity_threshold=0.5&relation_threshold="
    assert read_form(body) == FormFields("a\nb", "0.5")
    assert read_form(body).inputs() == {"text": "a\nb", "entity_threshold": "0.5"}
    assert read_form(body + b"&example=Ann+left") == FormFields("Ann left", "0.5")
    assert FormFields("a", relation_threshold="1").inputs() == {
        "text": "a",
        "relation_threshold": "1",
    }


def test_the_form_is_answered_through_the_same_queue():
    async def ask():
        async with serving(max_text_length=30, max_body_bytes=300) as served:

            async def post(content, content_type=FORM):
                headers = {"Content-Type": content_type}
                return await served.client.post("/", content=content, headers=headers)

            page = await served.client.get("/")
            assert page.status_code == 200
            assert page.headers["content-type"] == "text/html; charset=utf-8"
            assert "capitals" in page.text

            page = await post(b"text=Ilse+met+Ada%0D%0A%C3%86rin+%26co&entity_threshold=0.25")
            assert page.status_code == 200
            assert page.headers["cache-control"] == "no-store"
            assert text_area(page.text) == "Ilse met Ada\nÆrin &co"
            assert "Kill 0.80" in page.text
            assert (
                'name="entity_threshold" type="number" min="0" max="1" step="any" value="0.25"'
                in (page.text)
            )
            assert served.stub.batches == [["Ilse met Ada", "Ærin &co"]]
            assert served.stub.inputs[-1]["entity_threshold"] == "0.25"

            page = await post(b"text=&example=Ilse+met+Ada")
            assert text_area(page.text) == "Ilse met Ada" and "Kill 0.80" in page.text

            for content, status, message, text in (
                (b"text=", 422, "no words", ""),
                (b"text=" + 31 * b"x", 422, "the limit is 30", 31 * "x"),
                (b"text=" + 300 * b"x", 413, "the limit is 300 bytes", ""),
                (b"text=Fail", 500, "the prediction failed", "Fail"),
                (b"text=%ff", 400, "cannot be read", ""),
                (b"text=a&text=b", 400, "cannot be read", ""),
                (b"text=a&b=1&c=1&d=1&e=1", 400, "cannot be read", ""),
            ):
                page = await post(content)
                assert page.status_code == status
                assert message in page.text
                assert text_area(page.text) == text
            assert (await post(b"{}", "application/json")).status_code == 415
            assert served.service.num_requests == 0

    asyncio.run(ask())


def test_each_page_has_a_nonce_of_its_own_that_its_policy_names():
    async def ask():
        async with serving() as served:
            headers = {"Content-Type": FORM}
            pages = [
                await served.client.get("/"),
                await served.client.get("/"),
                await served.client.post("/", content=b"text=Ada", headers=headers),
                await served.client.post("/", content=b"text=", headers=headers),
            ]
            nonces = [Elements(page.text).with_("script")[0]["nonce"] for page in pages]
            assert len(set(nonces)) == 4 and all(len(nonce) >= 20 for nonce in nonces)
            for page, nonce in zip(pages, nonces, strict=True):
                policy = page.headers["content-security-policy"]
                assert policy == content_security_policy(nonce)

    asyncio.run(ask())
