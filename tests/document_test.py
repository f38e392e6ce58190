import pickle
from typing import Any

import pytest
from allennlp.common.util import sanitize

from dts_ee.corpora.spert import document_to_json
from dts_ee.document import Document, DocumentError, Entity, Relation, document_method

TOKENS = ("Ann", "Lee", "left", "Rome", ".")
ANN, ROME = Entity("Peop", 0, 2), Entity("Loc", 3, 4)


@pytest.mark.parametrize(
    ("fields", "field", "problem"),
    [
        ({"tokens": ()}, "tokens", "there are no tokens"),
        ({"tokens": ("a", " ")}, "tokens[1]", "the token is empty"),
        (
            {"entities": (Entity("Loc", 3, 6),)},
            "entities[0]",
            "not a span in a sentence of 5",
        ),
        ({"entities": (Entity("Loc", 3, 3),)}, "entities[0]", "tokens 3 to 3"),
        ({"entities": (Entity("Loc", -1, 1),)}, "entities[0]", "tokens -1 to 1"),
        ({"entities": (Entity("", 0, 1),)}, "entities[0].type", "the type is empty"),
        (
            {"entities": (Entity("Loc", 3, 4, -0.1),)},
            "entities[0].probability",
            "-0.1 is not between 0 and 1",
        ),
        ({"entities": (ANN, ROME, ANN)}, "entities[2]", "Peop 0-2 is entities[0] again"),
        ({"relations": (Relation("Kill", 0, 2),)}, "relations[0].tail", "there is no entity 2"),
        ({"relations": (Relation("Kill", -1, 1),)}, "relations[0].head", "there is no entity -1"),
        ({"relations": (Relation("Kill", 1, 1),)}, "relations[0]", "the same entity, 1"),
        ({"relations": (Relation("", 0, 1),)}, "relations[0].type", "the type is empty"),
        (
            {"relations": (Relation("Kill", 0, 1), Relation("Kill", 0, 1, 0.5))},
            "relations[1]",
            "Kill from entity 0 to entity 1 is relations[0] again",
        ),
        (
            {"relations": (Relation("Kill", 0, 1, 1.5),)},
            "relations[0].probability",
            "1.5 is not between 0 and 1",
        ),
        (
            {"relations": (Relation("Kill", 0, 1, float("nan")),)},
            "relations[0].probability",
            "nan is not between",
        ),
        ({"start_char": -1}, "start_char", "-1 is negative"),
    ],
)
def test_document_that_breaks_a_rule_names_the_field(fields, field, problem):
    whole = {"tokens": TOKENS, "entities": (ANN, ROME), "id": "d1", **fields}
    with pytest.raises(DocumentError) as raised:
        Document(**whole)
    assert str(raised.value.field) == field
    assert raised.value.document_id == "d1"
    assert problem in raised.value.problem


@pytest.mark.parametrize(
    ("text", "offsets", "field", "problem"),
    [
        ("Ann left", None, "text", "go together"),
        (None, ((0, 3), (4, 8)), "text", "go together"),
        ("Ann left", ((0, 3),), "token_offsets", "1 offsets for 2 tokens"),
        ("Ann left", ((4, 8), (0, 3)), "token_offsets[0]", "'left', but the token is 'Ann'"),
        ("Ann left", ((0, 3), (2, 8)), "token_offsets[1]", "out of order"),
        ("Ann left", ((0, 3), (4, 9)), "token_offsets[1]", "not in the text of 8 characters"),
        ("Ann has left", ((0, 3), (8, 12)), "text", "'has' is in the text, but in no token"),
        ("Ann left!", ((0, 3), (4, 8)), "text", "'!' is in the text, but in no token"),
    ],
)
def test_text_and_offsets_must_fit_the_tokens(text, offsets, field, problem):
    with pytest.raises(DocumentError) as raised:
        Document(("Ann", "left"), text=text, token_offsets=offsets)
    assert str(raised.value.field) == field
    assert problem in raised.value.problem


def test_error_says_where_and_survives_pickling():
    error = DocumentError("is bad", "tokens", "d1").located("ignored", "a.json")
    assert str(error) == "file a.json, document d1, field tokens: is bad"
    copy = pickle.loads(pickle.dumps(error))
    assert str(copy) == str(error)
    assert copy.path == "a.json"
    assert str(DocumentError("is bad")) == "is bad"


def test_entity_text_is_that_of_the_sentence():
    offsets = ((1, 4), (6, 9), (10, 14), (15, 19), (19, 20))
    written = Document(TOKENS, (ANN, ROME), text=" Ann  Lee left Rome.", token_offsets=offsets)
    assert written.entity_text(ANN) == "Ann  Lee"
    assert written.character_span(3, 5) == (15, 20)


def test_entity_text_without_a_sentence_is_that_of_the_joined_tokens():
    joined = Document(TOKENS, (ANN, ROME))
    assert joined.entity_text(ANN) == "Ann Lee"
    start, end = joined.character_span(3, 4)
    assert " ".join(TOKENS)[start:end] == "Rome"


def test_entities_overlap_where_they_share_a_token():
    assert Entity("A", 0, 2).overlaps(Entity("B", 1, 3))
    assert Entity("A", 1, 2).overlaps(Entity("B", 0, 3))
    assert not Entity("A", 0, 2).overlaps(Entity("B", 2, 3))
    assert Entity("A", 2, 4).span == (2, 4)


def test_an_entity_is_the_same_whatever_its_probability():
    sure = Entity("Loc", 3, 4, 0.9)
    assert sure == ROME and hash(sure) == hash(ROME)
    with pytest.raises(DocumentError, match="again"):
        Document(tokens=TOKENS, entities=(ROME, sure))


def test_modules_register_methods_of_documents(monkeypatch):
    monkeypatch.setattr(Document, "last_token", None, raising=False)
    monkeypatch.delattr(Document, "last_token")

    @document_method("last_token")
    def last_token_of(document: Document) -> str:
        return document.tokens[-1]

    sentence: Any = Document(TOKENS)
    assert sentence.last_token() == last_token_of(sentence) == "."
    for taken in ("last_token", "to_json", "tokens", "id"):
        with pytest.raises(ValueError, match=f"has an attribute '{taken}' already"):
            document_method(taken)(last_token_of)


def test_documents_have_the_methods_of_this_package():
    sentence: Any = Document(TOKENS, (ANN, ROME), (Relation("Left", 0, 1, 0.75),))
    shown = sentence._repr_html_()
    assert "Ann Lee" in shown
    assert "Left 0.75" in shown
    assert "<svg" in shown
    assert sentence.to_brat()[0] == "Ann Lee left Rome ."
    # AllenNLP calls `to_json`.
    assert sanitize([sentence]) == [document_to_json(sentence)]
    assert sentence.to_displacy()["ents"][1] == {"start": 13, "end": 17, "label": "Loc"}
    assert list(sentence.to_networkx().edges) == [(0, 1, "Left")]
