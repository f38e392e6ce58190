from dataclasses import replace

import pytest
from spacy import displacy

from dts_ee.document import Document, Entity, Relation
from dts_ee.pages.displacy_data import to_displacy
from tests.documents import document

SENTENCE = document(
    "In [Rome|Loc] , the lawyer [Ann Lee|Peop] died .", [("Died_In", 1, 0), ("Knows", 0, 1)]
)


def test_characters_and_tokens():
    data = to_displacy(SENTENCE)
    text = "In Rome , the lawyer Ann Lee died ."
    assert data["text"] == text
    assert [
        (text[entity["start"] : entity["end"]], entity["label"]) for entity in data["ents"]
    ] == [
        ("Rome", "Loc"),
        ("Ann Lee", "Peop"),
    ]
    assert data["tokens"] == text.split()
    assert data["spans"] == [
        {"start_token": 1, "end_token": 2, "label": "Loc"},
        {"start_token": 5, "end_token": 7, "label": "Peop"},
    ]


def test_words_and_arcs():
    data = to_displacy(SENTENCE)
    assert data["words"] == [
        {"text": "Rome", "tag": "Loc"},
        {"text": ", the lawyer", "tag": ""},
        {"text": "Ann Lee", "tag": "Peop"},
    ]
    assert data["arcs"] == [
        {"start": 0, "end": 2, "dir": "left", "label": "Died_In"},
        {"start": 0, "end": 2, "dir": "right", "label": "Knows"},
    ]


def test_characters_are_those_of_the_text():
    sentence = Document(
        tokens=("Ann", "left", "."),
        entities=(Entity("Peop", 0, 1, 0.5),),
        text="  Ann  left.",
        token_offsets=((2, 5), (7, 11), (11, 12)),
        start_char=40,
    )
    assert to_displacy(sentence)["ents"] == [{"start": 2, "end": 5, "label": "Peop"}]


def test_probabilities_are_in_the_labels_of_arcs():
    bare = document("[Ann|Peop] left [Rome|Loc] .")
    sentence = replace(bare, relations=(Relation("Live_In", 0, 1, 0.756),))
    assert to_displacy(sentence)["arcs"][0]["label"] == "Live_In 0.76"


@pytest.mark.parametrize("style", ["ent", "span", "dep"])
@pytest.mark.parametrize(
    "sentence",
    [
        SENTENCE,
        document("Nothing here ."),
        Document(
            tokens=("velmine", "toxicity"),
            entities=(Entity("Drug", 0, 1), Entity("Effect", 0, 2)),
            relations=(Relation("Effect", 1, 0),),
        ),
    ],
)
def test_displacy_draws_it(sentence, style):
    markup = displacy.render(to_displacy(sentence), style=style, manual=True, jupyter=False)
    for entity in sentence.entities:
        assert entity.type in markup
    assert sentence.tokens[1] in markup
