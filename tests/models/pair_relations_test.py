import torch

from dts_ee.document import Document, Entity, Relation
from dts_ee.models.pair_relations import relation_targets, relations_above

COLUMNS = {"OrgBased_In": 0, "Work_For": 1}
TYPES = {column: name for name, column in COLUMNS.items()}
THREE_ENTITIES = Document(
    tokens=("Ada", "runs", "Velm", "in", "Tarn", "."),
    entities=(Entity("Org", 2, 3), Entity("Peop", 0, 1), Entity("Loc", 4, 5)),
    relations=(Relation("OrgBased_In", 0, 2), Relation("Work_For", 1, 0)),
    id="two",
)


ALONE = Document(tokens=("Tarn", "sleeps"), entities=(Entity("Loc", 0, 1),))


def test_targets_stand_at_their_pair():
    targets = relation_targets(
        [ALONE, THREE_ENTITIES, THREE_ENTITIES], COLUMNS, torch.ones(12, len(COLUMNS))
    )
    # Of each sentence of three: (0, 1) (0, 2) (1, 0) (1, 2) (2, 0) (2, 1).
    expected = {(1, 0), (2, 1), (6 + 1, 0), (6 + 2, 1)}
    assert {tuple(place) for place in targets.nonzero().tolist()} == expected


def test_a_type_without_a_column_has_no_target():
    targets = relation_targets([THREE_ENTITIES], {"Work_For": 0}, torch.ones(6, 1))
    assert targets.flatten().tolist() == [0, 0, 1, 0, 0, 0]


def test_relations_stand_at_their_pair():
    two = (Entity("Peop", 0, 1), Entity("Org", 2, 3))
    probabilities = torch.full((2 + 6, len(COLUMNS)), 0.1)
    probabilities[1, COLUMNS["Work_For"]] = 0.75
    probabilities[2 + 3, COLUMNS["OrgBased_In"]] = 0.5
    relations = relations_above(
        0.5, probabilities, [(), two, ALONE.entities, THREE_ENTITIES.entities], TYPES
    )
    assert relations == [
        [],
        [Relation("Work_For", 1, 0, 0.75)],
        [],
        [Relation("OrgBased_In", 1, 2, 0.5)],
    ]


def test_several_relations_may_hold_for_one_pair():
    two = (Entity("Peop", 0, 1), Entity("Org", 2, 3))
    probabilities = torch.tensor([[0.9, 0.8], [0.0, 0.0]])
    (relations,) = relations_above(0.7, probabilities, [two], TYPES)
    assert {relation.type for relation in relations} == set(COLUMNS)


def test_targets_and_relations_are_inverse():
    logits = torch.zeros(6, len(COLUMNS))
    targets = relation_targets([THREE_ENTITIES], COLUMNS, logits)
    (relations,) = relations_above(0.5, targets, [THREE_ENTITIES.entities], TYPES)
    found = {(relation.type, relation.head, relation.tail) for relation in relations}
    assert found == {(item.type, item.head, item.tail) for item in THREE_ENTITIES.relations}
