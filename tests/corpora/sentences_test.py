import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dts_ee.corpora.annotated_text import TextEntity
from dts_ee.corpora.sentences import one_sentence, sentences_of
from dts_ee.document import DocumentError, Entity
from dts_ee.tokenizers import RulesSentenceSplitter, SpacyRulesTokenizer, text_reading

READING = text_reading(SpacyRulesTokenizer(split_hyphens=False))


def texts(text, **others):
    return [sentence.text for sentence in sentences_of(text, READING, **others)]


def test_windows_of_sentences():
    text = "Ann left. Bo  left.\nAl met Di. Yes. No."
    reading = replace(READING, windows=2)
    windows = sentences_of(text, reading, document_id="a")
    assert [(window.id, window.text, window.start_char) for window in windows] == [
        ("a-1", "Ann left. Bo  left.", 0),
        ("a-2", "Al met Di. Yes.", 20),
        ("a-3", "No.", 36),
    ]
    # The third sentence has four tokens: it is divided, and then joined again.
    bounded = sentences_of(text, reading, max_tokens=3)
    assert [window.text for window in bounded] == ["Ann left. Bo  left.", "Al met Di.", "Yes. No."]


def test_neighbouring_sentences_are_the_context():
    reading = replace(READING, context_sentences=1)
    sentences = sentences_of("Ann left. Bo left. Yes.", reading)
    assert [(item.tokens_before, item.tokens_after) for item in sentences] == [
        ((), ("Bo", "left", ".")),
        (("Ann", "left", "."), ("Yes", ".")),
        (("Bo", "left", "."), ()),
    ]
    (alone,) = sentences_of("Ann left.", reading, document_id="a")
    assert (alone.tokens_before, alone.tokens_after) == ((), ())


def entity(text, quoted, type="Peop", key=0):
    start = text.index(quoted)
    return TextEntity(key, type, start, start + len(quoted), f"entities[{key}]")


@pytest.mark.parametrize(
    "sentences",
    [
        ["Marta writes.", "She lives in Tarnby!", "Does she?", "Yes..."],
        ["Dr. J. R. Marsh of the U.S. Navy met Mr. Holt at 3 p.m. in St. Mary's.", "He left."],
        ["It cost $3.50 (approx. 4 euros).", "See Fig. 3, e.g. there."],
        ['"Go!" he said.', "(He left.)", '"Now?"', "She nodded."],
        ["Smith et al. found it on Jan. 5.", "No. 5 was empty."],
        ["Capt. Ruiz and Lt. Col. Day saw Mt. Hood.", "It rained."],
        ["He said : `` It rained . ''", "She left ."],
        ["(It did . )", "Not here ."],
        ["A wrapped\nline goes on.", "The next one."],
    ],
)
def test_sentences(sentences):
    assert texts(" ".join(sentences)) == sentences


def test_a_blank_line_ends_a_sentence_and_the_end_of_a_line_does_not():
    text = "\n\nA heading\n \nThe first line\nand the second\r\n\r\nThe end\n"
    assert texts(text) == ["A heading", "The first line\nand the second", "The end"]


def test_a_numbered_list():
    text = "MEDICATIONS:\n1. Aspirin 81 mg daily\n2. Lipitor 20 mg qhs\nALLERGIES: none\n"
    assert texts(text) == text.splitlines()
    assert texts("- Ann lives in Tarnby\n- Bo works for Elm Works") == [
        "- Ann lives in Tarnby",
        "- Bo works for Elm Works",
    ]


def test_abbreviations_end_no_sentence():
    text = "Er kam z.B. Montag. Siehe Abb. Drei, d. h. Eins. Gut. Erst. Ende."
    found = sentences_of(text, READING)
    assert len(found) > 3
    splitter = RulesSentenceSplitter(["z. B.", "Abb", "d.h."])
    reading = text_reading(SpacyRulesTokenizer("de"), splitter)
    assert [sentence.text for sentence in sentences_of(text, reading)] == [
        "Er kam z.B. Montag.",
        "Siehe Abb. Drei, d. h. Eins.",
        "Gut.",
        "Erst.",
        "Ende.",
    ]


def test_invisible_characters_and_combining_marks_hide_no_end():
    assert texts("I bought Elm Works\u2764\ufe0f. Peter left.") == [
        "I bought Elm Works\u2764\ufe0f.",
        "Peter left.",
    ]
    assert texts("Ann left.\u200b Bo stayed.") == ["Ann left.", "Bo stayed."]
    assert texts("She saw Jose\u0301. He left.") == ["She saw Jose\u0301.", "He left."]
    assert texts("\u200b") == []


