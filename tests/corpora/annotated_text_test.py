import pytest
from hypothesis import given
from hypothesis import strategies as st

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.text_reading import TextReading, word_spans
from dts_ee.document import Entity, Relation
from tests.corpora.raw_text import at_white_space, reading


def texts_of(documents):
    return [document.text for document in documents]


def problems(text):
    return [(remark.problem, remark.lost) for remark in text.remarks]


def test_sentences_have_their_own_entities_and_relations():
    text = AnnotatedText("a", "Ann left Rome .\n Bob saw Ann Lee .")
    text.entities = [
        TextEntity("T1", "Peop", 0, 3),
        TextEntity("T2", "Loc", 9, 13, probability=0.5),
        TextEntity("T3", "Peop", 17, 20),
        TextEntity("T4", "Peop", 25, 32),
    ]
    text.relations = [
        TextRelation("Knows", "T4", "T3", probability=0.25),
        TextRelation("Live_In", "T1", "T2"),
    ]
    first, second = text.documents(reading())
    assert first.tokens == ("Ann", "left", "Rome", ".")
    assert first.entities == (Entity("Peop", 0, 1), Entity("Loc", 2, 3))
    assert first.entities[1].probability == 0.5
    assert first.relations == (Relation("Live_In", 0, 1),)
    assert (first.id, first.text) == ("a-1", "Ann left Rome .")
    assert second.tokens == ("Bob", "saw", "Ann", "Lee", ".")
    assert second.entities == (Entity("Peop", 0, 1), Entity("Peop", 2, 4))
    assert second.relations == (Relation("Knows", 1, 0, 0.25),)
    assert (second.id, second.text) == ("a-2", "Bob saw Ann Lee .")
    assert text.remarks == []


@pytest.mark.parametrize(
    ("mode", "sentences"),
    [
        ("rules", ["One .", "Two\nthree", "four"]),
        ("lines", ["One . Two", "three", "four"]),
        ("whole", ["One . Two\nthree\n \nfour"]),
    ],
)
def test_ways_to_find_sentences(mode, sentences):
    text = AnnotatedText("a", " One . Two\nthree\n \nfour\n")
    documents = text.documents(reading(mode))
    assert texts_of(documents) == sentences
    assert [document.id for document in documents] == (
        ["a"] if len(sentences) == 1 else [f"a-{i + 1}" for i in range(len(sentences))]
    )


def test_an_entity_is_not_divided_by_the_end_of_a_sentence():
    text = AnnotatedText("a", "The band Stop ! Go played . It rained .")
    text.entities = [TextEntity("T1", "Org", 9, 18)]
    assert texts_of(text.documents(reading())) == ["The band Stop ! Go played .", "It rained ."]
    assert problems(text) == [("sentences joined", False)]
    assert "'band Stop ! Go played .'" in text.remarks[0].detail


def test_tokens_are_divided_where_entities_begin_and_end():
    text = AnnotatedText("a", "an Oslo-based firm.")
    text.entities = [TextEntity("T1", "Loc", 3, 7), TextEntity("T2", "Org", 14, 18)]
    (document,) = text.documents(reading())
    assert document.tokens == ("an", "Oslo", "-based", "firm", ".")
    assert [document.entity_text(entity) for entity in document.entities] == ["Oslo", "firm"]
    assert [(remark.detail, remark.lost) for remark in text.remarks] == [
        (f"{pair}; without the entity, `predict` makes one token", False)
        for pair in ("'Oslo-based' into 'Oslo -based'", "'firm.' into 'firm .'")
    ]


def test_white_space_around_an_entity_is_no_part_of_it():
    text = AnnotatedText("a", "in Oslo \n now")
    text.entities = [TextEntity("T1", "Loc", 2, 9, "line 1")]
    (document,) = text.documents(reading())
    assert document.entity_text(document.entities[0]) == "Oslo"
    assert str(text.remarks[0]) == ("document a, line 1: white space around an entity: ' Oslo \\n'")


