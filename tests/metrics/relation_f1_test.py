from typing import Any

import pytest
from allennlp.common import Params
from allennlp.training.metrics import Metric
from hypothesis import given

from dts_ee.document import Document, Entity, Relation
from dts_ee.metrics import RelationF1
from tests.documents import annotated_twice, document


def scores(predictions, gold):
    metric = RelationF1()
    metric(predictions, gold)
    return metric.get_metric()


GOLD = [
    document(
        "[Ann|Peop] of [Rome|Loc] works for [Acme|Org] in [Oslo|Loc]",
        [("Live_In", 0, 1), ("Work_For", 0, 2), ("OrgBased_In", 2, 3)],
    ),
    document("[Bob|Peop] shot [Cal|Peop]", [("Kill", 0, 1)]),
    document("[Dan|Peop] slept"),
]
PREDICTED = [
    document(
        # Acme has the wrong type.
        "[Ann|Peop] of [Rome|Loc] works for [Acme|Loc] in [Oslo|Loc]",
        [
            # Right.
            ("Live_In", 0, 1),
            # Right but for the tail's type.
            ("Work_For", 0, 2),
            # The wrong relation of a pair that is gold.
            ("Kill", 0, 1),
            # A pair that is not gold.
            ("Live_In", 0, 3),
        ],
    ),
    # The wrong direction.
    document("[Bob|Peop] shot [Cal|Peop]", [("Kill", 1, 0)]),
    # A pair that is not gold, in a sentence without relations.
    document("[Dan|Peop] [slept|Peop]", [("Kill", 0, 1)]),
]


def test_hand_counted_case():
    expected = {
        # 1 right (Live_In 0 1) of 6 predicted; 4 gold.
        "relation_precision": 1 / 6,
        "relation_recall": 1 / 4,
        "relation_f1": 2 / 10,
        # 2 right (Work_For 0 2 as well) of 6 predicted; 4 gold.
        "relation_boundaries_precision": 2 / 6,
        "relation_boundaries_recall": 2 / 4,
        "relation_boundaries_f1": 4 / 10,
        # 3 predicted stand on gold pairs: Live_In 0 1, Work_For 0 2, Kill 0 1; 1 of them right.
        "relation_gold_pairs_precision": 1 / 3,
        "relation_gold_pairs_recall": 1 / 4,
        "relation_gold_pairs_f1": 2 / 7,
        # Kill: 0 right of 3 predicted; 1 gold.
        "_relation_Kill_precision": 0.0,
        "_relation_Kill_recall": 0.0,
        "_relation_Kill_f1": 0.0,
        # 1 right of 2 predicted; 1 gold.
        "_relation_Live_In_precision": 1 / 2,
        "_relation_Live_In_recall": 1.0,
        "_relation_Live_In_f1": 2 / 3,
        # None predicted; 1 gold.
        "_relation_OrgBased_In_precision": 0.0,
        "_relation_OrgBased_In_recall": 0.0,
        "_relation_OrgBased_In_f1": 0.0,
        # 0 right of 1 predicted; 1 gold.
        "_relation_Work_For_precision": 0.0,
        "_relation_Work_For_recall": 0.0,
        "_relation_Work_For_f1": 0.0,
        # Over the four types.
        "relation_macro_precision": (1 / 2) / 4,
        "relation_macro_recall": 1 / 4,
        "relation_macro_f1": (2 / 3) / 4,
        # Live_In as above, Work_For 1 of 1.
        "relation_boundaries_macro_precision": (1 / 2 + 1) / 4,
        "relation_boundaries_macro_recall": (1 + 1) / 4,
        "relation_boundaries_macro_f1": (2 / 3 + 1) / 4,
        # Live_In 1 of 1 predicted and 1 gold.
        "relation_gold_pairs_macro_precision": 1 / 4,
        "relation_gold_pairs_macro_recall": 1 / 4,
        "relation_gold_pairs_macro_f1": 1 / 4,
    }
    actual = scores(PREDICTED, GOLD)
    assert actual == pytest.approx(expected)
    assert all(type(number) is float for number in actual.values())


def test_batches_add_up_until_reset():
    metric: Any = Metric.from_params(Params({"type": "relation_f1"}))
    for predicted, gold in zip(PREDICTED, GOLD, strict=True):
        metric([predicted], [gold])
    assert metric.get_metric(reset=True) == scores(PREDICTED, GOLD)
    assert set(metric.get_metric().values()) == {0.0}


def test_order_of_entities_and_probabilities_do_not_matter():
    predicted = Document(
        GOLD[1].tokens,
        tuple(reversed(GOLD[1].entities)),
        (Relation("Kill", 1, 0, 0.75),),
    )
    assert scores([predicted], [GOLD[1]])["relation_f1"] == 1.0


def test_relations_of_one_span_in_two_types_are_one_relation_by_boundaries():
    twice = Document(
        ("a", "b"),
        (Entity("Peop", 0, 1), Entity("Org", 0, 1), Entity("Loc", 1, 2)),
        (Relation("Live_In", 0, 2), Relation("Live_In", 1, 2)),
    )
    gold = document("[a|Peop] [b|Loc]", [("Live_In", 0, 1)])
    actual = scores([twice], [gold])
    # Strict: 1 right of 2. Boundaries: the one relation is right.
    assert (actual["relation_precision"], actual["relation_boundaries_precision"]) == (0.5, 1.0)


@given(annotated_twice())
def test_gold_as_prediction_is_perfect(pairs):
    gold = [one for one, _ in pairs]
    expected = 1.0 if any(item.relations for item in gold) else 0.0
    assert set(scores(gold, gold).values()) == {expected}


@given(annotated_twice())
def test_swapping_prediction_and_gold_swaps_precision_and_recall(pairs):
    one, other = zip(*pairs, strict=True)
    there, back = scores(one, other), scores(other, one)
    for name in there:
        if "gold_pairs" not in name:
            swapped = name.replace("precision", "?").replace("recall", "precision")
            assert there[name] == pytest.approx(back[swapped.replace("?", "recall")])


@given(annotated_twice())
def test_gold_pairs_change_only_precision_and_for_the_better(pairs):
    one, other = zip(*pairs, strict=True)
    actual = scores(one, other)
    assert actual["relation_gold_pairs_recall"] == actual["relation_recall"]
    assert actual["relation_gold_pairs_precision"] >= actual["relation_precision"]
