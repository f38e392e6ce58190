import base64
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any, Optional

import pytest

from dts_ee.analysis.predictions_analysis import analyse_predictions
from dts_ee.corpora.predictions import Prediction
from dts_ee.document import Document, Entity, Relation
from dts_ee.pages.report_page import render_report
from dts_ee.tasks import ENTITIES
from tests.documents import document
from tests.pages.page_test import contrast, hex_luminance
from tests.scores import metrics

VOID = {"meta", "input", "br", "img", "link"}


class Page(HTMLParser):
    """The elements of a page, each with its attributes and its whole text."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.markup = markup
        self.elements: list[tuple[str, dict[str, Optional[str]], list[str]]] = []
        self._open: list[tuple[str, dict[str, Optional[str]], list[str]]] = []
        self.feed(markup)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        element: tuple[str, dict[str, Optional[str]], list[str]] = (tag, dict(attrs), [])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs), []))

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        for _, _, texts in self._open:
            texts.append(data)

    def all(self, tag, **attributes):
        return [
            (attrs, " ".join("".join(texts).split()))
            for name, attrs, texts in self.elements
            if name == tag and all(attrs.get(key) == value for key, value in attributes.items())
        ]

    def rows(self) -> list[list[str]]:
        """The cells of every row of every table."""
        found: list[list[str]] = []
        for name, _, texts in self.elements:
            if name == "tr":
                found.append([])
            elif name in ("td", "th"):
                found[-1].append(" ".join("".join(texts).split()))
        return found

    @property
    def data(self) -> Any:
        ((_, text),) = self.all("script", id="data")
        return json.loads(text)


GOLD = document("[Ann|Peop] left [New York|Loc] for [Bo|Peop]", [("Live_In", 0, 1)], id="first")
PREDICTED = Document(
    GOLD.tokens,
    (Entity("Peop", 0, 1, 0.97), Entity("Org", 2, 4, 0.5), Entity("Loc", 4, 5, 0.25)),
    (Relation("Live_In", 1, 0, 0.75), Relation("Kill", 0, 2, 0.125)),
)
RIGHT = document("[Cy|Peop] of [Rome|Loc]", [("Live_In", 0, 1)])
CANDIDATES = [
    Prediction(PREDICTED, GOLD),
    Prediction(
        replace(RIGHT, relations=(Relation("Live_In", 0, 1, 0.875),)),
        RIGHT,
    ),
]
EPOCHS = [
    {
        "training_loss": training,
        "validation_loss": loss,
        **metrics({ENTITIES.micro: f1}, "validation_"),
    }
    for training, loss, f1 in ((9.5, 8.0, 0.25), (4.5, 8.5, 0.5))
]


def report(candidates=CANDIDATES, threshold: Optional[float] = 0.5, epochs=()) -> Page:
    analysis = analyse_predictions(candidates, threshold)
    return Page(render_report(analysis, "Title", {"Model": "model.tar.gz"}, epochs))


@pytest.fixture(scope="module")
def page():
    return report(epochs=EPOCHS)


def test_parts_and_links(page):
    links = [attrs["href"] for attrs, _ in page.all("a")]
    parts = [f"#{attrs['id']}" for attrs, _ in page.all("section")]
    assert links == parts
    assert parts == [
        "#scores",
        "#errors",
        "#confusion",
        "#threshold",
        "#calibration",
        "#learning",
        "#sentences",
    ]
    assert page.all("title") == [({}, "Title")]
    assert [text for _, text in page.all("dd")] == ["model.tar.gz"]
    ids = [attrs["id"] for _, attrs, _ in page.elements if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_figures_of_all_protocols(page):
    rows = page.rows()
    assert ["strict", "micro", "60.0", "60.0", "60.0"] in rows
    assert ["boundaries", "micro", "80.0", "80.0", "80.0"] in rows
    assert ["gold pairs", "macro", "100.0", "50.0", "66.7"] in rows
    assert ["Live_In", "2", "2", "1", "50.0", "50.0", "50.0"] in rows
    assert ["Peop", "3", "2", "2", "100.0", "66.7", "80.0"] in rows
    assert ["strict", "micro", "50.0", "50.0", "50.0"] in rows


def test_numbers_of_errors_and_confusions_are_buttons(page):
    errors = {
        attrs["data-error"]: text for attrs, text in page.all("button") if "data-error" in attrs
    }
    assert errors == {
        "entity:missed": "1",
        "entity:spurious": "1",
        "entity:wrong type": "1",
        "relation:wrong direction": "1",
    }
    cells = {
        tuple(json.loads(attrs["data-cell"])): text
        for attrs, text in page.all("button")
        if "data-cell" in attrs
    }
    assert cells == {
        ("entity", "Loc", "Loc", None): "1",
        ("entity", "Loc", "Org", None): "1",
        ("entity", None, "Loc", None): "1",
        ("entity", "Peop", None, None): "1",
        ("entity", "Peop", "Peop", None): "2",
        ("relation", "Live_In", "Live_In", None): "1",
        ("relation", "Live_In", None, "wrong direction"): "1",
        ("relation", None, "Live_In", "wrong direction"): "1",
    }


def test_false_relations_of_entities_that_only_occur_together(page):
    assert "several entities and no relation" not in page.markup
    gold = document("[Di|Peop] left [Bonn|Loc]")
    apart = [
        # The second is below the threshold.
        Prediction(replace(gold, relations=(Relation("Live_In", 0, 1, probability),)), gold)
        for probability in (0.75, 0.25)
    ]
    line = "Sentences with several entities and no relation: 2; with a predicted relation: 1 "
    assert ({}, f"{line}(50.0 %).") in report([*CANDIDATES, *apart]).all("p")


def test_data_of_the_sentences(page):
    first, second = page.data["documents"]
    assert first == {
        "id": "first",
        "text": "Ann left New York for Bo",
        "gold": {
            "entities": [["Peop", 0, 3], ["Loc", 9, 17], ["Peop", 22, 24]],
            "relations": [["Live_In", 0, 1]],
        },
        "predicted": {
            "entities": [["Peop", 0, 3, 0.97], ["Org", 9, 17, 0.5], ["Loc", 18, 21, 0.25]],
            "relations": [["Live_In", 1, 0, 0.75]],
        },
        "items": [
            ["entity", "right", 0, 0],
            ["entity", "wrong type", 1, 1],
            ["entity", "missed", 2, None],
            ["entity", "spurious", None, 2],
            ["relation", "wrong direction", 0, 0],
        ],
    }
    assert second["id"] == "2"
    assert {item[1] for item in second["items"]} == {"right"}
    assert page.data["apart"] == {
        "entity": ["wrong boundary"],
        "relation": ["wrong boundary", "wrong direction"],
    }
    assert set(page.data["colours"]) == {"Loc", "Org", "Peop"}
    assert page.data["right"] == "right"


def test_filters_have_every_kind_and_type(page):
    boxes = {attrs["value"]: attrs for attrs, _ in page.all("input", name="error")}
    kinds = {"missed", "spurious", "wrong type", "wrong boundary"}
    assert set(boxes) == {
        *(f"entity:{kind}" for kind in kinds),
        *(f"relation:{kind}" for kind in kinds | {"wrong entity type", "wrong direction"}),
    }
    present = {
        f"{item[0]}:{item[1]}" for document in page.data["documents"] for item in document["items"]
    }
    # Those that no sentence has cannot be chosen.
    assert {value for value, attrs in boxes.items() if "disabled" not in attrs} == {
        value for value in present if not value.endswith(":right")
    }
    options = [attrs["value"] for attrs, _ in page.all("option")]
    assert options == [
        "",
        "entity:Loc",
        "entity:Org",
        "entity:Peop",
        "relation:Live_In",
        "file",
        "errors",
    ]
    labels = [text for _, text in page.all("label")]
    assert len(labels) == len(page.all("input")) + len(page.all("select"))


def test_charts(page):
    titles = [text for _, text in page.all("figcaption")]
    assert titles == [
        "Precision and recall of relations",
        "The effect of Θ",
        "Entities",
        "Relations",
        "Strict micro F1, development",
        "Loss",
    ]
    legends = [text for _, text in page.all("li")]
    assert "Θ = 0.5" in legends
    # There is no curve of what the training has no metric of.
    assert "NER" in legends
    assert "RE" not in legends
    assert {"training", "validation"} <= set(legends)
    # At each Θ, as predicted at it; at 0.1 there is one more.
    assert ["0.50", "50.0", "50.0", "50.0"] in page.rows()
    assert ["0.10", "33.3", "50.0", "40.0"] in page.rows()
    # Of 0.875 and 0.75 one is right.
    assert ["0.8 to 0.9", "1", "87.5", "100.0"] in page.rows()


def test_without_relations_training_or_probabilities():
    entities = [Prediction(replace(GOLD, relations=()), replace(GOLD, relations=()))]
    page = report(entities, threshold=None)
    parts = [attrs["id"] for attrs, _ in page.all("section")]
    assert parts == ["scores", "errors", "confusion", "calibration", "sentences"]
    assert page.all("figure") == []
    assert "The predictions have no probabilities." in page.markup
    assert [attrs["value"] for attrs, _ in page.all("option") if ":" in attrs["value"]] == [
        "entity:Loc",
        "entity:Peop",
    ]
    assert page.data["documents"][0]["gold"]["relations"] == []


def test_a_sentence_is_nothing_but_text():
    hostile = Document(
        tokens=("</script><b>", "<!--", "&lt;", "<script>"),
        entities=(Entity('"><img src=x>', 0, 1, 0.5), Entity("</option>", 1, 2)),
        relations=(Relation("</td><i>", 0, 1, 0.5),),
        id="</h3><u>",
    )
    page = report([Prediction(hostile, replace(hostile, relations=()))])
    ((attrs, text),) = page.all("script", id="data")
    assert attrs["type"] == "application/json"
    # Browsers end the element at less than what this parser takes for its end.
    assert not set("<>&") & set(text)
    # The parser of the browser, like this one, finds the elements of the template alone.
    assert len(page.all("script")) == 2
    assert {name for name, _, _ in page.elements}.isdisjoint({"b", "i", "u", "img", "iframe"})
    (read,) = page.data["documents"]
    assert read["text"] == "</script><b> <!-- &lt; <script>"
    assert read["id"] == "</h3><u>"
    assert read["predicted"]["entities"][0][0] == '"><img src=x>'
    assert 'entity:"><img src=x>' in [attrs["value"] for attrs, _ in page.all("option")]


def test_only_the_pages_own_script_may_run_and_nothing_is_loaded(page):
    ((policy, _),) = page.all("meta", **{"http-equiv": "Content-Security-Policy"})
    script = re.search(r"<script>(.*?)</script>", page.markup, re.DOTALL)
    assert script
    digest = base64.b64encode(hashlib.sha256(script[1].encode("utf-8")).digest()).decode("ascii")
    assert policy["content"] == (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    )
    assert "innerHTML" not in script[1]
    addresses = set(re.findall(r"https?://[^\"]*", page.markup))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert not re.search(r"url\(|@import|\bsrc=|\son[a-z]+=", page.markup)


def test_keyboard_and_readers(page):
    # Real controls; and what scrolls can be reached, and has a name.
    for attrs, _ in page.all("div"):
        if attrs.get("class") == "scroll":
            assert attrs["tabindex"] == "0"
            assert attrs["role"] == "region"
            assert attrs["aria-label"]
    assert all(attrs["type"] in ("button", "reset") for attrs, _ in page.all("button"))
    assert ":focus-visible { outline:" in page.markup
    assert "outline: none" not in page.markup
    assert page.all("p", id="found", role="status")
    charts = [attrs for attrs, _ in page.all("svg") if attrs.get("aria-hidden") != "true"]
    assert len(charts) == 6
    assert all(attrs["role"] == "img" and attrs["aria-label"] for attrs in charts)


def test_text_is_readable_in_light_and_dark_mode(page):
    modes = re.findall(r":root \{(.*?)\}", page.markup)
    # The light and the dark one, each of both style sheets.
    assert len(modes) == 4
    for shared, own in (modes[0::2], modes[1::2]):
        values = dict(re.findall(r"--(\w+): ([^;]+);", shared + own))
        paper = hex_luminance(values["paper"])
        for name in ("ink", "quiet", "accent", "bad", "c0", "c1", "c2", "c3"):
            least = 3 if name.startswith("c") else 4.5
            assert contrast(hex_luminance(values[name]), paper) >= least, name
