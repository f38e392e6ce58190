from typing import Any

import pytest
from allennlp.commands.train import TrainModel, train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError


def test_a_mistake_leaves_no_folder_of_a_training(tmp_path):
    out = tmp_path / "out"
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="modle: there is no such key"):
            train_model(Params({"modle": {}}), out)
        assert not out.exists()


def test_an_unexpected_error_leaves_the_folder_with_its_log(tmp_path, monkeypatch):
    def fail(**kwargs: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(TrainModel, "from_params", fail)
    with pytest.raises(MemoryError):
        train_model(Params({}), tmp_path / "out")
    assert (tmp_path / "out" / "out.log").exists()


def test_a_mistake_leaves_a_folder_that_was_there(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(ConfigurationError, match="not empty"):
        train_model(Params({"modle": {}}), tmp_path)
    assert (tmp_path / "notes.txt").exists()
