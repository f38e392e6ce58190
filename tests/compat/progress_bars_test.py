import io
import sys
from typing import List

from allennlp.common import logging as common_logging
from allennlp.common import tqdm as allennlp_tqdm
from allennlp.training import gradient_descent_trainer


def test_progress_bars_are_in_the_log_and_not_in_files(monkeypatch, capsys):
    monkeypatch.delenv("ALLENNLP_LOG_LEVEL", raising=False)
    monkeypatch.delenv("ALLENNLP_DEBUG", raising=False)
    logged: List[str] = []
    monkeypatch.setattr(allennlp_tqdm.logger, "info", logged.append)
    for bars in (allennlp_tqdm.Tqdm, gradient_descent_trainer.Tqdm):
        logged.clear()
        assert list(bars.tqdm([1, 2], desc="reading")) == [1, 2]
        assert "reading: 100%" in logged[-1]
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(common_logging, "FILE_FRIENDLY_LOGGING", True)
    for bars in (allennlp_tqdm.Tqdm, gradient_descent_trainer.Tqdm):
        list(bars.tqdm([1, 2], desc="reading"))
        assert "reading: 100%" in capsys.readouterr().err


def test_the_trainers_own_bars_are_not_on_a_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.delenv("ALLENNLP_LOG_LEVEL", raising=False)
    monkeypatch.delenv("ALLENNLP_DEBUG", raising=False)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    list(gradient_descent_trainer.Tqdm.tqdm([1, 2], desc="training"))
    assert terminal.getvalue() == ""
    list(allennlp_tqdm.Tqdm.tqdm([1, 2], desc="reading"))
    # It goes once it is full.
    assert "reading:" in terminal.getvalue() and terminal.getvalue().endswith("\r")
