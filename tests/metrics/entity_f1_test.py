from typing import Any

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.training.metrics import Metric
from hypothesis import given

from dts_ee.document import Document, Entity
from dts_ee.metrics import EntityF1
from tests.documents import annotated_twice, document


def scores(predictions, gold):
    metric = EntityF1()
    metric(predictions, gold)
    return metric.get_metric()


GOLD = [
    document("[Ann Lee|Peop] of [Rome|Loc] left [Oslo|Loc] for [Acme|Org]"),
    document("Nobody left"),
    document("[Bob|Peop] slept"),
]
PREDICTED = [
    # Right: Ann Lee, Rome. Wrong type: Oslo. Missed: Acme.
    document("[Ann Lee|Peop] of [Rome|Loc] left [Oslo|Org] for Acme"),
    # Invented: Nobody.
    document("[Nobody|Peop] left"),
    # Wrong span.
    document("[Bob slept|Peop]"),
]


def test_hand_counted_case():
    expected = {
        # 2 right (Ann Lee, Rome) of 5 predicted; 5 gold.
        "entity_precision": 2 / 5,
        "entity_recall": 2 / 5,
        "entity_f1": 2 / 5,
        # 3 right spans (Ann Lee, Rome, Oslo) of 5 predicted; 5 gold.
        "entity_boundaries_precision": 3 / 5,
        "entity_boundaries_recall": 3 / 5,
        "entity_boundaries_f1": 3 / 5,
        # 1 right (Rome) of 1 predicted; 2 gold.
        "_entity_Loc_precision": 1.0,
        "_entity_Loc_recall": 1 / 2,
        "_entity_Loc_f1": 2 / 3,
        # 0 right of 1 predicted (Oslo); 1 gold (Acme).
        "_entity_Org_precision": 0.0,
        "_entity_Org_recall": 0.0,
        "_entity_Org_f1": 0.0,
        # 1 right (Ann Lee) of 3 predicted (Nobody, Bob slept); 2 gold.
        "_entity_Peop_precision": 1 / 3,
        "_entity_Peop_recall": 1 / 2,
        "_entity_Peop_f1": 2 / 5,
        "entity_macro_precision": (1 + 0 + 1 / 3) / 3,
        "entity_macro_recall": (1 / 2 + 0 + 1 / 2) / 3,
        # The mean of 2/3, 0 and 2/5, which is not the harmonic mean of the two above.
        "entity_macro_f1": (2 / 3 + 0 + 2 / 5) / 3,
    }
    actual = scores(PREDICTED, GOLD)
    assert actual == pytest.approx(expected)
    assert all(type(number) is float for number in actual.values())


def test_batches_add_up_until_reset():
    metric: Any = Metric.from_params(Params({"type": "entity_f1"}))
    for predicted, gold in zip(PREDICTED, GOLD, strict=True):
        metric([predicted], [gold])
    assert metric.get_metric() == scores(PREDICTED, GOLD)
    assert metric.get_metric(reset=True) == scores(PREDICTED, GOLD)
    assert metric.get_metric() == scores([], [])
    metric([GOLD[2]], [GOLD[2]])
    assert metric.get_metric()["entity_f1"] == 1.0


def test_nothing_predicted_and_nothing_gold_is_0():
    actual = scores([GOLD[1]], [GOLD[1]])
    assert len(actual) == 9
    assert set(actual.values()) == {0.0}


def test_overlapping_gold_entities_all_count():
    whole = Document(tuple("abc"), (Entity("E", 0, 3), Entity("D", 0, 1)))
    kept = Document(tuple("abc"), (Entity("E", 0, 3),))
    actual = scores([kept], [whole])
    assert (actual["entity_precision"], actual["entity_recall"]) == (1.0, 0.5)


def test_an_added_protocol_compares_what_its_function_returns(monkeypatch):
    def types(predicted, gold):
        return (
            {(entity.type,) for entity in predicted.entities},
            {(entity.type,) for entity in gold.entities},
        )

    monkeypatch.setattr(EntityF1, "protocols", (*EntityF1.protocols, "types"))
    monkeypatch.setattr(EntityF1, "further_protocols", {"types": types})
    actual = scores(PREDICTED, GOLD)
    # 4 right (Peop, Loc and Org of the first sentence, Peop of the third) of 5 predicted; 4 gold.
    assert actual["entity_types_precision"] == 4 / 5
    assert actual["entity_types_recall"] == 1.0
    assert (actual["entity_f1"], actual["entity_boundaries_f1"]) == (2 / 5, 3 / 5)


def test_two_types_of_one_span_are_one_span():
    both = Document(tuple("abc"), (Entity("E", 0, 3), Entity("D", 0, 3)))
    actual = scores([both], [Document(tuple("abc"), (Entity("D", 0, 3),))])
    # Strict: 1 right of 2. Boundaries: the one span is right.
    assert (actual["entity_precision"], actual["entity_boundaries_precision"]) == (0.5, 1.0)


@pytest.mark.parametrize(
    ("predictions", "gold", "problem"),
    [
        (PREDICTED[:2], GOLD, "2 predicted documents, but 3 gold ones"),
        (PREDICTED[::-1], GOLD, "predicted document 0 .* do not have the same tokens"),
    ],
)
def test_other_sentences_are_refused_and_not_counted(predictions, gold, problem):
    metric = EntityF1()
    with pytest.raises(ConfigurationError, match=problem):
        metric(predictions, gold)
    assert metric.get_metric() == scores([], [])


@given(annotated_twice())
def test_gold_as_prediction_is_perfect(pairs):
    gold = [one for one, _ in pairs]
    expected = 1.0 if any(item.entities for item in gold) else 0.0
    assert set(scores(gold, gold).values()) == {expected}


@given(annotated_twice())
def test_swapping_prediction_and_gold_swaps_precision_and_recall(pairs):
    one, other = zip(*pairs, strict=True)
    there, back = scores(one, other), scores(other, one)
    assert there.keys() == back.keys()
    for name in there:
        swapped = name.replace("precision", "?").replace("recall", "precision")
        assert there[name] == pytest.approx(back[swapped.replace("?", "recall")])


@given(annotated_twice())
def test_boundaries_are_never_harder_to_find(pairs):
    one, other = zip(*pairs, strict=True)
    actual = scores(one, other)
    assert (actual["entity_boundaries_f1"] > 0) >= (actual["entity_f1"] > 0)
    assert all(0.0 <= number <= 1.0 for number in actual.values())
