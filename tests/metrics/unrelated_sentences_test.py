from dts_ee.metrics import RelationF1, UnrelatedSentences
from tests.documents import document

GOLD = [
    document("[Ann|Peop] does not live in [Rome|Loc]"),
    document("[Bob|Peop] met [Cal|Peop] in [Oslo|Loc]"),
    # Not counted: without relation, but one entity; none; and with a relation.
    document("[Dan|Peop] slept"),
    document("It rained"),
    document("[Eve|Peop] of [Bonn|Loc] left [Rome|Loc]", [("Live_In", 0, 1)]),
]
PREDICTED = [
    document("[Ann|Peop] does not live in [Rome|Loc]", [("Live_In", 0, 1), ("Kill", 1, 0)]),
    document("[Bob|Peop] met Cal in [Oslo|Loc]"),
    document("[Dan|Peop] [slept|Peop]", [("Kill", 0, 1)]),
    document("[It|Peop] [rained|Loc]", [("Live_In", 0, 1)]),
    document("[Eve|Peop] of [Bonn|Loc] left [Rome|Loc]", [("Live_In", 0, 2)]),
]


def test_sentences_with_several_entities_and_no_relation_are_counted_until_a_reset():
    metric = RelationF1()
    metric(PREDICTED[:1], GOLD[:1])
    metric(PREDICTED[1:], GOLD[1:])
    assert metric.unrelated == UnrelatedSentences(number=2, with_relations=1)
    metric.get_metric(reset=True)
    assert metric.unrelated == UnrelatedSentences()


def test_counts_add_up():
    sentences, other = UnrelatedSentences(5, 2), UnrelatedSentences(4, 1)
    sentences.add(other)
    assert sentences == UnrelatedSentences(number=9, with_relations=3)
    assert other == UnrelatedSentences(number=4, with_relations=1)


def test_counts_as_text():
    assert str(UnrelatedSentences(1200, 3)) == (
        "Sentences with several entities and no relation: 1,200; with a predicted relation: 3 "
        "(0.2 %)"
    )
    assert str(UnrelatedSentences(1, 1)).endswith("a predicted relation: 1 (100.0 %)")
    assert str(UnrelatedSentences()).endswith("relation: 0; with a predicted relation: 0 (0.0 %)")