def test_sentences_know_their_place_and_have_identifiers():
    text = "  Ann left.\n\n\tBob   stayed. "
    found = sentences_of(text, READING, document_id="a")
    assert [(document.id, document.start_char) for document in found] == [("a-1", 2), ("a-2", 14)]
    alone = sentences_of("\n Ann left.\n", READING, document_id="a")
    assert [(document.id, document.start_char, document.text) for document in alone] == [
        ("a", 2, "Ann left.")
    ]
    assert [document.id for document in sentences_of(text, READING)] == [None, None]


@given(st.text(st.sampled_from("aB. \n\t!\"'\u00a0,1\x1c"), max_size=60))
def test_nothing_but_white_space_is_lost(text):
    position = 0
    for sentence in sentences_of(text, READING, max_tokens=4):
        assert sentence.text is not None
        assert sentence.start_char is not None
        assert not text[position : sentence.start_char].strip()
        assert text.startswith(sentence.text, sentence.start_char)
        position = sentence.start_char + len(sentence.text)
        assert len(sentence.tokens) <= 4
    assert not text[position:].strip()


def test_a_text_without_words_has_no_sentences():
    assert sentences_of(" \n ", READING) == []
    assert sentences_of("", READING) == []


def test_what_is_too_long_is_divided_at_the_end_of_a_line_or_anywhere():
    text = "a b c\nd e f g\nh i j k l m n o."
    assert texts(text, max_tokens=8) == ["a b c\nd e f g", "h i j k l m n o."]
    assert texts(text, max_tokens=6) == ["a b c", "d e f g", "h i j k l m", "n o."]
    assert texts(text) == [text]


def test_entities_are_in_their_sentences():
    text = "Ann met Bob Lee. Rome slept. Eve-like Bob left."
    entities = [
        entity(text, "Rome", "Loc", 0),
        entity(text, "Bob Lee", key=1),
        entity(text, "Eve", key=2),
        entity(text, "Ann", key=3),
    ]
    first, second, third = sentences_of(text, READING, entities)
    assert first.entities == (Entity("Peop", 2, 4), Entity("Peop", 0, 1))
    assert second.entities == (Entity("Loc", 0, 1),)
    # The token is divided where the entity ends.
    assert third.tokens == ("Eve", "-like", "Bob", "left", ".")
    assert third.entities == (Entity("Peop", 0, 1),)


def test_no_sentence_ends_inside_of_an_entity():
    text = "He works at Yahoo! Inc. in Rome."
    assert texts(text) == ["He works at Yahoo!", "Inc. in Rome."]
    (whole,) = sentences_of(text, READING, [entity(text, "Yahoo! Inc.", "Org")])
    assert whole.entity_text(whole.entities[0]) == "Yahoo! Inc."
    long = "a b c d e f"
    assert texts(long, entities=[entity(long, "c d", "Org")], max_tokens=3) == ["a b c d e f"]


def test_entities_may_overlap():
    text = "Velmine toxicity came."
    nested = [entity(text, "Velmine", "Drug", 0), entity(text, "Velmine toxicity", "Effect", 1)]
    (sentence,) = sentences_of(text, READING, nested)
    assert sentence.entities == (Entity("Drug", 0, 1), Entity("Effect", 0, 2))


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        ([(0, 99)], "document a, field entities[0]: entity outside of the text: Peop from"),
        ([(0, 3), (-1, 2)], "document a, field entities[1]: entity outside"),
        ([(0, 3), (3, 4)], "document a, field entities[1]: entity without words: Peop is ' '"),
        ([(0, 3), (0, 4)], "document a, field entities[1]: entity is there twice: Peop 'Ann'"),
    ],
)
def test_entities_that_cannot_be_are_named(entities, message):
    found = [
        TextEntity(i, "Peop", start, end, f"entities[{i}]")
        for i, (start, end) in enumerate(entities)
    ]
    with pytest.raises(DocumentError, match=re.escape(message)):
        sentences_of("Ann left.", READING, found, document_id="a")
    with pytest.raises(DocumentError, match=re.escape(message)):
        one_sentence("Ann left.", READING, found, "a")


def test_entities_of_a_text_without_words():
    with pytest.raises(DocumentError, match="entity without words"):
        sentences_of("  ", READING, [TextEntity(0, "Peop", 0, 1, "entities[0]")])


def test_one_sentence_is_not_divided():
    text = " Ann left. Bob stayed. "
    sentence = one_sentence(text, READING, [entity(text, "Bob")], "a")
    assert (sentence.id, sentence.text, sentence.start_char) == ("a", text, None)
    assert sentence.entities == (Entity("Peop", 3, 4),)
    with pytest.raises(DocumentError, match="field sentence: there are no words"):
        one_sentence("  ", READING, [])
