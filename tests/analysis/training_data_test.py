from dts_ee.analysis.training_data import (
    count_types,
    new_and_kept_types,
    warn_of_development_data,
    warn_of_training_data,
    warn_of_unseen_types,
)
from tests.documents import document

LIVES = document("[Ann|Peop] lives in [Rome|Loc]", [("Live_In", 0, 1)])
MEETS = document("[Ann|Peop] meets [Bob|Peop]", [("Knows", 0, 1), ("Knows", 1, 0)])
NOTHING = document("It rains .")


def test_types_are_counted():
    counts = count_types([LIVES, MEETS, NOTHING])
    assert counts == {
        "entity": {"Peop": 3, "Loc": 1},
        "relation": {"Live_In": 1, "Knows": 2},
    }


def test_rare_types_are_named_with_their_numbers():
    # Five of Live_In, Peop and Loc are enough; four of Knows are not.
    entities, relations = warn_of_training_data([LIVES] * 4 + [MEETS] * 2 + [NOTHING])
    assert "entity types with fewer than 5 training examples" in entities
    assert "Loc (4);" in entities and "Peop" not in entities
    assert "Knows (4), Live_In (4);" in relations
    assert warn_of_training_data([LIVES] * 5) == []


def test_types_that_a_model_knew_before_are_not_rare():
    former = {"entity": ["Loc", "Peop"], "relation": ["Live_In", "Kill"]}
    warnings = warn_of_training_data([LIVES], former)
    assert warnings == [
        "relation types that the model knows and the training data does not have: Kill; from data "
        "without them it learns that there are none: add annotated sentences with them"
    ]
    missing, rare = warn_of_training_data([NOTHING, MEETS], {"entity": ["Loc", "Peop"]})
    assert "entity types that the model knows and the training data does not have: Loc;" in missing
    assert "relation types with fewer than 5 training examples" in rare and "Knows (2)" in rare
    # The model does find some relations.
    (missing,) = warn_of_training_data([document("[Ann|Peop] sleeps")], {**former, "entity": []})[
        :1
    ]
    assert "does not have: Live_In, Kill;" in missing


def test_new_and_kept_types():
    former = {"entity": ["Loc", "Peop"]}
    types = {"entity": ["Drug", "Loc", "Peop"], "relation": ["Kill"]}
    assert new_and_kept_types(former, types) == [
        "entity types: new Drug; kept Loc, Peop",
        "relation types: new Kill; kept none",
    ]
    assert new_and_kept_types({}, {"entity": ["P\x1b[31m"]}) == [
        r"entity types: new P\x1b[31m; kept none"
    ]
    assert new_and_kept_types(former, former) == ["entity types: new none; kept Loc, Peop"]


def test_data_without_relations_or_without_anything():
    without_relations = document("[Ann|Peop] sleeps")
    (warning,) = warn_of_training_data([without_relations] * 5)
    assert "no relations" in warning
    (warning,) = warn_of_training_data([NOTHING])
    assert "no entities" in warning


def test_types_that_training_never_saw():
    types = count_types([LIVES])
    (warning,) = warn_of_unseen_types(types, [MEETS, MEETS], "test data")
    assert "relation types in the test data" in warning
    assert "Knows (4);" in warning
    (warning,) = warn_of_unseen_types(types, [document("[ACME|Org] .")], "development data")
    assert "entity types in the development data" in warning and "Org (1);" in warning
    assert warn_of_unseen_types(types, [LIVES, NOTHING], "test data") == []


def test_many_types_are_cut_short():
    documents = [document(f"[x|T{i:02}]") for i in range(12)]
    warning = warn_of_training_data(documents)[-1]
    assert "T07 (1), and 4 more;" in warning
    assert "T08" not in warning


def test_a_development_split_needs_twenty_gold_items():
    # Three items each.
    assert warn_of_development_data([LIVES] * 7) == []
    (warning,) = warn_of_development_data([LIVES] * 6)
    assert "18 gold entities and relations, fewer than 20" in warning
    assert "the last one is taken" in warning
