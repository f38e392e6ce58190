import json
from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.runs.settings import (
    differences,
    environment_of,
    load_settings,
    num_epochs,
    validation_metrics,
    with_seed,
)
from tests.paths import EXPERIMENTS, FIXTURES


def test_settings_are_evaluated_and_overridden():
    settings = load_settings(EXPERIMENTS / "sample.jsonnet", '{"trainer.num_epochs": 3}')
    assert settings["model"]["type"] == "dts"
    assert num_epochs(settings) == 3
    assert num_epochs({"trainer": {}}) == 20
    seeded = with_seed(settings, 7)
    assert [seeded[name] for name in ("random_seed", "numpy_seed", "pytorch_seed")] == [7, 7, 7]
    assert "random_seed" not in settings


def test_the_metrics_that_an_epoch_is_chosen_by():
    assert validation_metrics({}) == ["loss"]
    assert validation_metrics({"trainer": {"validation_metric": "+mean_f1"}}) == ["mean_f1"]
    both = {"trainer": {"validation_metric": ["+accuracy", "-loss"]}}
    assert validation_metrics(both) == ["accuracy", "loss"]


def test_what_cannot_be_read_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match=r"missing\.jsonnet: there is no such file"):
        load_settings(tmp_path / "missing.jsonnet")
    bad = tmp_path / "bad.jsonnet"
    bad.write_text("{ model: ")
    with pytest.raises(ConfigurationError, match=r"bad\.jsonnet.*STATIC ERROR"):
        load_settings(bad)
    with pytest.raises(ConfigurationError, match="model.no: there is no such key"):
        load_settings(EXPERIMENTS / "sample.jsonnet", '{"model.no.such": 1}')


def test_the_variables_that_an_experiment_names(tmp_path, monkeypatch):
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "data.libsonnet").write_text("""
        // UNUSED_1 and
        /* UNUSED_2
           UNUSED_3 */
        local all = std.parseJson(std.extVar('DTS_EE_ENVIRONMENT'));
        function() {
          train: 's3://' + all.BUCKET + "#" + std.extVar("FILE_NAME"),  # UNUSED_4
          test: '$TEST',
        }
    """)
    config = tmp_path / "experiment.jsonnet"
    config.write_text("function(fold=0) (import 'lib/data.libsonnet')() + { model: 'UNUSED' }")
    for name in ("BUCKET", "FILE_NAME", "TEST", "SET", *(f"UNUSED_{i}" for i in range(1, 5))):
        monkeypatch.setenv(name, f"the {name}")
    monkeypatch.delenv("TEST")
    assert environment_of(config) == {"BUCKET": "the BUCKET", "FILE_NAME": "the FILE_NAME"}
    monkeypatch.setenv("TEST", "x")
    assert environment_of(config)["TEST"] == "x"


def test_a_file_without_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("ENCODER", "mpnet")
    assert environment_of(EXPERIMENTS / "sample.jsonnet") == {}
    (tmp_path / "experiment.json").write_text('{"a": 1}')
    assert environment_of(tmp_path / "experiment.json") == {}


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


FOLDS = """
function(fold=0, size=8) {
  train_data_path: 'train_%d.json' % fold,
  model: { type: 'dts', size: size, home: std.extVar('DTS_EE_TEST_HOME') },
}
"""


@pytest.fixture
def folds(tmp_path, monkeypatch):
    monkeypatch.setenv("DTS_EE_TEST_HOME", "here")
    file = tmp_path / "folds.jsonnet"
    file.write_text(FOLDS)
    return file


def test_a_fold_is_an_argument(folds, monkeypatch):
    expected = {
        "train_data_path": "train_7.json",
        "model": {"type": "dts", "size": 9, "home": "here"},
    }
    assert load_settings(folds, '{"model.size": 9}', fold=7) == expected
    # AllenNLP itself takes the defaults.
    assert load_settings(folds) == load_settings(folds, fold=0)
    monkeypatch.chdir(folds.parent)
    assert load_settings(Path("folds.jsonnet"), fold=7)["train_data_path"] == "train_7.json"


def test_a_fold_may_go_on_from_an_archive(folds):
    archive = FIXTURES / "archives" / "joint.tar.gz"
    folds.write_text("function(fold=0) { dataset_reader: {}, train_data_path: '%d' % fold }")
    overrides = json.dumps({"from_archive": str(archive), "model.dropout": 0.125})
    settings = load_settings(folds, overrides, fold=3)
    assert settings == {**load_settings(folds, overrides), "train_data_path": "3"}
    assert settings["model"]["pretrained_file"] == str(archive)
    assert settings["model"]["dropout"] == 0.125


def test_a_file_beside_it_is_imported(folds):
    other = folds.parent / "other.jsonnet"
    other.write_text("function(fold=0) (import 'folds.jsonnet')(fold) { more: true }")
    settings = load_settings(other, fold=2)
    assert (settings["train_data_path"], settings["more"]) == ("train_2.json", True)


@pytest.mark.parametrize("text", ["{ model: 1 }", "function(part=0) { model: part }"])
def test_a_file_without_folds_is_refused(folds, text):
    folds.write_text(text)
    message = (
        r"folds\.jsonnet has no folds: it should be a Jsonnet function with a parameter `fold`"
    )
    with pytest.raises(ConfigurationError, match=message):
        load_settings(folds, fold=1)


def test_what_is_wrong_with_a_file_with_folds_is_said(folds):
    with pytest.raises(ConfigurationError, match=r"missing\.jsonnet: there is no such file"):
        load_settings(folds.with_name("missing.jsonnet"), fold=1)
    with pytest.raises(ConfigurationError, match="--overrides: model.no: there is no such key"):
        load_settings(folds, '{"model.no.such": 1}', fold=1)
    folds.write_text("function(fold=0) { model: no_such }")
    with pytest.raises(ConfigurationError, match=r"folds\.jsonnet: STATIC ERROR.*no_such"):
        load_settings(folds, fold=1)