def test_what_cannot_be_a_document_is_lost_and_listed():
    text = AnnotatedText("a", "Ann left . Bob came .")
    text.entities = [
        TextEntity("ann", "Peop", 0, 3),
        TextEntity("bob", "Peop", 11, 14),
        TextEntity("outside", "Peop", 15, 22),
        TextEntity("backwards", "Peop", 5, 5),
        TextEntity("blank", "Peop", 3, 4),
    ]
    text.relations = [
        TextRelation("Knows", "ann", "bob", "line 6"),
        TextRelation("Knows", "ann", "outside", "line 7"),
        TextRelation("Knows", "bob", "bob", "line 8"),
    ]
    documents = text.documents(reading())
    assert [document.entities for document in documents] == [(Entity("Peop", 0, 1),)] * 2
    assert all(not document.relations for document in documents)
    assert problems(text) == [
        ("entity outside of the text", True),
        ("entity outside of the text", True),
        ("entity without words", True),
        ("relation between two sentences", True),
        ("relation of an entity that is not there", True),
        ("relation of an entity with itself", True),
        ("end of a sentence that a relation crosses", False),
    ]
    assert text.remarks[-1].detail == (
        "1 relation across 'Ann left . Bob came .': if it is none, --abbreviations, or --sentences "
        "lines or whole"
    )
    assert [str(remark.location) for remark in text.remarks[3:-1]] == ["line 6", "line 7", "line 8"]


def test_what_is_there_twice_becomes_one():
    text = AnnotatedText("a", "Ann left Rome")
    text.entities = [
        TextEntity("T1", "Peop", 0, 3),
        TextEntity("T2", "Peop", 0, 3),
        TextEntity("T3", "Loc", 9, 13),
    ]
    text.relations = [TextRelation("Live_In", "T1", "T3"), TextRelation("Live_In", "T2", "T3")]
    (document,) = text.documents(reading())
    assert document.entities == (Entity("Peop", 0, 1), Entity("Loc", 2, 3))
    assert document.relations == (Relation("Live_In", 0, 1),)
    assert problems(text) == [("entity is there twice", False), ("relation is there twice", False)]


def test_text_without_words_has_no_documents():
    text = AnnotatedText("a", " \n")
    assert text.documents(reading()) == []
    assert problems(text) == [("text without words", True)]


@st.composite
def annotated_texts(draw):
    characters = draw(st.text("ab.-! \n", min_size=1, max_size=30))
    entities = []
    for key in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(characters) - 1))
        end = draw(st.integers(start + 1, len(characters)))
        entities.append(TextEntity(key, draw(st.sampled_from("XY")), start, end))
    relations = []
    if len(entities) > 1:
        for head in range(1, len(entities)):
            relations.append(TextRelation("R", head, 0))
    return AnnotatedText("a", characters, entities, relations)


@given(annotated_texts(), st.sampled_from(["rules", "lines", "whole"]))
def test_every_entity_and_relation_is_there_or_listed(text, mode):
    expected = {
        (entity.type, "".join(text.text[entity.start : entity.end].split()))
        for entity in text.entities
    }
    documents = text.documents(reading(mode))
    joined = "".join("".join(document.tokens) for document in documents)
    assert joined == "".join(text.text.split())
    found = {
        (entity.type, "".join(document.tokens[entity.start : entity.end]))
        for document in documents
        for entity in document.entities
    }
    blank = {"X", "Y"} if documents else set()
    assert found <= expected <= found | {(type, "") for type in blank | {"X", "Y"}}
    listed = [remark.problem for remark in text.remarks]
    assert sum(len(document.entities) for document in documents) == len(text.entities) - (
        listed.count("entity is there twice") + listed.count("entity without words")
    )
    if documents:
        assert sum(len(document.relations) for document in documents) == len(text.relations) - sum(
            problem.startswith("relation") for problem in listed
        )


