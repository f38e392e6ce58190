import re

import pytest

from dts_ee.document import DocumentError, Entity
from dts_ee.predictors.requests import (
    MAX_SENTENCE_TOKENS,
    as_inputs,
    is_token_list,
    request_from_json,
)
from dts_ee.tokenizers import SpacyRulesTokenizer, text_reading

TYPES = ["Loc", "Peop"]
TEXT = "Ann Lee left. Bob saw Rome."


def request(**inputs):
    return request_from_json(inputs, text_reading(SpacyRulesTokenizer()), TYPES)


def by_characters(text, quoted, type="Peop"):
    start = text.index(quoted)
    return {"type": type, "start_char": start, "end_char": start + len(quoted)}


def test_a_text_is_its_sentences():
    found = request(text=TEXT, id=7)
    assert (found.text, found.id, found.entities_given) == (TEXT, "7", False)
    assert [sentence.text for sentence in found.sentences] == ["Ann Lee left.", "Bob saw Rome."]
    assert [sentence.start_char for sentence in found.sentences] == [0, 14]


def test_no_sentence_of_a_text_is_longer_than_the_bound():
    found = request(text="word " * (2 * MAX_SENTENCE_TOKENS + 1))
    assert [len(sentence.tokens) for sentence in found.sentences] == [256, 256, 1]
    (whole,) = request(sentence="word " * (MAX_SENTENCE_TOKENS + 1)).sentences
    assert len(whole.tokens) == MAX_SENTENCE_TOKENS + 1


def test_a_text_may_have_no_words():
    assert request(text=" ").sentences == []


@pytest.mark.parametrize("key", ["text", "sentence"])
def test_given_entities_of_raw_text(key):
    entities = [by_characters(TEXT, "Rome", "Loc"), by_characters(TEXT, "Lee")]
    found = request(**{key: TEXT, "entities": entities})
    assert found.entities_given
    quoted = [
        [(entity.type, document.entity_text(entity)) for entity in document.entities]
        for document in found.sentences
    ]
    if key == "text":
        assert quoted == [[("Peop", "Lee")], [("Loc", "Rome")]]
    else:
        assert quoted == [[("Loc", "Rome"), ("Peop", "Lee")]]


@pytest.mark.parametrize("inputs", [{"text": TEXT}, {"sentence": TEXT}, {"tokens": ["Ann"]}])
def test_no_entities_can_be_given_too(inputs):
    assert request(**inputs, entities=[]).entities_given
    assert not request(**inputs).entities_given


def test_given_entities_of_tokens():
    inputs = {"tokens": ["Ann", "Lee", "left", "."], "relations": "of no interest"}
    by_tokens = {"type": "Peop", "start": 0, "end": 2, "probability": 0.5, "text": "Ann  Lee"}
    expected = (Entity("Peop", 0, 2),)
    assert request(**inputs, entities=[by_tokens]).sentences[0].entities == expected
    # What was predicted once is certain now.
    assert request(**inputs, entities=[by_tokens]).sentences[0].entities[0].probability is None
    characters = {"type": "Peop", "start_char": 0, "end_char": 7}
    assert request(**inputs, entities=[characters]).sentences[0].entities == expected
    written = {"type": "Peop", "start_char": 2, "end_char": 9}
    found = request(**inputs, sentence="  Ann Lee left.", entities=[written])
    assert found.sentences[0].entities == expected
    moved = {"type": "Peop", "start_char": 40, "end_char": 47}
    found = request(**inputs, start_char=40, entities=[moved])
    assert found.sentences[0].entities == expected
    assert found.sentences[0].start_char == 40


def test_given_entities_may_overlap():
    entities = [{"type": "Peop", "start": 0, "end": 2}, {"type": "Loc", "start": 1, "end": 2}]
    found = request(tokens=["Ann", "Lee", "left"], entities=entities).sentences[0]
    assert found.entities == (Entity("Peop", 0, 2), Entity("Loc", 1, 2))


def test_offsets_of_given_entities_in_another_unit():
    # In UTF-16, the emoji counts twice.
    entities = [
        {"type": "Peop", "start_char": 3, "end_char": 6, "text": "Ann"},
        {"type": "Loc", "start_char": 11, "end_char": 15, "text": "Rome"},
    ]
    text = "\N{FACE WITH TEARS OF JOY} Ann saw Rome."
    warning = ("offsets in another unit: they count UTF-16 code units: 2 of 2 entities fit",)
    for inputs in (
        {"text": text},
        {"sentence": text},
        {"tokens": ["\N{FACE WITH TEARS OF JOY}", "Ann", "saw", "Rome", "."], "sentence": text},
    ):
        found = request(**inputs, entities=entities)
        (document,) = found.sentences
        assert [document.entity_text(entity) for entity in document.entities] == ["Ann", "Rome"]
        assert found.warnings == warning
    assert request(text="Ann saw Rome.", entities=[]).warnings == ()


