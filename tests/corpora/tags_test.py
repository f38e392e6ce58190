import re

import pytest
from allennlp.data.dataset_readers.dataset_utils.span_utils import (
    InvalidTagSequence,
    bio_tags_to_spans,
    bioul_tags_to_spans,
)
from hypothesis import given
from hypothesis import strategies as st

from dts_ee.corpora.tags import entities_to_tags, tag_layers, tag_type, tags_to_entities
from dts_ee.document import Entity
from tests.documents import documents

ENTITIES = [
    Entity("Peop", 0, 1),
    Entity("Adverse-Effect", 1, 4),
    Entity("Adverse-Effect", 4, 6),
    Entity("Peop", 7, 8),
]


def test_bio_tags():
    assert entities_to_tags(ENTITIES, 9, "BIO") == [
        "B-Peop",
        "B-Adverse-Effect",
        "I-Adverse-Effect",
        "I-Adverse-Effect",
        "B-Adverse-Effect",
        "I-Adverse-Effect",
        "O",
        "B-Peop",
        "O",
    ]


def test_bioul_tags():
    assert entities_to_tags(ENTITIES, 9, "BIOUL") == [
        "U-Peop",
        "B-Adverse-Effect",
        "I-Adverse-Effect",
        "L-Adverse-Effect",
        "B-Adverse-Effect",
        "L-Adverse-Effect",
        "O",
        "U-Peop",
        "O",
    ]


@given(documents(overlaps=False), st.sampled_from(["BIO", "BIOUL"]))
def test_tags_say_the_entities(document, tag_encoding):
    tags = entities_to_tags(document.entities, len(document.tokens), tag_encoding)
    expected = sorted(document.entities, key=lambda entity: entity.start)
    assert tags_to_entities(tags, tag_encoding) == expected


def test_tags_are_bio_by_default():
    # In BIOUL, the first would be `U-A`, and the second no valid sequence.
    assert entities_to_tags([Entity("A", 1, 2)], 3) == ["O", "B-A", "O"]
    assert tags_to_entities(["O", "B-A", "I-A"]) == [Entity("A", 1, 3)]


def test_bio_entity_may_begin_inside():
    assert tags_to_entities(["I-A", "I-B", "I-B", "O"], "BIO") == [
        Entity("A", 0, 1),
        Entity("B", 1, 3),
    ]


ALL_TAGS = ["O", *(f"{prefix}-{type}" for type in ("A", "B-C") for prefix in "BILU")]


@given(st.lists(st.sampled_from([tag for tag in ALL_TAGS if tag[0] in "BIO"]), max_size=8))
def test_bio_entities_are_those_that_allennlp_finds(tags):
    expected = sorted(bio_tags_to_spans(tags), key=lambda span: span[1])
    assert tags_to_entities(tags, "BIO") == [
        Entity(type, start, last + 1) for type, (start, last) in expected
    ]


@given(st.lists(st.sampled_from(ALL_TAGS), max_size=8))
def test_bioul_entities_are_those_that_allennlp_finds(tags):
    try:
        expected = bioul_tags_to_spans(tags)
    except InvalidTagSequence:
        with pytest.raises(ValueError, match="tags"):
            tags_to_entities(tags, "BIOUL")
        return
    spans = [(start, last + 1) for _, (start, last) in expected]
    if any(len({tag_type(tag) for tag in tags[slice(*span)]}) > 1 for span in spans):
        # AllenNLP takes the type of the last tag.
        with pytest.raises(ValueError, match=r"but an entity '(A|B-C)' has begun before it"):
            tags_to_entities(tags, "BIOUL")
        return
    assert tags_to_entities(tags, "BIOUL") == [
        Entity(type, *span) for (type, _), span in zip(expected, spans, strict=True)
    ]


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (["O", "I-A"], "tags[1] is 'I-A', but no entity has begun before it"),
        (["L-A"], "tags[0] is 'L-A', but no entity has begun before it"),
        (["B-A", "O"], "tags[1] is 'O', but an entity 'A' has begun before it"),
        (["B-A", "U-A"], "tags[1] is 'U-A', but an entity 'A' has begun before it"),
        (["B-A", "I-B", "L-A"], "tags[1] is 'I-B', but an entity 'A' has begun before it"),
        (["U-A", "B-A", "I-A"], "the tags end before the entity 'A', begun at tags[1]"),
        (["U"], "tags[0] is 'U', which is not a tag of BIOUL"),
        (["X-A"], "tags[0] is 'X-A', which is not a tag of BIOUL"),
    ],
)
def test_tags_that_are_no_bioul_sequence_say_where(tags, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        tags_to_entities(tags, "BIOUL")


def test_tags_of_another_encoding_are_refused():
    with pytest.raises(ValueError, match=r"tags\[1\] is 'U-A', which is not a tag of BIO$"):
        tags_to_entities(["O", "U-A"], "BIO")


@pytest.mark.parametrize(
    "function", [lambda e: tags_to_entities([], e), lambda e: entities_to_tags([], 1, e)]
)
def test_unknown_encodings_are_refused(function):
    with pytest.raises(ValueError, match="no tag encoding 'IOB1': choose one of BIO, BIOUL"):
        function("IOB1")


def test_each_sequence_has_its_tags():
    tags = {0: "B-Peop", 1: "B-Loc", 2: "O", 3: "I-Peop", 4: "I-Loc"}
    assert tag_layers(tags, "one") == [[0, 1, 2, 3, 4]]
    # Loc, then Peop.
    assert tag_layers(tags, "per_type") == [[2, 1, 4], [2, 0, 3]]
    assert tag_layers({0: "O"}, "per_type") == [[0]]


def test_unknown_numbers_of_sequences_are_refused():
    with pytest.raises(ValueError, match="`tag_sequences` is 'two': choose one of one, per_type"):
        tag_layers({0: "O"}, "two")