def quoted_text(text, *mentions):
    annotated = AnnotatedText("a", text)
    for key, (start, end, quoted) in enumerate(mentions):
        annotated.add_quoted(TextEntity(key, "Peop", start, end, f"line {key}"), quoted)
    return annotated


def spans_of(annotated):
    (document,) = annotated.documents(reading("whole"))
    assert document.text is not None
    first = annotated.text.index(document.text)
    return [
        tuple(first + border for border in document.character_span(entity.start, entity.end))
        for entity in document.entities
    ]


EMOJI = "\N{PILE OF POO}" * 4 + " Ada Ada Ada met Bo Lind of Elm Works."


def test_quoted_entities_are_resolved_together():
    # Characters 9 to 12 are an "Ada" too, but not the one that UTF-16 means.
    text = quoted_text(EMOJI, (9, 12, "Ada"), (25, 32, "Bo Lind"), (36, 45, "Elm Works"))
    assert spans_of(text) == [(5, 8), (21, 28), (32, 41)]
    assert problems(text)[0] == ("offsets in another unit", False)
    assert text.remarks[0].detail == "they count UTF-16 code units: 3 of 3 entities fit"
    alone = quoted_text(EMOJI, (9, 12, "Ada"))
    assert spans_of(alone) == [(9, 12)]


def test_entities_without_text_are_resolved_together():
    text = AnnotatedText("a", EMOJI)
    text.entities = [
        TextEntity(key, "Peop", *span) for key, span in enumerate([(9, 12), (25, 32), (36, 45)])
    ]
    assert spans_of(text) == [(5, 8), (21, 28), (32, 41)]
    assert problems(text)[0] == ("offsets in another unit", False)


def test_an_end_after_the_text_is_normalised():
    text = quoted_text("She works for Elm Works", (14, 24, "Elm Works"), (0, 3, "She"))
    assert spans_of(text) == [(14, 23), (0, 3)]
    assert problems(text) == [("entity that ends after the text", False)]


@pytest.mark.parametrize(
    ("text", "quoted"),
    [("Jose\u0301 left", "Jos\u00e9"), ("Jos\u00e9 left", "Jose\u0301")],
)
@pytest.mark.parametrize("start", [0, 3])
def test_canonically_equal_texts(text, quoted, start):
    length = text.index(" ")
    annotated = quoted_text(text, (start, start + length, quoted))
    assert spans_of(annotated) == [(0, length)]
    assert problems(annotated) == [("mention found by its text", False)] * (start > 0)


def test_entities_do_not_begin_or_end_inside_a_character():
    text = AnnotatedText("a", "Jose\u0301 loves \u2764\ufe0f\u200b !")
    text.entities = [TextEntity(0, "Peop", 0, 4), TextEntity(1, "Other", 12, 13)]
    assert spans_of(text) == [(0, 5), (12, 14)]
    assert [remark.detail for remark in text.remarks if not remark.lost][:2] == [
        "'Jose', taken for 'Jose\u0301'",
        "'\u2764', taken for '\u2764\ufe0f'",
    ]


def test_an_entity_of_invisible_characters_has_no_words():
    text = AnnotatedText("a", "Ann \u200b left")
    text.entities = [TextEntity(0, "Other", 4, 5)]
    (document,) = text.documents(TextReading(lambda raw: word_spans(raw, at_white_space)))
    assert (document.tokens, document.entities) == (("Ann", "left"), ())
    assert problems(text) == [("entity without words", True)]


def test_unless_repaired_an_entity_of_another_text_is_lost():
    text = quoted_text(EMOJI, (9, 12, "Ada"), (25, 32, "Bo Lind"), (0, 1, "Bo"))
    text.repair = False
    text.documents(reading("whole"))
    assert [remark.detail for remark in text.remarks if remark.lost] == [
        "the characters are 'ind of ', not 'Bo Lind'",
        "the characters are '\N{PILE OF POO}', not 'Bo'",
    ]