@pytest.mark.parametrize("key", ["text", "sentence"])
def test_text_of_a_given_entity_that_contradicts_its_characters(key):
    entities = [
        {"type": "Peop", "start_char": 0, "end_char": 3, "text": "Ann"},
        {"type": "Loc", "start_char": 9, "end_char": 13, "text": "Rome"},
    ]
    message = (
        "document x, field entities[1]: entity of another text: the characters are 'ome.', not "
        "'Rome'"
    )
    with pytest.raises(DocumentError, match=re.escape(message)):
        request(**{key: "Ann saw Rome."}, entities=entities, id="x")


def test_text_of_a_given_entity_that_contradicts_its_tokens():
    tokens = ["Ann", "saw", "Rome"]
    with pytest.raises(
        DocumentError, match=r"entities\[0\]: the tokens 0 to 1 are 'Ann', not 'Bo'"
    ):
        request(tokens=tokens, entities=[{"type": "Peop", "start": 0, "end": 1, "text": "Bo"}])
    by_characters = {"type": "Peop", "start_char": 0, "end_char": 3, "text": "Bo"}
    with pytest.raises(DocumentError, match=r"entities\[0\]: the characters are 'Ann', not 'Bo'"):
        request(tokens=tokens, entities=[by_characters])


def test_a_sentence_may_have_no_words():
    for blank in ("", " \n", "\u200b"):
        found = request(sentence=blank, id="x")
        assert (found.sentences, found.blank_sentence, found.id) == ([], blank, "x")
    with pytest.raises(DocumentError, match="there are no words in the sentence"):
        request(sentence=" ", entities=[{"type": "Peop", "start_char": 0, "end_char": 1}])


def test_inputs_of_spert():
    assert as_inputs(["Ann", "left"], "#1") == {"tokens": ["Ann", "left"], "orig_id": "#1"}
    assert as_inputs("Ann left.", "#1") == {"sentence": "Ann left.", "orig_id": "#1"}
    assert as_inputs({"tokens": ["Ann"]}, "#1") == {"tokens": ["Ann"], "orig_id": "#1"}
    assert as_inputs({"text": "Ann", "id": 3}, "#1") == {"text": "Ann", "id": 3}
    assert as_inputs(["Ann"]) == {"tokens": ["Ann"]}
    assert [is_token_list(value) for value in (["Ann"], [], ["Ann", {}], "Ann")] == [
        *(True, False, False, False)
    ]
    with pytest.raises(DocumentError, match="document #1: an object, a list of tokens or a sent"):
        as_inputs(3, "#1")


ANN = {"type": "Peop", "start": 0, "end": 1}


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, 'document x: there is neither "text" nor "sentence" nor "tokens", but no other key'),
        ({"txt": "Bo"}, 'nor "tokens", but txt'),
        ({"text": 3}, "document x, field text: must be a string, but is a number"),
        ({"entities": {}}, "document x, field entities: must be a list, but is an object"),
        ({"entities": [3]}, "document x, field entities[0]: must be an object, but is a number"),
        ({"entities": [{"start": 0}]}, 'field entities[0].type: there is no "type"'),
        (
            {"entities": [ANN, {**ANN, "type": "Per"}]},
            "document x, field entities[1].type: the model does not know the type 'Per'; it knows "
            "Loc, Peop",
        ),
        ({"text": TEXT, "entities": [ANN]}, 'field entities[0].start_char: there is no "start_c'),
        ({"sentence": TEXT, "entities": [ANN]}, "document x, field entities[0].start_char"),
        (
            {"text": TEXT, "entities": [by_characters(TEXT, "Rome"), {**ANN, "start_char": "0"}]},
            "document x, field entities[1].start_char: must be a whole number, but is a string",
        ),
        (
            {"text": TEXT, "entities": [{"type": "Loc", "start_char": 3, "end_char": 99}]},
            "document x, field entities[0]: entity outside of the text: Loc from character 3 to 99",
        ),
        (
            {"tokens": ["Ann", "Lee"], "entities": [ANN, {**ANN, "end": 3}]},
            "document x, field entities[1]: tokens 0 to 3",
        ),
        ({"tokens": ["Ann"], "entities": [{"type": "Loc"}]}, 'entities[0].start: there is no "st'),
        (
            {
                "tokens": ["Ann", "Lee"],
                "entities": [{"type": "Loc", "start_char": 1, "end_char": 5}],
            },
            "document x, field entities[0]: characters 1 to 5, 'nn L', are not whole tokens",
        ),
        (
            {
                "tokens": ["Ann", "Lee"],
                "entities": [{"type": "Loc", "start_char": 4, "end_char": 3}],
            },
            "document x, field entities[0]: characters 4 to 3 are not whole tokens",
        ),
    ],
)
def test_what_is_wrong_is_named(inputs, message):
    with pytest.raises(DocumentError, match=re.escape(message)):
        request(**inputs, id="x")
