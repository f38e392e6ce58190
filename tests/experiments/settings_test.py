import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.experiments.settings import differences, load_settings, num_epochs, with_seed
from tests.paths import EXPERIMENTS


def test_settings_are_evaluated_and_overridden():
    settings = load_settings(EXPERIMENTS / "sample.jsonnet", '{"trainer.num_epochs": 3}')
    assert settings["model"]["type"] == "dts"
    assert num_epochs(settings) == 3
    assert num_epochs({"trainer": {}}) == 20
    seeded = with_seed(settings, 7)
    assert [seeded[name] for name in ("random_seed", "numpy_seed", "pytorch_seed")] == [7, 7, 7]
    assert "random_seed" not in settings


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"missing\.jsonnet: there is no such file"):
        load_settings(tmp_path / "missing.jsonnet")
    bad = tmp_path / "bad.jsonnet"
    bad.write_text("{ model: ")
    with pytest.raises(ConfigurationError, match=r"bad\.jsonnet.*STATIC ERROR"):
        load_settings(bad)
    with pytest.raises(ConfigurationError, match="unused keys: ..model.no.such"):
        load_settings(EXPERIMENTS / "sample.jsonnet", '{"model.no.such": 1}')


def test_distributed_training_is_refused(tmp_path):
    config = tmp_path / "config.json"
    config.write_text('{"distributed": {"cuda_devices": [0, 1]}}')
    with pytest.raises(ConfigurationError, match="distributed training"):
        load_settings(config)


def test_differences_are_named():
    before = {"a": {"b": 1, "c": [1, 2]}, "old": "x"}
    assert differences(before, before) == ""
    assert differences({"a": {"b": 2, "c": [1, 2]}, "new": None}, before) == (
        'a.b was 1 and is 2 now; new was not set and is null now; old was "x" and is not set now'
    )


def test_many_differences_are_cut():
    text = differences({str(i): i for i in range(8)}, {})
    assert text.count("was not set") == 5
    assert text.endswith("; and 3 more differ")
    assert "…" in differences({"a": "x" * 200}, {})
