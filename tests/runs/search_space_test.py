import json
import re

import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.runs.search_space import Dimension, read_space, with_values
from dts_ee.runs.settings import load_settings
from tests.paths import PROJECT

SETTINGS = {
    "model": {"type": "dts", "dropout": 0.2, "features": [{"type": "distance"}]},
    "trainer": {"num_epochs": 3, "optimizer": {"type": "adam", "lr": 0.1}},
}


def read(tmp_path, space):
    path = tmp_path / "space.jsonnet"
    path.write_text(space if isinstance(space, str) else json.dumps(space))
    return read_space(path, SETTINGS)


def test_a_space_has_a_dimension_for_each_key(tmp_path):
    space = """
      local numbers = { low: 1, high: 9 };
      {
        'model.features': { type: 'categorical', choices: [[], [{ type: 'distance' }]] },
        'trainer.num_epochs': numbers + { type: 'int', step: 2 },
        'trainer.optimizer.lr': numbers + { type: 'float', log: true },
      }
    """
    assert read(tmp_path, space) == [
        Dimension("model.features", "categorical", choices=[[], [{"type": "distance"}]]),
        Dimension("trainer.num_epochs", "int", 1, 9, step=2),
        Dimension("trainer.optimizer.lr", "float", 1, 9, log=True),
    ]


@pytest.mark.parametrize(
    ("space", "problem"),
    [
        ("{", "space.jsonnet:1:2"),
        ({}, "there is nothing to search"),
        (
            {"trainer.optimizer.lt": {}},
            "trainer.optimizer.lt: the experiment has no such key; trainer.optimizer has",
        ),
        ({"trainer.optimiser.lr": {}}, "did you mean optimizer?"),
        ({"data": {}}, "the experiment has model, trainer"),
        ({"model.type.x": {}}, "model.type has no keys"),
        ({"model.features.0.type": {}}, "model.features is a list, of which no part"),
        ({"model.dropout": 0.1}, "the type should be float, int or categorical"),
        ({"model.dropout": {"type": "real"}}, "the type should be float, int or categorical"),
        (
            {"model.dropout": {"type": "float", "lo": 1}},
            ".lo: there is no such key; did you mean l",
        ),
        ({"model.dropout": {"type": "float", "low": 1}}, ".high: this should be a number"),
        ({"model.dropout": {"type": "float", "low": True, "high": 1}}, ".low: this should be a nu"),
        ({"model.dropout": {"type": "int", "low": 0.5, "high": 1}}, ".low: this should be a whole"),
        (
            {key: {"type": "categorical", "choices": [{}]} for key in ("model.dropout", "model")},
            "model.dropout is a part of model: search one of them",
        ),
        ({"model.dropout": {"type": "int", "low": 2, "high": 1}}, "low (2) is above high (1)"),
        ({"model.dropout": {"type": "float", "low": 0, "high": 1, "log": True}}, "above 0, as log"),
        ({"model.dropout": {"type": "float", "low": 0, "high": 1, "log": 1}}, "true or false"),
        (
            {"model.dropout": {"type": "float", "low": 0, "high": 1, "step": 0}},
            ".step: this should",
        ),
        (
            {"model.dropout": {"type": "float", "low": 1, "high": 2, "step": 1, "log": True}},
            "log and step exclude each other",
        ),
        ({"model.dropout": {"type": "categorical", "choices": []}}, ".choices: this should be a l"),
    ],
)
def test_a_mistake_is_named_with_its_key(tmp_path, space, problem):
    with pytest.raises(ConfigurationError) as error:
        read(tmp_path, space)
    assert problem in str(error.value)
    assert "space.jsonnet" in str(error.value)


def test_a_space_that_is_missing_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="nowhere.jsonnet: there is no such file"):
        read_space(tmp_path / "nowhere.jsonnet", SETTINGS)


def test_values_replace_settings_and_nothing_else():
    changed = with_values(SETTINGS, {"trainer.optimizer.lr": 0.3, "model.features": []})
    assert changed == {
        "model": {"type": "dts", "dropout": 0.2, "features": []},
        "trainer": {"num_epochs": 3, "optimizer": {"type": "adam", "lr": 0.3}},
    }
    assert SETTINGS["model"]["features"] == [{"type": "distance"}]


def test_the_documentation_s_space_fits_its_experiment(tmp_path):
    text = (PROJECT / "docs" / "tuning.md").read_text(encoding="utf-8")
    path = tmp_path / "space.jsonnet"
    path.write_text(re.findall(r"```jsonnet\n(.*?)```", text, re.DOTALL)[0])
    dimensions = read_space(path, load_settings(PROJECT / "experiments" / "sample.jsonnet"))
    assert [dimension.kind for dimension in dimensions] == ["float", "categorical", "int", "float"]


@pytest.mark.parametrize(
    ("dimension", "value", "param"),
    [
        (Dimension("a", "float", 0.1, 0.6, step=0.05), 0.35, 0.35),
        (Dimension("a", "float", 0.1, 0.6, step=0.05), 0.36, None),
        (Dimension("a", "float", 0.1, 0.6), 0.1, 0.1),
        (Dimension("a", "float", 0.1, 0.6), 0.61, None),
        (Dimension("a", "float", 0.0, 2.0), True, None),
        (Dimension("a", "float", 0.0, 2.0), 1, 1.0),
        (Dimension("a", "int", 1, 9, step=2), 7, 7),
        (Dimension("a", "int", 1, 9, step=2), 6, None),
        (Dimension("a", "int", 1, 9), 2.5, None),
        (Dimension("a", "categorical", choices=[None, [1]]), [1], "[1]"),
        (Dimension("a", "categorical", choices=[None, [1]]), None, "null"),
        (Dimension("a", "categorical", choices=[None, [1]]), [2], None),
        (Dimension("a", "categorical", choices=[5, 1]), 5.0, "5"),
        (Dimension("a", "categorical", choices=[5, 1]), True, None),
        (Dimension("a", "categorical", choices=[0, False]), False, "false"),
    ],
)
def test_a_value_of_the_experiment_is_a_parameter_if_it_is_in_the_space(dimension, value, param):
    assert dimension.param(value) == param
    assert type(dimension.param(value)) is type(param)
