import torch

from dts_ee.document import Entity
from dts_ee.models.symmetric_relations import SymmetricRelations

TYPES = {0: "Married", 1: "Kill"}
# Two sentences; the pairs are (0, 1), (1, 0), and (2, 3), (2, 4), (3, 2), (3, 4), (4, 2), (4, 3).
COUNTS = torch.tensor([2, 0, 3])
ENTITIES = [
    (Entity("Peop", 3, 4), Entity("Peop", 0, 1)),
    (),
    (Entity("Peop", 0, 2), Entity("Loc", 0, 2), Entity("Peop", 0, 1)),
]


def test_values_of_both_orders_are_joined():
    values = torch.arange(16.0).view(8, 2)
    joined = SymmetricRelations(TYPES, ["Married"]).joined(values, COUNTS, torch.maximum)
    assert joined[:, 0].tolist() == [2, 2, 8, 12, 8, 14, 12, 14]
    assert joined[:, 1].tolist() == values[:, 1].tolist()
    assert values[:, 0].tolist() == [0, 2, 4, 6, 8, 10, 12, 14]


def test_it_holds_from_the_first_entity():
    can_hold = SymmetricRelations(TYPES, ["Married"]).can_hold(ENTITIES)
    # In the third sentence, the third entity is the shortest, and Loc is before Peop.
    assert can_hold[:, 0].tolist() == [False, True, False, False, True, False, True, True]
    assert can_hold[:, 1].all()


def test_types_that_the_data_lacks():
    symmetric = SymmetricRelations(TYPES, ["Sibling"])
    values = torch.arange(16.0).view(8, 2)
    assert symmetric.joined(values, COUNTS, torch.maximum) is values
    assert symmetric.can_hold(ENTITIES).tolist() == [[True, True]]
