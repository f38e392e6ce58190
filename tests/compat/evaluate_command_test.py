import json

import pytest
from allennlp.commands import evaluate
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.evaluation import Evaluator

from tests.archive_members import read_members, write_members
from tests.documents import TINY_NEWS
from tests.paths import FIXTURES


def test_evaluators_print_a_table_unless_another_is_named():
    assert type(Evaluator.from_params(Params({}))).__name__ == "DocumentEvaluator"
    assert type(Evaluator.from_params(Params({"type": "simple"}))).__name__ == "SimpleEvaluator"


def test_an_archive_without_a_data_loader_is_named(tmp_path):
    contents = read_members(FIXTURES / "archives" / "joint.tar.gz")
    settings = json.loads(contents["config.json"])
    # As AllenNLP had it before 1.0.
    settings["iterator"] = settings.pop("data_loader")
    archive = tmp_path / "old.tar.gz"
    write_members(archive, {**contents, "config.json": json.dumps(settings).encode()})
    with pytest.raises(ConfigurationError) as error:
        evaluate.evaluate_from_archive(str(archive), str(TINY_NEWS))
    assert str(error.value).startswith(f"{archive}: its configuration has no data_loader; add one")
    loader = {"data_loader": {"batch_size": 32}}
    assert evaluate.evaluate_from_archive(archive, str(TINY_NEWS), cmd_overrides=loader)
