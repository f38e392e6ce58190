import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data.dataset_readers.dataset_utils.span_utils import InvalidTagSequence
from hypothesis import given
from hypothesis import strategies as st

from dts_ee.corpora.tags import check_tag_encoding, entities_to_tags, tags_to_entities
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


def test_bio_entity_may_begin_inside():
    assert tags_to_entities(["I-A", "I-B", "I-B", "O"], "BIO") == [
        Entity("A", 0, 1),
        Entity("B", 1, 3),
    ]


def test_bioul_must_be_well_formed():
    with pytest.raises(InvalidTagSequence):
        tags_to_entities(["B-A", "O"], "BIOUL")


def test_unknown_encoding_is_refused():
    assert check_tag_encoding("BIO") == "BIO"
    with pytest.raises(
        ConfigurationError, match="no tag encoding 'IOB1': choose one of BIO, BIOUL"
    ):
        check_tag_encoding("IOB1")
