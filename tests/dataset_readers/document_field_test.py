import pickle
from collections import defaultdict

from dts_ee.corpora import document_to_json
from dts_ee.dataset_readers import RELATION_NAMESPACE, DocumentField
from tests.documents import document

WHOLE = document(
    "[Ann|Peop] left [Rome|Loc] .", [("Live_In", 0, 1), ("Knows", 1, 0), ("Live_In", 1, 0)]
)
TAGGED = document("[Ann|Peop] left Rome .")


def count(field):
    counter: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    field.count_vocab_items(counter)
    return {namespace: dict(counts) for namespace, counts in counter.items()}


def test_relation_types_of_the_whole_document_are_counted():
    assert count(DocumentField(WHOLE, TAGGED)) == {RELATION_NAMESPACE: {"Live_In": 2, "Knows": 1}}


def test_nothing_is_counted_where_there_is_no_gold():
    field = DocumentField(WHOLE)
    assert count(field) == {}
    assert dict(field) == {"words": ["Ann", "left", "Rome", "."], "document": WHOLE}


def test_entities_that_are_given_are_not_gold():
    field = DocumentField(WHOLE, entities_given=True)
    assert count(field) == {}
    assert field.metadata["entities_given"] is True
    assert "entities_given" not in DocumentField(WHOLE, TAGGED).metadata


def test_metadata_survives_pickling():
    field = pickle.loads(pickle.dumps(DocumentField(WHOLE, TAGGED)))
    assert field.as_tensor({}) == {
        "words": ["Ann", "left", "Rome", "."],
        "document": WHOLE,
        "tagged_document": TAGGED,
    }


def test_it_is_shown_as_json():
    assert DocumentField(WHOLE, TAGGED).human_readable_repr() == document_to_json(WHOLE)
