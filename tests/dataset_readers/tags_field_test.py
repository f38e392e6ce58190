import pickle
from collections import defaultdict

import pytest
from allennlp.common.checks import ConfigurationError
from allennlp.data import Token, Vocabulary
from allennlp.data.fields import ListField, TextField

from dts_ee.dataset_readers import TagsField


def tags_field(tags, tag_encoding="BIO"):
    return TagsField(tags, TextField([Token("word")] * len(tags)), tag_encoding)


def index(field, known):
    vocab = Vocabulary()
    for tag in known:
        vocab.add_token_to_namespace(tag, "labels")
    field.index(vocab)
    return [known[i] for i in field.as_tensor(field.get_padding_lengths()).tolist()]


def vocabulary_of(field):
    counter: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    field.count_vocab_items(counter)
    return counter["labels"]


@pytest.mark.parametrize(
    ("tag_encoding", "tags", "counts"),
    [
        ("BIO", ["B-A", "O", "O"], {"B-A": 1, "I-A": 1, "O": 2}),
        ("BIO", ["B-A", "I-A"], {"B-A": 1, "I-A": 1, "O": 1}),
        ("BIOUL", ["U-A", "U-A"], {"U-A": 2, "B-A": 1, "I-A": 1, "L-A": 1, "O": 1}),
        ("BIO", ["O"], {"O": 1}),
    ],
)
def test_every_tag_of_a_type_is_counted(tag_encoding, tags, counts):
    assert vocabulary_of(tags_field(tags, tag_encoding)) == counts


def test_that_the_tags_are_one_sequence_is_counted():
    counter: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    tags_field(["O", "B-A"]).count_vocab_items(counter)
    assert counter["tag_sequences_labels"] == {"one": 1}


@pytest.mark.parametrize(
    ("tag_encoding", "known"),
    [("BIO", ["O", "B-A", "I-A", "L-A", "U-A"]), ("BIOUL", ["O", "B-A", "I-A"])],
)
def test_a_vocabulary_of_another_encoding_is_refused(tag_encoding, known):
    with pytest.raises(ConfigurationError, match=f"the reader's tag_encoding is {tag_encoding}, "):
        index(tags_field(["O", "O"], tag_encoding), known)


def test_known_tags_are_indexed_as_they_are():
    tags = ["B-A", "I-A", "O", "I-B"]
    assert index(tags_field(tags), ["O", "B-A", "I-A", "B-B", "I-B"]) == tags


@pytest.mark.parametrize("vocabulary_tags", [["O", "B-A", "I-A"], ["I-A", "B-A", "O"]])
def test_entity_of_an_unknown_type_is_outside(vocabulary_tags):
    field = tags_field(["B-A", "B-New", "I-New", "B-A", "I-A", "O"])
    assert index(field, vocabulary_tags) == ["B-A", "O", "O", "B-A", "I-A", "O"]
    assert field.labels[1] == "B-New"


def test_entity_is_indexed_whole_or_not_at_all():
    tags = ["B-A", "I-A", "L-A", "B-A", "L-A", "U-B"]
    known = ["O", "B-A", "L-A", "U-B"]
    assert index(tags_field(tags, "BIOUL"), known) == ["O", "O", "O", "B-A", "L-A", "U-B"]


def test_field_is_padded_in_lists_and_pickled():
    vocab = Vocabulary()
    vocab.add_token_to_namespace("O", "labels")
    vocab.add_token_to_namespace("B-A", "labels")
    fields = ListField([tags_field(["O", "B-A"]), pickle.loads(pickle.dumps(tags_field(["B-A"])))])
    fields.index(vocab)
    lengths = {**fields.get_padding_lengths(), "num_fields": 3}
    assert fields.as_tensor(lengths).tolist() == [[0, 1], [1, 0], [0, 0]]
