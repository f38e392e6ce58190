import json
import re
from typing import Any, List, Optional

import pytest
from allennlp.commands.train import TrainModel
from allennlp.common import FromParams, Lazy, Params, Registrable
from allennlp.common.checks import ConfigurationError
from allennlp.predictors import Predictor
from allennlp.training import Trainer

from dts_ee.errors import MISTAKE, explain


class Part(Registrable):
    """Something that a configuration names by its type."""


@Part.register("long_name")
class LongName(Part):
    def __init__(self, size: int) -> None:
        if size < 0:
            raise ValueError("size is below 0")


@Part.register("open")
class OpenPart(LongName):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)


class Whole(FromParams):
    def __init__(
        self,
        part: Part,
        parts: Optional[List[Part]] = None,
        later: Optional[Lazy[Part]] = None,
        names: Optional[List[str]] = None,
        threshold: float = 0.5,
    ) -> None:
        if later is not None:
            later.construct()


GOOD = {"type": "long_name", "size": 1}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"part": GOOD, "treshold": 0.1},
            "treshold: there is no such key; did you mean threshold?",
        ),
        (
            {"part": GOOD, "x": 0.1},
            "x: there is no such key; the keys are later, names, part, parts, thres",
        ),
        ({"part": {**GOOD, "syze": 1}}, "part.syze: there is no such key; did you mean size?"),
        (
            {"part": {"type": "open", "size": 1, "syze": 1}},
            "part.syze: there is no such key; did you mean size?",
        ),
        (
            {"part": {**GOOD, "type": "long"}},
            "part.type: there is no 'long'; did you mean long_name?",
        ),
        ({"part": "lon_name"}, "part.type: there is no 'lon_name'; did you mean long_name?"),
        ({"part": "xyz"}, "part.type: there is no 'xyz'; there are long_name, open"),
        ({"part": "long_name"}, "part.size: this key is missing, and it has no default"),
        ({"part": {"size": 1}}, "part.type: this key is missing, and it has no default"),
        ({"threshold": 1}, "part: this key is missing, and it has no default"),
        ({"part": None}, "part: this key needs a value"),
        ({"part": {**GOOD, "size": "x"}}, "part.size: this should be a whole number"),
        ({"part": {**GOOD, "size": -1}}, "part: size is below 0"),
        (
            {"part": {"type": "open", "size": 1, "batch_size": 0}},
            "part.batch_size: 0 is less than 1",
        ),
        ({"part": GOOD, "threshold": "x"}, "threshold: this should be a number"),
        (
            {"part": GOOD, "parts": [GOOD, {**GOOD, "size": "x"}]},
            "parts.1.size: this should be a w",
        ),
        (
            {"part": GOOD, "later": {**GOOD, "size": "x"}},
            "later.size: this should be a whole number",
        ),
        (
            # Before the data, which come first.
            {"part": {**GOOD, "size": -1}, "later": {**GOOD, "syze": 1}},
            "later.syze: there is no such key; did you mean size?",
        ),
        (
            {"part": GOOD, "parts": "long_name"},
            'parts: this should be a list, such as ["long_name"]',
        ),
        ({"part": GOOD, "names": "Kill"}, 'names: this should be a list, such as ["Kill"]'),
        ({"part": GOOD, "later": "lon_name"}, "later.type: there is no 'lon_name'; did you mean l"),
    ],
)
def test_a_mistake_in_a_configuration_has_its_key(settings, message):
    with pytest.raises(Exception) as raised:  # noqa: PT011
        Whole.from_params(Params({"whole": json.loads(json.dumps(settings))}).pop("whole"))
    explanation = explain(raised.value)
    assert explanation.message.startswith(f"whole.{message}")
    assert explanation.status == MISTAKE


def test_a_configuration_without_mistakes_is_built():
    settings = {"part": GOOD, "parts": [GOOD, {"type": "open", "size": 2}], "later": GOOD}
    Whole.from_params(Params(json.loads(json.dumps(settings))))


@pytest.mark.parametrize(("name", "near"), [("dst", "; did you mean dts?"), ("zzz", "")])
def test_a_predictor_that_is_not_there(name, near):
    with pytest.raises(ConfigurationError) as raised:
        Predictor.by_name(name)
    assert explain(raised.value).message == f"there is no Predictor {name!r}{near}"


def test_a_key_that_the_trainer_would_drop_is_refused():
    with pytest.raises(ConfigurationError, match="num_epocs: .*; did you mean num_epochs?"):
        Trainer.from_params(Params({"num_epocs": 3}))


def test_a_key_of_the_experiment_is_near_to_those_that_are_taken_out_before():
    with pytest.raises(ConfigurationError, match="random_sed: .*; did you mean random_seed?"):
        TrainModel.from_params(Params({"random_sed": 3}))


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ('{"modle.x": 1}', "--overrides: modle: there is no such key; did you mean model?"),
        (
            '{"model.encodr.x": 1}',
            "--overrides: model.encodr: there is no such key; did you mean e",
        ),
        ("3", "--overrides: this is no JSON object"),
        ('{"model.encoder.size.x": 1}', "--overrides: overrides for 'model.encoder.size.\\*'"),
    ],
)
def test_overrides_of_what_is_not_there(overrides, message, tmp_path):
    (tmp_path / "a.json").write_text('{"model": {"encoder": {"size": 3}}}')
    with pytest.raises(ConfigurationError, match=message):
        Params.from_file(tmp_path / "a.json", overrides)


def test_an_error_in_the_data_has_no_key(tmp_path):
    (tmp_path / "a.json").write_text('[{"tokens": ["Ann"], "entities": [], "windows": 3}]')
    for data_loader, path, message in (
        ({"batch_size": 1}, f"{tmp_path}/a.json", f"{tmp_path}/a.json, document #1: documents w"),
        ({"batch_size": 1}, "$NOT_SET", "the data path $NOT_SET has the environment variable"),
        ({"batch_size": "x"}, "$NOT_SET", "data_loader.batch_size: this should be a whole number"),
        ({"batch_size": 0}, "$NOT_SET", "data_loader.batch_size: 0 is less than 1"),
    ):
        settings = {
            "dataset_reader": {"type": "spert"},
            "train_data_path": path,
            "data_loader": data_loader,
            "model": {"type": "dts"},
            "trainer": {"type": "dts"},
        }
        with pytest.raises((ConfigurationError, TypeError, ValueError)) as raised:
            TrainModel.from_params(Params(settings), serialization_dir=str(tmp_path), local_rank=0)
        assert explain(raised.value).message.startswith(message)


def test_a_folder_or_a_list_is_no_configuration(tmp_path):
    with pytest.raises(IsADirectoryError, match=re.escape(str(tmp_path))):
        Params.from_file(tmp_path)
    (tmp_path / "a.json").write_text("[1, 2]")
    with pytest.raises(ConfigurationError, match=r"a\.json: this is no configuration"):
        Params.from_file(tmp_path / "a.json")


def test_sentences_are_no_configuration(tmp_path):
    """JSON Lines are an expression of Jsonnet: the sum of all objects."""
    (tmp_path / "a.jsonl").write_text('{"tokens": ["a"]}\n{"tokens": ["b"]}\n')
    with pytest.raises(ConfigurationError, match=r"a\.jsonl: .* but a file of sentences"):
        Params.from_file(tmp_path / "a.jsonl")
