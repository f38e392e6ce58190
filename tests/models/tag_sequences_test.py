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
    # Reading a namespace that a vocabulary does not have makes an empty one.
    vocabulary.get_index_to_token_vocabulary("tag_sequences_labels")
    assert "tag_sequences_labels" in vocabulary.get_namespaces()
    assert len(TagSequences.from_vocabulary(vocabulary, tag_sequences=name)) == number


def test_tags_of_no_entity_are_of_both_encodings():
    for encoding in ("BIO", "BIOUL", None):
        sequences = TagSequences.from_vocabulary(_vocabulary(["O"], "one"), encoding)
        assert sequences.entity_types == []
        assert sequences.entities(0, [0, 0]) == []


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


# The outside tag is not the first, nor are the types in alphabetical order.
TAGS = {0: "B-Effect", 1: "I-Effect", 2: "O", 3: "B-Drug", 4: "I-Drug"}
ONE = TagSequences(TAGS, "BIO", "one")
PER_TYPE = TagSequences(TAGS, "BIO", "per_type")


@pytest.mark.parametrize(("sequences", "numbers"), [(ONE, [5]), (PER_TYPE, [3, 3])])
def test_how_many_tags_there_are(sequences, numbers):
    assert sequences.tag_counts == numbers
    assert len(sequences) == len(numbers)
    assert sequences.num_tags == 5
    assert sequences.entity_types == ["Drug", "Effect"]


def test_a_sequence_counts_its_own_tags():
    # Of each sequence: O, then B and I of its type.
    tags = torch.tensor([[[3, 2], [4, 0], [2, 1]], [[0, 3], [1, 4], [2, 2]]])
    own_ids = PER_TYPE.sequence_ids(tags)
    # A tag of the other sequence is outside.
    assert own_ids.tolist() == [[[1, 0], [2, 1], [0, 2]], [[0, 0], [0, 0], [0, 0]]]
    assert PER_TYPE.vocabulary_ids(0, [[1, 2, 0], [0]]) == [[3, 4, 2], [2]]
    assert PER_TYPE.vocabulary_ids(1, [[0, 1, 2]]) == [[2, 0, 1]]
    assert ONE.sequence_ids(tags[..., :1]).tolist() == tags[..., :1].tolist()
    assert ONE.vocabulary_ids(0, [[3, 4], [2]]) == [[3, 4], [2]]


def test_entities_of_a_sequence():
    assert PER_TYPE.entities(0, [1, 2, 0, 1]) == [Entity("Drug", 0, 2), Entity("Drug", 3, 4)]
    assert PER_TYPE.entities(1, [0, 1, 1]) == [Entity("Effect", 1, 2), Entity("Effect", 2, 3)]
    assert ONE.entities(0, [3, 0, 1]) == [Entity("Drug", 0, 1), Entity("Effect", 1, 3)]
    bioul = TagSequences({0: "O", 1: "B-A", 2: "I-A", 3: "L-A", 4: "U-A"}, "BIOUL", "one")
    assert bioul.entities(0, [1, 2, 3, 4]) == [Entity("A", 0, 3), Entity("A", 3, 4)]


def test_the_tag_that_continues_an_entity():
    assert PER_TYPE.inside_id(0, "Drug") == PER_TYPE.inside_id(1, "Effect") == 2
    assert (ONE.inside_id(0, "Drug"), ONE.inside_id(0, "Effect")) == (4, 1)
    assert PER_TYPE.inside_id(0, "Effect") == ONE.inside_id(0, "Ship") == -1


def test_transitions_that_are_allowed():
    # O, B and I, then start and end: I needs a B or an I before it.
    after = {0: [0, 1, 4], 1: [0, 1, 2, 4], 2: [0, 1, 2, 4], 3: [0, 1]}
    expected = {(one, other) for one, others in after.items() for other in others}
    assert [set(constraints) for constraints in PER_TYPE.constraints()] == [expected, expected]
    (constraints,) = ONE.constraints()
    # From the I of Effect: everything but the I of Drug; 6 is the end.
    assert {other for one, other in constraints if one == 1} == {0, 1, 2, 3, 6}


