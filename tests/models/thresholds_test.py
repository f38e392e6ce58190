import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.models import Thresholds

TYPES = ["Kill", "Live_In", "a=b", "with, comma"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.5, Thresholds(0.5)),
        (1, Thresholds(1.0)),
        ("0.5", Thresholds(0.5)),
        ("Kill=0.8,Live_In=.6", Thresholds(None, {"Kill": 0.8, "Live_In": 0.6})),
        (" 0.5, Kill = 1e-1 ", Thresholds(0.5, {"Kill": 0.1})),
        ("Kill=0.8,0.5", Thresholds(0.5, {"Kill": 0.8})),
        ("a=b=0.3", Thresholds(None, {"a=b": 0.3})),
        ({"Kill": 0, "with, comma": 0.25}, Thresholds(None, {"Kill": 0.0, "with, comma": 0.25})),
        ({}, Thresholds()),
    ],
)
def test_forms(value, expected):
    assert Thresholds.parse(value, TYPES) == expected


def test_other_types_have_the_number_alone_or_the_models_own():
    thresholds = Thresholds.parse("0.5,Kill=0.8", TYPES)
    assert [thresholds.of(type, 0.9) for type in ("Kill", "Live_In")] == [0.8, 0.5]
    thresholds = Thresholds.parse("Kill=0", TYPES)
    assert [thresholds.of(type, 0.9) for type in ("Kill", "Live_In")] == [0.0, 0.9]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("Kil=0.5", "the model does not know the type 'Kil'; did you mean Kill[?]"),
        ({"Ship": 0.5}, "does not know the type 'Ship'; it knows Kill, Live_In, a=b, with, comma"),
        ("1.5", "1.5 is not a probability from 0 to 1"),
        ("Kill=-0.1", "Kill: -0.1 is not a probability from 0 to 1"),
        ("nan", "nan is not a probability"),
        (True, "True is not a probability"),
        ([0.5], "is not a probability"),
        ({"Kill": "0.5"}, "Kill: '0.5' is not a probability"),
        ({"Kill": None}, "Kill: None is not a probability"),
        ("half", "'half' is neither a number nor TYPE=NUMBER"),
        ("Kill", "'Kill' is neither a number nor TYPE=NUMBER"),
        ("Kill=0.5,", "'' is neither a number nor TYPE=NUMBER"),
        ("", "'' is neither a number nor TYPE=NUMBER"),
        ("0.5,0.6", "'0.5,0.6' has two thresholds for all types"),
        ("Kill=0.5,Kill=0.6", "has two thresholds for Kill"),
    ],
)
def test_what_is_no_threshold(value, message):
    with pytest.raises(ConfigurationError, match=message):
        Thresholds.parse(value, TYPES)


def test_a_model_without_types_has_one_threshold_for_all():
    assert Thresholds.parse("0.5", []) == Thresholds(0.5)
    with pytest.raises(ConfigurationError, match="the type 'Kill'; it knows none"):
        Thresholds.parse("Kill=0.5", [])


def test_equal_thresholds_have_one_hash():
    thresholds = {Thresholds(0.5, {"Kill": 0.1}), Thresholds(0.5, {"Kill": 0.1}), Thresholds(0.5)}
    assert len(thresholds) == 2


@pytest.mark.parametrize(("default", "converted"), [(None, None), (0.0, 0.5), (0.5, 0.75)])
def test_a_function_of_thresholds(default, converted):
    thresholds = Thresholds(default, {"Kill": 0.25, "Live_In": 1.0})
    expected = Thresholds(converted, {"Kill": 0.625, "Live_In": 1.0})
    assert thresholds.converted(lambda threshold: (threshold + 1) / 2) == expected
