import pytest
from hypothesis import given

from dts_ee.analysis.matching import (
    MISSED,
    RIGHT,
    SPURIOUS,
    WRONG_BOUNDARY,
    WRONG_DIRECTION,
    WRONG_ENTITY_TYPE,
    WRONG_TYPE,
    Match,
    match_entities,
    match_relations,
)
from dts_ee.corpora.predictions import Prediction
from dts_ee.document import Document, Entity, Relation
from dts_ee.metrics import EntityF1, RelationF1
from tests.documents import annotated_twice, document

TOKENS = tuple("abcdefgh")


def entities(gold, predicted):
    return match_entities(
        Prediction(
            Document(TOKENS, tuple(Entity(*fields) for fields in predicted)),
            Document(TOKENS, tuple(Entity(*fields) for fields in gold)),
        )
    )


@pytest.mark.parametrize(
    ("gold", "predicted", "kind"),
    [
        (("Loc", 0, 2), ("Loc", 0, 2), RIGHT),
        (("Loc", 0, 2), ("Org", 0, 2), WRONG_TYPE),
        (("Loc", 0, 2), ("Loc", 1, 3), WRONG_BOUNDARY),
        (("Loc", 0, 2), ("Org", 0, 1), WRONG_BOUNDARY),
    ],
)
def test_kinds_of_entities(gold, predicted, kind):
    assert entities([gold], [predicted]) == [Match(kind, 0, 0)]


def test_entities_that_share_nothing_are_missed_and_spurious():
    found = entities([("Loc", 0, 2)], [("Loc", 2, 4)])
    assert found == [Match(MISSED, 0, None), Match(SPURIOUS, None, 0)]


def test_the_best_partner_is_taken_whatever_the_order():
    # The first gold entity is right elsewhere; that of the same type goes before the longer.
    found = entities(
        [("Loc", 0, 2), ("Loc", 3, 6)],
        [("Org", 3, 5), ("Loc", 5, 7), ("Loc", 0, 2)],
    )
    assert found == [
        Match(RIGHT, 0, 2),
        Match(WRONG_BOUNDARY, 1, 1),
        Match(SPURIOUS, None, 0),
    ]
    # Of the same type, the one that shares more.
    found = entities([("Loc", 0, 4)], [("Loc", 3, 8), ("Loc", 0, 3)])
    assert found == [Match(WRONG_BOUNDARY, 0, 1), Match(SPURIOUS, None, 0)]


GOLD = "[Ann|Peop] of [New York|Loc] and [Bo|Peop]"


def relations(predicted, predicted_relations, gold_relations=(("Live_In", 0, 1),)):
    return match_relations(
        Prediction(document(predicted, predicted_relations), document(GOLD, gold_relations))
    )


@pytest.mark.parametrize(
    ("predicted", "relation", "kind"),
    [
        (GOLD, ("Live_In", 0, 1), RIGHT),
        (GOLD, ("Kill", 0, 1), WRONG_TYPE),
        (GOLD, ("Live_In", 1, 0), WRONG_DIRECTION),
        ("[Ann|Peop] of [New York|Org] and Bo", ("Live_In", 0, 1), WRONG_ENTITY_TYPE),
        ("[Ann|Org] of [New York|Org] and Bo", ("Live_In", 1, 0), WRONG_DIRECTION),
        ("[Ann|Peop] of New [York|Loc] and Bo", ("Live_In", 0, 1), WRONG_BOUNDARY),
    ],
)
def test_kinds_of_relations(predicted, relation, kind):
    assert relations(predicted, [relation]) == [Match(kind, 0, 0)]


@pytest.mark.parametrize(
    ("predicted", "relation"),
    [
        (GOLD, ("Live_In", 2, 1)),
        # Neither the type nor a span or the direction is right.
        (GOLD, ("Kill", 1, 0)),
        ("[Ann|Peop] of New [York|Loc] and Bo", ("Kill", 0, 1)),
    ],
)
def test_relations_that_have_too_little_in_common(predicted, relation):
    assert relations(predicted, [relation]) == [Match(MISSED, 0, None), Match(SPURIOUS, None, 0)]


def test_each_relation_has_one_partner():
    found = relations(
        GOLD,
        [("Work_For", 0, 1), ("Live_In", 1, 0), ("Live_In", 0, 1)],
        [("Live_In", 0, 1), ("Kill", 0, 2)],
    )
    assert found == [
        Match(RIGHT, 0, 2),
        Match(MISSED, 1, None),
        Match(SPURIOUS, None, 0),
        Match(SPURIOUS, None, 1),
    ]


@given(annotated_twice())
def test_every_item_is_there_once_and_right_ones_are_those_of_the_metrics(pairs):
    for predicted, gold in pairs:
        for match, metric, field in (
            (match_entities, EntityF1(), "entities"),
            (match_relations, RelationF1(), "relations"),
        ):
            found = match(Prediction(predicted, gold))
            for side, document_ in (("gold", gold), ("predicted", predicted)):
                indices = [getattr(match, side) for match in found]
                present = sorted(index for index in indices if index is not None)
                assert present == list(range(len(getattr(document_, field))))
            predicted_items, gold_items = metric.items("strict", predicted, gold)
            right = [match for match in found if match.kind == RIGHT]
            assert len(right) == len(predicted_items & gold_items)
            assert all((match.gold is None) == (match.kind == SPURIOUS) for match in found)
            assert all((match.predicted is None) == (match.kind == MISSED) for match in found)


def test_probabilities_make_no_difference():
    gold = document(GOLD, [("Live_In", 0, 1)])
    predicted = Document(
        gold.tokens,
        tuple(Entity(entity.type, entity.start, entity.end, 0.5) for entity in gold.entities),
        (Relation("Live_In", 0, 1, 0.75),),
    )
    prediction = Prediction(predicted, gold)
    assert {match.kind for match in match_entities(prediction)} == {RIGHT}
    assert {match.kind for match in match_relations(prediction)} == {RIGHT}
