import json
import logging
from typing import Any

import pytest
from allennlp.data import Vocabulary

from dts_ee.dataset_readers import SpertReader
from dts_ee.dataset_readers.symmetric_relations import SYMMETRIC_NAMESPACE, heads_first
from dts_ee.document import Document, Entity, Relation

ENTITIES = [
    {"type": "Peop", "start": 2, "end": 3},
    {"type": "Peop", "start": 0, "end": 1},
    {"type": "Loc", "start": 4, "end": 5},
]
RELATIONS = [
    {"type": "Married", "head": 0, "tail": 1},
    {"type": "Lives", "head": 0, "tail": 2},
    {"type": "Kill", "head": 0, "tail": 1},
]
RECORD = {
    "tokens": ["Ann", "loves", "Bo", "of", "Rome"],
    "entities": ENTITIES,
    "relations": RELATIONS,
}


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "train.json"
    path.write_text(json.dumps([RECORD]))
    return path


def directions(document):
    return [(relation.type, relation.head, relation.tail) for relation in document.relations]


ORDERED = [("Married", 1, 0), ("Lives", 0, 2), ("Kill", 0, 1)]


def test_the_head_is_the_entity_that_comes_first(data):
    reader = SpertReader(symmetric_relations=["Married", "Lives"])
    (document,) = reader.documents(data)
    assert directions(document) == ORDERED
    instance: Any
    (instance,) = reader.read(data)
    for name in ("document", "tagged_document"):
        assert directions(instance["metadata"][name]) == ORDERED
    (as_written,) = SpertReader().documents(data)
    assert directions(as_written) == [("Married", 0, 1), ("Lives", 0, 2), ("Kill", 0, 1)]
    instance = reader.text_to_instance(as_written)
    assert directions(instance["metadata"]["document"]) == ORDERED
    # What is given to a prediction stays as it is.
    instance = reader.text_to_instance(as_written, gold=False)
    assert instance["metadata"]["document"] is as_written


def test_both_directions_are_one_relation():
    one = Relation("Married", 0, 1)
    entities = (Entity("Peop", 0, 1), Entity("Peop", 2, 3))
    document = Document(("Ann", "and", "Bo"), entities, (Relation("Married", 1, 0), one))
    assert heads_first(document, ["Married"]).relations == (one,)
    assert heads_first(document, ["Kill"]) is document


def test_of_the_same_tokens_the_first_type_in_the_alphabet_comes_first():
    entities = (Entity("Org", 0, 1), Entity("Loc", 0, 1), Entity("Org", 0, 2))
    relations = (Relation("Near", 0, 1), Relation("Near", 2, 0))
    found = heads_first(Document(("Tarn", "Bay"), entities, relations), ["Near"])
    assert directions(found) == [("Near", 1, 0), ("Near", 0, 2)]


def test_the_model_takes_the_types_from_the_vocabulary(data):
    reader = SpertReader(symmetric_relations=["Married", "Sibling"])
    vocabulary = Vocabulary.from_instances(reader.read(data))
    assert vocabulary.get_token_to_index_vocabulary(SYMMETRIC_NAMESPACE) == {"Married": 0}
    vocabulary = Vocabulary.from_instances(SpertReader().read(data))
    assert SYMMETRIC_NAMESPACE not in vocabulary.get_namespaces()


def test_a_type_that_a_file_lacks_is_named(data, caplog):
    with caplog.at_level(logging.WARNING):
        list(SpertReader(symmetric_relations=["Sibling", "Maried", "Married"]).read(data))
    assert caplog.messages == [
        f"{data}: there is no relation of the type Maried or Sibling, which symmetric_relations "
        "names"
    ]
