import pytest
from hypothesis import given
from hypothesis import strategies as st

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.text_reading import TextReading
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


def test_unknown_way_to_find_sentences():
    with pytest.raises(ValueError, match="'pages' is none of rules, lines, whole"):
        TextReading(at_white_space, "pages")


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
        ("'Oslo-based' into 'Oslo -based'", False),
        ("'firm.' into 'firm .'", False),
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
    ]
    assert [str(remark.location) for remark in text.remarks[3:]] == ["line 6", "line 7", "line 8"]


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
