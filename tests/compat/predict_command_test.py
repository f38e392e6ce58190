import sys
from types import SimpleNamespace
from typing import Any, List

import pytest
from allennlp.commands import predict
from allennlp.predictors import Predictor

from dts_ee.compat import predict_command
from dts_ee.errors import MISTAKE


class OwnPredictor(Predictor):
    def __init__(self) -> None:
        pass


@pytest.fixture
def calls(monkeypatch) -> List[Any]:
    """The arguments that a manager registered for `OwnPredictor` was called with."""
    seen: List[Any] = []

    def manager(*args: Any) -> Any:
        return SimpleNamespace(run=lambda: seen.append(args[1:]))

    monkeypatch.setattr(predict_command, "_MANAGERS", {})
    predict_command.register_predict_manager(OwnPredictor, manager)
    return seen


@pytest.mark.parametrize(
    ("options", "batch_size", "expected"),
    [
        ([], 1, None),
        (["--batch-size", "1"], 1, 1),
        (["--batch=1"], 1, 1),
        (["--batch-size", "8"], 8, 8),
        # Where Python code calls the command.
        ([], 8, 8),
    ],
)
def test_a_registered_manager_gets_the_batch_size_that_was_asked_for(
    options, batch_size, expected, calls, monkeypatch
):
    monkeypatch.setattr(sys, "argv", ["allennlp", "predict", "archive", "input", *options])

    class Derived(OwnPredictor):
        pass

    predict._PredictManager(Derived(), "input", None, batch_size, True, False, None).run()
    assert calls == [("input", None, expected, True, False, None)]


def test_other_predictors_have_the_manager_of_allennlp(calls, monkeypatch):
    predictor = Predictor.__new__(Predictor)
    manager = predict._PredictManager(predictor, "input", None, 1, True, False, None)
    assert type(manager).__module__ == "allennlp.commands.predict"
    assert manager._batch_size == 1
    assert calls == []


def test_errors_of_a_registered_manager_end_the_program_with_one_line(monkeypatch, capsys):
    def manager(*args: Any) -> Any:
        raise FileNotFoundError("file input not found")

    monkeypatch.setattr(predict_command, "_MANAGERS", {OwnPredictor: manager})
    with pytest.raises(SystemExit) as ended:
        predict._PredictManager(OwnPredictor(), "input", None, 1, True, False, None).run()
    assert ended.value.code == MISTAKE
    assert capsys.readouterr().err == "error: input: there is no such file\n"
