import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dts_ee.document import Document, DocumentError, Entity, Relation
from dts_ee.models import Thresholds
from dts_ee.predictors.calibration import Calibration, at_temperature, log_odds

PROBABILITIES = st.floats(0, 1)
TEMPERATURES = st.floats(0.05, 20)


def test_a_temperature_divides_the_log_odds():
    assert at_temperature(0.9, 2.0) == pytest.approx(0.75)
    assert at_temperature(0.1, 2.0) == pytest.approx(0.25)
    assert at_temperature(0.75, 0.5) == pytest.approx(0.9)
    assert at_temperature(0.5, 7.0) == 0.5
    assert log_odds(0.75) == pytest.approx(math.log(3))


@given(PROBABILITIES, PROBABILITIES, TEMPERATURES)
def test_the_order_stays_and_all_are_probabilities(one, other, temperature):
    lower, higher = sorted((one, other))
    assert 0.0 <= at_temperature(lower, temperature) <= at_temperature(higher, temperature) <= 1.0


@given(st.floats(0.001, 0.999), st.floats(0.001, 0.999), st.floats(0.5, 3))
def test_a_threshold_is_for_calibrated_probabilities(threshold, probability, temperature):
    calibration = Calibration(relation_temperature=temperature)
    given_threshold = {"relation": Thresholds(threshold)}
    own = calibration.uncalibrated(given_threshold)["relation"].of("Kill", 2.0)
    if not math.isclose(at_temperature(probability, temperature), threshold, rel_tol=1e-6):
        assert (at_temperature(probability, temperature) >= threshold) == (probability >= own)


def test_the_ends_of_a_threshold_stay():
    calibration = Calibration(relation_temperature=3.0)
    ends = {"relation": Thresholds(0.0, {"Kill": 1.0})}
    assert calibration.uncalibrated(ends) == ends


def test_entities_and_relations_have_their_own_temperatures():
    # The log-odds of 0.75, log 3, are doubled to those of 0.9, log 9; those of 0.9 are halved.
    thresholds = {"entity": Thresholds(0.75), "relation": Thresholds(None, {"Kill": 0.9})}
    converted = Calibration(2.0, 0.5).uncalibrated(thresholds)
    assert converted["entity"].default == pytest.approx(0.9)
    assert converted["relation"].default is None
    assert converted["relation"].by_type == {"Kill": pytest.approx(0.75)}


def test_a_document_is_calibrated():
    document = Document(
        ("Ann", "in", "Rome"),
        (Entity("Peop", 0, 1, 0.9), Entity("Loc", 2, 3)),
        (Relation("Live_In", 0, 1, 0.75),),
    )
    calibrated = Calibration(2.0, 0.5).calibrated(document)
    # The log-odds of 0.9, log 9, are halved to those of 0.75, log 3; those of 0.75 are doubled.
    assert calibrated.entities == document.entities
    assert [entity.probability for entity in calibrated.entities] == [pytest.approx(0.75), None]
    assert [relation.probability for relation in calibrated.relations] == [pytest.approx(0.9)]
    assert calibrated.tokens == document.tokens


def test_a_file(tmp_path):
    path = tmp_path / "calibration.json"
    record = {"entities": {"temperature": 2}, "relations": {"temperature": 0.5}, "data": "dev"}
    path.write_text(json.dumps(record))
    assert Calibration.from_file(path) == Calibration(2.0, 0.5)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "calibration.json: invalid JSON"),
        ("[]", "field entities.temperature: there is no temperature"),
        ('{"entities": {"temperature": 1}}', "field relations.temperature: there is no temp"),
        ('{"entities": {"temperature": true}}', "field entities.temperature: there is no temp"),
        ('{"entities": {"temperature": 0}}', "field entities.temperature: 0 is not above 0"),
    ],
)
def test_a_bad_file(tmp_path, text, message):
    path = tmp_path / "calibration.json"
    path.write_text(text)
    with pytest.raises(DocumentError, match=message):
        Calibration.from_file(path)