@pytest.mark.parametrize("sequences", [ONE, PER_TYPE])
def test_the_expected_tags_of_last_tokens(sequences):
    entities = [
        [Entity("Drug", 4, 5), Entity("Drug", 0, 2)],
        [],
        [Entity("Effect", 1, 5), Entity("Ship", 0, 1), Entity("Effect", 0, 1)],
    ]
    last_tags = sequences.expected_last_tags(entities, torch.device("cpu"))
    # There is no Ship: it is outside.
    assert last_tags.tolist() == [3, 4, 1, 2, 0]
    assert sequences.expected_last_tags([[]], torch.device("cpu")).tolist() == []


def test_a_type_that_is_not_in_the_vocabulary_where_no_tag_is_outside():
    sequences = TagSequences({0: "B-Drug", 1: "I-Drug"}, "BIO", "one")
    last_tags = sequences.expected_last_tags([[Entity("Ship", 0, 2)]], torch.device("cpu"))
    # Some tag that there is.
    assert last_tags.tolist() == [0]


@pytest.mark.parametrize(("length", "expected"), [(1, "U"), (2, "L"), (3, "L")])
def test_the_expected_last_tag_of_a_length(length, expected):
    sequences = TagSequences(dict(enumerate(BIOUL)), "BIOUL", "one")
    last_tags = sequences.expected_last_tags([[Entity("Drug", 3, 3 + length)]], torch.device("cpu"))
    assert [BIOUL[tag] for tag in last_tags.tolist()] == [f"{expected}-Drug"]


def test_tags_of_last_tokens_are_in_the_sequence_of_the_type():
    entities = [
        [Entity("Drug", 0, 2), Entity("Effect", 0, 3)],
        [],
        [Entity("Ship", 2, 3), Entity("Effect", 0, 1)],
    ]
    # Shape: (3, 3, 2), each number another
    tags = torch.arange(18).view(3, 3, 2)
    # Sentence, token and sequence: 0 1 0, 0 2 1, 2 2 0 as there is no Ship, 2 0 1.
    assert PER_TYPE.last_tags(entities, tags).tolist() == [2, 5, 16, 13]
    assert ONE.last_tags(entities, tags[..., :1]).tolist() == [2, 4, 16, 12]


# The same types, and one that begins the alphabet.
GROWN_TAGS = {**TAGS, 5: "B-Animal", 6: "I-Animal"}


@pytest.mark.parametrize(
    ("tag_sequences", "expected"),
    # The sequences are in the order of the types: Animal, Drug, Effect.
    [("one", [(0, 0)]), ("per_type", [(1, 0), (2, 1)])],
)
def test_sequences_in_common_with_a_model_with_fewer_types(tag_sequences, expected):
    former = TagSequences(TAGS, "BIO", tag_sequences)
    grown = TagSequences(GROWN_TAGS, "BIO", tag_sequences)
    grown.check_settings_of(former)
    assert sorted(grown.in_common(former)) == expected


@pytest.mark.parametrize(
    ("tags", "tag_encoding", "tag_sequences", "message"),
    [
        (TAGS, "BIO", "per_type", "tag_sequences is 'per_type', not 'one'"),
        (dict(enumerate(BIOUL)), "BIOUL", "one", "tag_encoding is 'BIOUL', not 'BIO'"),
    ],
)
def test_a_former_model_with_other_settings(tags, tag_encoding, tag_sequences, message):
    former = TagSequences(tags, tag_encoding, tag_sequences)
    with pytest.raises(ConfigurationError, match=f"the archive's {message}"):
        ONE.check_settings_of(former)


def test_a_former_model_without_entity_types_has_any_settings():
    ONE.check_settings_of(TagSequences({0: "O"}, "BIOUL", "per_type"))
