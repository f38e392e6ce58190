"""The analysis, its confusion matrices, thresholds and calibration."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dts_ee.analysis.candidates import (
    Candidate,
    average_precision,
    entity_candidates,
    expected_calibration_error,
    precision_recall_curve,
    relation_candidates,
    reliability,
    scores_at,
)
from dts_ee.analysis.matching import MISSED, WRONG_BOUNDARY, WRONG_DIRECTION, WRONG_TYPE
from dts_ee.analysis.predictions_analysis import (
    LEAST_PROBABILITY,
    THRESHOLDS,
    analyse_predictions,
)
from dts_ee.corpora.predictions import Prediction
from dts_ee.document import Document, Entity, Relation
from dts_ee.metrics import MetricKey, Score
from dts_ee.runs.evaluation import score
from dts_ee.tasks import RELATIONS, TASKS
from tests.documents import annotated_twice, document


def with_probabilities(predicted, *probabilities):
    relations = tuple(
        replace(relation, probability=probability)
        for relation, probability in zip(predicted.relations, probabilities, strict=True)
    )
    return replace(predicted, relations=relations)


GOLD = document("[Ann|Peop] left [New York|Loc] for [Bo|Peop]", [("Live_In", 0, 1)])
CANDIDATES = [
    Prediction(
        with_probabilities(
            document(
                "[Ann|Peop] left [New York|Org] for [Bo|Peop]",
                [("Live_In", 1, 0), ("Kill", 0, 2), ("Live_In", 0, 1)],
            ),
            0.9,
            0.6,
            0.3,
        ),
        GOLD,
    ),
    Prediction(
        with_probabilities(
            document("[Cy|Peop] of [Rome|Loc]", [("Live_In", 0, 1), ("Live_In", 1, 0)]), 0.8, 0.1
        ),
        document("[Cy|Peop] of [Rome|Loc]", [("Live_In", 0, 1)]),
    ),
    Prediction(document("a [b|Loc]"), document("[a b|Loc]")),
]


def test_relations_below_the_threshold_are_none_of_the_models():
    analysis = analyse_predictions(CANDIDATES, 0.5)
    kept = [
        [relation.probability for relation in prediction.predicted.relations]
        for prediction in analysis.predictions
    ]
    assert kept == [[0.9, 0.6], [0.8], []]
    assert analysis.relations is not None
    assert analysis.relations.errors == {"right": 1, "spurious": 1, "wrong direction": 1}
    assert [(key.protocol, key.average) for key in analysis.relations.scores] == [
        (protocol, average)
        for protocol in ("strict", "boundaries", "gold_pairs")
        for average in ("micro", "macro")
    ]
    strict = analysis.relations.scores[RELATIONS.micro]
    assert strict == Score.from_counts(1, 3, 2)
    live_in = analysis.relations.types[1]
    assert (live_in.type, live_in.gold, live_in.predicted, live_in.right) == ("Live_In", 2, 2, 1)
    assert live_in.score == Score.from_counts(1, 2, 2)
    # At a lower threshold there would be two more.
    by_threshold = {point.threshold: point.score for point in analysis.at_thresholds}
    assert by_threshold[0.5] == strict
    assert by_threshold[0.05] == Score.from_counts(1, 5, 2)


def test_confusion_of_entities():
    analysis = analyse_predictions(CANDIDATES, 0.5)
    matrix = analysis.entities.confusion
    assert matrix.types == ("Loc", "Org", "Peop")
    assert matrix.others == (WRONG_BOUNDARY, "none")
    assert matrix.counts == (
        (1, 1, 0, 1, 0),
        (0, 0, 0, 0, 0),
        (0, 0, 3, 0, 0),
        (1, 0, 0, 0, 0),
        (0, 0, 0, 0, 0),
    )
    assert analysis.entities.errors == {"right": 4, WRONG_TYPE: 1, WRONG_BOUNDARY: 1}


def test_confusion_of_relations():
    relations = analyse_predictions(CANDIDATES, 0.5).relations
    assert relations is not None
    matrix = relations.confusion
    assert matrix.types == ("Kill", "Live_In")
    assert matrix.others == (WRONG_BOUNDARY, WRONG_DIRECTION, "none")
    assert matrix.counts == (
        (0, 0, 0, 0, 0),
        (0, 1, 0, 1, 0),
        (0, 0, 0, 0, 0),
        (0, 1, 0, 0, 0),
        (1, 0, 0, 0, 0),
    )


def test_types_may_be_called_like_what_stands_apart():
    gold = Document(("a", "b"), (Entity("none", 0, 1), Entity(WRONG_BOUNDARY, 1, 2)))
    matrix = analyse_predictions([Prediction(replace(gold, entities=()), gold)], None)
    assert matrix.entities.confusion.counts == (
        (0, 0, 0, 1),
        (0, 0, 0, 1),
        (0, 0, 0, 0),
        (0, 0, 0, 0),
    )


def test_a_model_without_relations():
    analysis = analyse_predictions(CANDIDATES[2:], 0.5)
    assert analysis.relations is None
    assert analysis.curve == analysis.at_thresholds == []
    # A tagger's: the gold relations are not what it is about.
    tagged = [Prediction(replace(GOLD, relations=()), GOLD)]
    assert analyse_predictions(tagged, None).relations is None
    relations = analyse_predictions(tagged, 0.5).relations
    assert relations is not None
    assert relations.errors == {MISSED: 1}


@given(annotated_twice(), st.sampled_from(THRESHOLDS))
def test_all_numbers_are_those_of_the_metrics(pairs, threshold):
    candidates = []
    for predicted, gold in pairs:
        relations = tuple(
            replace(relation, probability=relation.probability or LEAST_PROBABILITY)
            for relation in predicted.relations
        )
        candidates.append(Prediction(replace(predicted, relations=relations), gold))
    analysis = analyse_predictions(candidates, threshold)
    for name, task in analysis.tasks.items():
        of_types = {MetricKey(name, type=t.type): t.score for t in task.types}
        assert {**task.scores, **of_types} == score(analysis.predictions, TASKS[name])
        matrix = task.confusion
        field = TASKS[name].plural
        gold_types = Counter(
            i.type for candidate in candidates for i in getattr(candidate.gold, field)
        )
        rows = {type: sum(matrix.counts[i]) for i, type in enumerate(matrix.types)}
        assert rows == {type: gold_types[type] for type in matrix.types}
        predicted_types = Counter(
            item.type
            for prediction in analysis.predictions
            for item in getattr(prediction.predicted, field)
        )
        columns = {type: sum(row[i] for row in matrix.counts) for i, type in enumerate(rows)}
        assert columns == {type: predicted_types[type] for type in rows}
    if analysis.relations is not None:
        (at_threshold,) = (s for s in analysis.at_thresholds if s.threshold == threshold)
        assert at_threshold.score == analysis.relations.scores[RELATIONS.micro]


def test_curve_has_a_point_for_each_probability():
    candidates = [
        Candidate(0.5, True),
        Candidate(0.9, True),
        Candidate(0.5, False),
        Candidate(0.2, False),
    ]
    curve = precision_recall_curve(candidates, num_gold=4)
    assert [point.threshold for point in curve] == [0.9, 0.5, 0.2]
    assert [point.score for point in curve] == [
        Score.from_counts(1, 1, 4),
        Score.from_counts(2, 3, 4),
        Score.from_counts(2, 4, 4),
    ]
    assert scores_at(candidates, 4, [point.threshold for point in curve]) == curve
    assert average_precision(curve) == pytest.approx(0.25 * 1 + 0.25 * 2 / 3)
    assert precision_recall_curve([], 3) == []
    assert average_precision([]) == 0


def test_reliability_of_bins():
    candidates = [
        Candidate(0.0, False),
        Candidate(0.72, True),
        Candidate(0.78, False),
        Candidate(1.0, True),
    ]
    bins = reliability(candidates)
    assert [(bin.lowest, bin.highest, bin.number) for bin in bins] == [
        (0.0, 0.1, 1),
        (0.7, 0.8, 2),
        (0.9, 1.0, 1),
    ]
    assert bins[1].mean_probability == pytest.approx(0.75)
    assert bins[1].share_right == 0.5
    assert expected_calibration_error(bins) == pytest.approx(2 / 4 * 0.25)
    assert expected_calibration_error(reliability([])) == 0


def test_candidates_are_right_as_the_strict_protocol_says():
    gold = document("[Ann|Peop] left [Rome|Loc]", [("Live_In", 0, 1)])
    predicted = Document(
        gold.tokens,
        (Entity("Peop", 0, 1, 0.9), Entity("Org", 2, 3, 0.6)),
        (Relation("Live_In", 0, 1, 0.7),),
    )
    assert entity_candidates([Prediction(predicted, gold)]) == [
        Candidate(0.9, True),
        Candidate(0.6, False),
    ]
    assert relation_candidates([Prediction(predicted, gold)]) == [Candidate(0.7, False)]
    # What has no probability is no candidate.
    assert entity_candidates([Prediction(gold, gold)]) == []
    assert relation_candidates([Prediction(gold, gold)]) == []
