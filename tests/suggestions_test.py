import pytest

from dts_ee.suggestions import did_you_mean


@pytest.mark.parametrize(
    ("name", "names", "expected"),
    [
        ("trian", ["evaluate", "train", "predict"], "; did you mean train?"),
        ("relation_treshold", ["relation_encoder", "relation_threshold"], "relation_threshold?"),
        ("addam", ["sgd", "adam", "adamw"], "; did you mean adam or adamw?"),
        ("serve", ["render", "serve-dts"], "; did you mean serve-dts?"),
        ("--lits", ["--list", "--to", "-h"], "; did you mean --list?"),
        ("x", ["train", "predict"], ""),
        ("x", [], ""),
    ],
)
def test_the_nearest_names(name, names, expected):
    suggestion = did_you_mean(name, names)
    assert suggestion.endswith(expected)
    assert bool(suggestion) == bool(expected)
    assert "relation_encoder" not in suggestion
