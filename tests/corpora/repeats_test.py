import logging

import pytest

from dts_ee.corpora import read_documents
from dts_ee.corpora.repeats import without_repeats
from dts_ee.document import DocumentError, Entity, Relation

ANN, ROME = Entity("Peop", 0, 1), Entity("Loc", 2, 3)


def test_entities_and_relations_are_kept_once():
    entities = [ANN, Entity("Peop", 0, 1, 0.5), ROME, Entity("Loc", 0, 1), ROME]
    relations = [
        Relation("Live_In", 1, 2),
        Relation("Live_In", 0, 4),
        Relation("Work_For", 0, 4),
        Relation("Live_In", 3, 2),
        Relation("Live_In", 2, 0),
    ]
    kept_entities, kept_relations, remarks = without_repeats(3, entities, relations, "x")
    assert kept_entities == [ANN, ROME, Entity("Loc", 0, 1)]
    assert kept_entities[0].probability is None
    assert kept_relations == [
        Relation("Live_In", 0, 1),
        Relation("Work_For", 0, 1),
        Relation("Live_In", 2, 1),
        Relation("Live_In", 1, 0),
    ]
    assert [str(remark) for remark in remarks] == [
        "document x, entities[1]: entity is there twice: Peop, tokens 0 to 1 (exclusive)",
        "document x, entities[4]: entity is there twice: Loc, tokens 2 to 3 (exclusive)",
        "document x, relations[1]: relation is there twice: Live_In from entity 0 to entity 4",
    ]
    assert not any(remark.lost for remark in remarks)


@pytest.mark.parametrize(
    ("relation", "message"),
    [
        (
            Relation("Kill", 0, 1),
            r"relations\[0\]: .*: entities\[0\] and entities\[1\] have the same",
        ),
        (Relation("Kill", 0, 3), r"relations\[0\].tail: there is no entity 3: the document has 3"),
        (Relation("Kill", 2, 2), r"relations\[0\]: head and tail are the same entity, 2"),
    ],
)
def test_a_contradiction_is_an_error_that_counts_as_the_file_does(relation, message):
    with pytest.raises(DocumentError, match=message):
        without_repeats(3, [ANN, ANN, ROME], [relation])


def test_a_file_with_repeats_is_read_with_one_warning(tmp_path, caplog):
    path = tmp_path / "a.jsonl"
    line = '{"tokens": ["Ann", "Lee"], "entities": [{"type": "Peop", "start": 0, "end": 2}'
    path.write_text(f"{line}]}}\n{line}, {line[line.index('[{') + 1 :]}]}}\n" * 2)
    with caplog.at_level(logging.WARNING):
        documents = read_documents(path)
    assert [len(document.entities) for document in documents] == [1, 1, 1, 1]
    assert [record.getMessage() for record in caplog.records] == [
        f"{path}: repeated entities and relations are kept once: 2 of them, the first is document "
        "line 2, entities[1]: entity is there twice: Peop, tokens 0 to 2 (exclusive)"
    ]
