from typing import cast

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary

from dts_ee.document import Entity
from dts_ee.models.tag_sequences import TagSequences

BIO = ["O", "B-Drug", "I-Drug", "B-Effect", "I-Effect"]
BIOUL = ["O", *(f"{prefix}-Drug" for prefix in "BILU")]


def _vocabulary(tags, *tag_sequences):
    vocabulary = Vocabulary()
    for tag in tags:
        vocabulary.add_token_to_namespace(tag, "labels")
    for name in tag_sequences:
        vocabulary.add_token_to_namespace(name, "tag_sequences_labels")
    return vocabulary


@pytest.mark.parametrize(("tags", "last_tag"), [(BIO, "I-Drug"), (BIOUL, "L-Drug")])
def test_the_encoding_is_that_of_the_vocabulary(tags, last_tag):
    sequences = TagSequences.from_vocabulary(_vocabulary(tags, "one"))
    last = sequences.expected_last_tags([[Entity("Drug", 0, 3)]], torch.device("cpu"))
    assert last.tolist() == [tags.index(last_tag)]


@pytest.mark.parametrize(("name", "number"), [("one", 1), ("per_type", 2)])
def test_the_number_of_sequences_is_that_of_the_vocabulary(name, number):
    assert len(TagSequences.from_vocabulary(_vocabulary(BIO, name))) == number


@pytest.mark.parametrize(("name", "number"), [(None, 1), ("one", 1), ("per_type", 2)])
def test_a_vocabulary_of_version_0_1_0_does_not_say_how_many_sequences(name, number):
    vocabulary = _vocabulary(BIO)
    assert len(TagSequences.from_vocabulary(vocabulary, tag_sequences=name)) == number
    assert "tag_sequences_labels" not in vocabulary.get_namespaces()


def test_tags_of_no_entity_are_of_both_encodings():
    for encoding in ("BIO", "BIOUL"):
        sequences = TagSequences.from_vocabulary(_vocabulary(["O"], "one"), encoding)
        assert sequences.entity_types == []


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        (_vocabulary([]), "the vocabulary has no tags in namespace 'labels'"),
        (_vocabulary(["O", "E-Drug"]), "the tag 'E-Drug', which is none of BIO, BIOUL"),
        (_vocabulary(BIO, "one", "per_type"), r"tag_sequences differ \(one, per_type\)"),
    ],
)
def test_vocabularies_that_no_model_can_have(vocabulary, message):
    with pytest.raises((ConfigurationError, ValueError), match=message):
        TagSequences.from_vocabulary(vocabulary)


@pytest.mark.parametrize(("own", "shape"), [("one", (1, 2, 2)), ("per_type", (1, 2))])
def test_a_reader_that_writes_other_sequences(own, shape):
    sequences = TagSequences.from_vocabulary(_vocabulary(BIO, own))
    with pytest.raises(ConfigurationError, match=f"but the model's is '{own}'"):
        sequences.split(cast(torch.LongTensor, torch.zeros(shape, dtype=torch.long)))
