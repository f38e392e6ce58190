"""Spacy's tutorial of the relation component, as its `parse_data.py` writes `doc._.rel`."""

import numpy
import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span, Token

from dts_ee.corpora.docbin import read_docbin, write_docbin
from dts_ee.corpora.spacy_rel import write_spacy_rel
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.corpora.docbin_test import docs_of, save
from tests.corpora.raw_text import reading
from tests.documents import FORMAT_FIXTURES, document

REL = ("._.", "rel", None, None)


def read_doc(tmp_path, doc):
    return read_docbin(save(tmp_path / "a.spacy", doc), reading())


@pytest.fixture
def doc():
    made = spacy.blank("en")("Ann left Rome.")
    made.ents = [Span(made, 0, 1, "Peop"), Span(made, 2, 3, "Loc")]
    return made


def test_relations_of_the_tutorial_are_read():
    corpus = read_docbin(FORMAT_FIXTURES / "spacy-rel.spacy", reading())
    (only,) = corpus.documents
    assert [only.entity_text(entity) for entity in only.entities] == [
        "Marta Lindqvist",
        "Elm Works",
        "Tarnby",
    ]
    assert only.relations == (Relation("WORKS_FOR", 0, 1), Relation("BASED_IN", 1, 2))
    assert corpus.remarks == []


def test_predictions_have_their_probabilities(tmp_path, doc):
    doc.user_data[REL] = {
        (0, 2): {"Left": numpy.float32(0.75), "Lives": numpy.float32(0.25)},
        (2, 0): {"Left": 0.125, "Lives": 0.0},
        (1, 0): {"Left": 0.5},
    }
    corpus = read_doc(tmp_path, doc)
    assert corpus.documents[0].relations == (Relation("Left", 0, 1, 0.75),)
    assert [str(remark) for remark in corpus.remarks] == [
        "document #1, rel.(1, 0): relation of an entity that is not there: Left of token 1",
        "Lives (1 times, first in #1)",
        "Left (1 times, first in #1)",
    ]
    assert {remark.problem for remark in corpus.remarks[1:]} == {
        "relation with a probability below 0.5"
    }


@pytest.mark.parametrize(
    "rel",
    [
        [1],
        {"a": {"Left": 1.0}},
        {(0, 2, 3): {"Left": 1.0}},
        {(0, 2): 1.0},
        {(0, 2): {"Left": "yes"}},
        {(0, 2): {1: 1.0}},
        {(0, 2): {"Left": 1.5}},
    ],
)
def test_malformed_relations_are_an_error(tmp_path, doc, rel):
    doc.user_data[REL] = rel
    with pytest.raises(DocumentError, match="rel|probability") as raised:
        read_doc(tmp_path, doc)
    assert raised.value.path == str(tmp_path / "a.spacy")


def test_each_pair_is_written_as_in_the_tutorial(tmp_path):
    documents = [
        document(
            "[Marta Lindqvist|Peop] works for [Elm Works|Org] in [Tarnby|Loc] .",
            [("WORKS_FOR", 0, 1), ("BASED_IN", 1, 2)],
            "a",
        ),
        Document(
            ("Bob", "left", "Rome"),
            (Entity("Peop", 0, 1, 0.5), Entity("Loc", 2, 3), Entity("Event", 0, 3)),
            (Relation("LEFT", 0, 1), Relation("WORKS_FOR", 0, 1, 0.25)),
            "b",
        ),
        document("[Ann|Peop] left [Rome|Loc]", (), "c"),
    ]
    lost = write_spacy_rel(tmp_path / "a.spacy", documents)
    assert [remark.problem for remark in lost] == [
        "entity that overlaps another",
        "entity that overlaps another",
        "relation of an entity that is lost",
        "relation of an entity that is lost",
        "probability",
    ]
    first, second, third = docs_of(tmp_path / "a.spacy")
    none = {"BASED_IN": 0.0, "LEFT": 0.0, "WORKS_FOR": 0.0}
    assert first.user_data[REL] == {
        (0, 4): {**none, "WORKS_FOR": 1.0},
        (0, 7): none,
        (4, 0): none,
        (4, 7): {**none, "BASED_IN": 1.0},
        (7, 0): none,
        (7, 4): none,
    }
    assert [span.label_ for span in second.ents] == ["Event"]
    assert second.user_data[REL] == {}
    assert third.user_data[REL] == {(0, 2): none, (2, 0): none}


def test_what_else_a_doc_holds_is_named_once(tmp_path, doc):
    for owner, name in ((Doc, "source"), (Token, "stress"), (Span, "link")):
        owner.set_extension(name, default=None, force=True)
    doc._.source = "Nordlys"
    doc[0]._.stress = 1
    doc[1]._.stress = 2
    doc[0:2]._.link = "Q1"
    doc.user_data["editor"] = "Bo"
    doc.cats = {"news": 1.0}
    doc.spans["sc"] = [Span(doc, 0, 2, "Group")]
    doc.spans["empty"] = []
    doc.ents = [Span(doc, 0, 1, "Peop", kb_id="Q42")]
    doc[0].tag_, doc[1].lemma_ = "NN", "leave"
    other = spacy.blank("en")("Bob left.")
    other.ents = []
    other.cats = {"news": 0.0}
    path = tmp_path / "a.spacy"
    DocBin(docs=[doc, other], store_user_data=True).to_disk(path)
    corpus = read_docbin(path, reading())
    assert [len(document.entities) for document in corpus.documents] == [1, 0]
    assert {str(remark): remark.problem for remark in corpus.remarks} == dict.fromkeys(
        [
            "doc._.source (1 times, first in #1)",
            "token._.stress (1 times, first in #1)",
            "span._.link (1 times, first in #1)",
            "doc.user_data['editor'] (1 times, first in #1)",
            'doc.spans["sc"] (1 times, first in #1)',
            "doc.cats (2 times, first in #1)",
            "token.tag (1 times, first in #1)",
            "token.lemma (1 times, first in #1)",
            "span.kb_id (1 times, first in #1)",
        ],
        "annotation that is not read",
    )
    assert all(remark.lost for remark in corpus.remarks)


def test_entities_and_relations_beside_those_that_are_read_are_named(tmp_path, doc):
    write_docbin(tmp_path / "a.spacy", [document("[Ann|Peop] left")])
    doc.spans["entities"] = [Span(doc, 0, 1, "Peop")]
    doc._.relations = []
    doc.user_data[REL] = {(0, 2): {"Left": 1.0}}
    corpus = read_doc(tmp_path, doc)
    assert [len(document.entities) for document in corpus.documents] == [1]
    assert [str(remark) for remark in corpus.remarks] == [
        "doc._.rel (1 times, first in #1)",
        "doc.ents beside the group of spans (1 times, first in #1)",
    ]


def test_doc_in_which_nobody_looked_for_entities_is_left_out(tmp_path, doc):
    path = tmp_path / "a.spacy"
    untouched = spacy.blank("en")("Bob left.")
    untouched.spans["sc"] = [Span(untouched, 0, 1, "Peop")]
    DocBin(docs=[untouched, doc]).to_disk(path)
    corpus = read_docbin(path, reading())
    assert [document.text for document in corpus.documents] == ["Ann left Rome."]
    assert [str(remark) for remark in corpus.remarks] == [
        "document #1: text without annotation: left out",
        'doc.spans["sc"] (1 times, first in #1)',
    ]
