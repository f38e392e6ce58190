import pytest

from dts_ee.serving import ServingSettings
from dts_ee.serving.inputs import parse_json, read_input
from dts_ee.serving.request_error import RequestError

SETTINGS = ServingSettings(max_text_length=10, max_entities=2)


@pytest.mark.parametrize("body", [b'{"a": [1, "\xc3\xa9"]}', b" null ", b"[]"])
def test_json_is_read(body):
    assert parse_json(body) in ({"a": [1, "é"]}, None, [])


@pytest.mark.parametrize(
    "body, message",
    [
        (b"", "line 1, column 1"),
        (b'{"sentence": }', "line 1, column 14"),
        (b'{"sentence": "\xff"}', "not in UTF-8"),
        (b'{"a": NaN}', "no NaN in JSON"),
        (b'{"a": -Infinity}', "no -Infinity in JSON"),
        (100_000 * b"[", "recursion"),
        (b"[" + 5000 * b"9" + b"]", "digits"),
        ('{"a": "é"}'.encode("utf-16"), "not in UTF-8"),
    ],
)
def test_what_is_no_json_is_refused(body, message):
    with pytest.raises(RequestError, match=message) as caught:
        parse_json(body)
    assert caught.value.status == 400
    assert caught.value.to_json()["error"]["type"] == "invalid_json"


@pytest.mark.parametrize(
    "value",
    [
        {"sentence": "0123456789"},
        {"tokens": ["01234", "6789"]},
        {"sentence": "a b", "tokens": ["a", "b"], "entities": [{}, {}]},
        # What else is wrong with these the predictor says.
        {},
        {"sentence": 3},
        {"tokens": [1, 2]},
        {"tokens": []},
        {"entities": 7},
    ],
)
def test_inputs_within_the_limits(value):
    assert read_input(value, SETTINGS) == value


def test_prediction_data_of_spert():
    assert read_input(["a", "b"], SETTINGS) == {"tokens": ["a", "b"]}
    assert read_input("a b", SETTINGS) == {"sentence": "a b"}


@pytest.mark.parametrize(
    "value, type, field",
    [
        (3, "invalid_input", None),
        (None, "invalid_input", None),
        ("0123456789x", "text_too_long", "sentence"),
        (["01234", "56789"], "text_too_long", "tokens"),
        ({"sentence": "0123456789x"}, "text_too_long", "sentence"),
        ({"text": "0123456789x"}, "text_too_long", "text"),
        ({"tokens": ["01234", "56789"]}, "text_too_long", "tokens"),
        ({"tokens": 6 * ["a"]}, "text_too_long", "tokens"),
        ({"tokens": 12 * [""]}, "text_too_long", "tokens"),
        ({"sentence": "a", "tokens": ["01234567890"]}, "text_too_long", "tokens"),
        ({"sentence": "a", "entities": [{}, {}, {}]}, "too_many_entities", "entities"),
        ({"sentence": "\ud800"}, "invalid_input", None),
        ({"tokens": ["a"], "orig_id": "\udfff"}, "invalid_input", None),
    ],
)
def test_inputs_beyond_the_limits(value, type, field):
    problem = read_input(value, SETTINGS)
    assert isinstance(problem, RequestError)
    assert problem.status == 422
    assert problem.type == type
    assert problem.field == field
    assert problem.message


def nested(depth):
    value: object = "a"
    for _ in range(depth):
        value = [value]
    return value


def test_lists_are_in_so_many_others():
    """The object of the input is the first, so that 16 lists in each other are in 16 others."""
    value = {"sentence": "a", "other": nested(16)}
    assert read_input(value, SETTINGS) == value
    # JSON can be read to a depth at which neither a pickle nor JSON can be written.
    for depth in (17, 100_000):
        problem = read_input({"sentence": "a", "other": nested(depth)}, SETTINGS)
        assert isinstance(problem, RequestError)
        assert problem.message == "there are lists or objects in more than 16 others"


def test_the_limit_is_named():
    problem = read_input({"tokens": 6 * ["a"]}, SETTINGS)
    assert isinstance(problem, RequestError)
    assert problem.message == "there are 11 characters; the limit is 10"
