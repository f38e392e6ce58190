import torch
from allennlp.data import Batch, Instance, Token, Vocabulary
from allennlp.data.fields import TextField

from dts_ee.dataset_readers import TagLayersField
from dts_ee.document import Entity

NESTED = [Entity("Drug", 0, 1), Entity("Adverse-Effect", 0, 3)]


def _instance(num_tokens, entities, tag_encoding="BIO"):
    tokens = TextField([Token(str(i)) for i in range(num_tokens)], {})
    return Instance({"tags": TagLayersField(entities, tokens, tag_encoding)})


def _names(instance, vocabulary):
    instance.index_fields(vocabulary)
    tensor = instance.as_tensor_dict(instance.get_padding_lengths())["tags"]
    return [[vocabulary.get_token_from_index(i, "labels") for i in row] for row in tensor.tolist()]


def test_each_type_has_its_column():
    instance = _instance(4, NESTED)
    vocabulary = Vocabulary.from_instances([instance])
    assert _names(instance, vocabulary) == [
        ["B-Adverse-Effect", "B-Drug"],
        ["I-Adverse-Effect", "O"],
        ["I-Adverse-Effect", "O"],
        ["O", "O"],
    ]


def test_all_tags_of_a_type_are_counted():
    vocabulary = Vocabulary.from_instances([_instance(2, [Entity("Drug", 0, 1)], "BIOUL")])
    names = set(vocabulary.get_token_to_index_vocabulary("labels"))
    assert names == {"O", "B-Drug", "I-Drug", "L-Drug", "U-Drug"}
    # So that a model has a tagger for each type.
    assert set(vocabulary.get_token_to_index_vocabulary("tag_sequences_labels")) == {"per_type"}


def test_types_that_the_vocabulary_lacks_are_outside():
    vocabulary = Vocabulary.from_instances([_instance(4, NESTED)])
    ship = _instance(2, [Entity("Ship", 0, 2)])
    assert _names(ship, vocabulary) == [["O", "O"], ["O", "O"]]


def test_data_without_entities_has_one_column():
    instance = _instance(2, [])
    vocabulary = Vocabulary.from_instances([instance])
    assert _names(instance, vocabulary) == [["O"], ["O"]]


def test_sentences_of_different_lengths_are_padded():
    instances = [_instance(4, NESTED), _instance(1, [Entity("Drug", 0, 1)]), _instance(2, [])]
    vocabulary = Vocabulary.from_instances(instances)
    batch = Batch(instances)
    batch.index_instances(vocabulary)
    tags = batch.as_tensor_dict()["tags"]
    assert isinstance(tags, torch.Tensor)
    assert tags.shape == (3, 4, 2)
    assert vocabulary.get_token_from_index(int(tags[1, 0, 1]), "labels") == "B-Drug"
    assert (tags[1, 1:] == 0).all()


def test_an_empty_field_has_no_tokens():
    empty = _instance(4, NESTED)["tags"].empty_field()
    assert empty.as_tensor(empty.get_padding_lengths()).shape == (0, 1)
