import io
import logging
import sys
import warnings

import pytest

from dts_ee import console
from dts_ee.console import ConsoleHandler, keep_log_whole, quiet_console, shows_log

ALLENNLPS = logging.Formatter("%(asctime)s - %(levelname)s - %(name)s - %(message)s")


@pytest.fixture(autouse=True)
def _no_level(monkeypatch):
    monkeypatch.delenv("ALLENNLP_LOG_LEVEL", raising=False)
    monkeypatch.delenv("ALLENNLP_DEBUG", raising=False)


@pytest.fixture
def root(monkeypatch):
    """A root logger without handlers, in a program that was started as `allennlp`."""
    root = logging.RootLogger(logging.INFO)
    monkeypatch.setattr(logging, "root", root)
    monkeypatch.setattr(logging.Logger, "root", root)
    monkeypatch.setattr(logging, "getLogger", lambda name=None: root)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/allennlp", "train"])
    return root


def add_allennlps_handler(root) -> logging.Handler:
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(ALLENNLPS)
    root.addHandler(handler)
    return handler


def has_console_handler(root) -> bool:
    return any(isinstance(handler, ConsoleHandler) for handler in root.handlers)


@pytest.mark.parametrize(
    ("level", "shown"), [(None, False), ("ERROR", False), ("INFO", True), ("DEBUG", True)]
)
def test_the_environment_says_whether_the_log_is_shown(level, shown, monkeypatch):
    if level is not None:
        monkeypatch.setenv("ALLENNLP_LOG_LEVEL", level)
    assert shows_log() == shown


def test_warnings_are_one_line_each_and_shown_once(root, capsys):
    add_allennlps_handler(root)
    quiet_console()
    root.info("a parameter")
    for _ in range(3):
        root.warning("no file of\n    features in %s", "out")
    root.error("it is broken\x1b[31m")
    captured = capsys.readouterr()
    assert captured.err == "warning: no file of features in out\nerror: it is broken\\x1b[31m\n"
    assert captured.out == ""


@pytest.mark.parametrize(
    "message",
    [
        "You provided a validation dataset but patience was set to None, meaning that early "
        "stopping is disabled",
        'Metrics with names beginning with "_" will not be logged to the tqdm progress bar.',
        "Worker 1 completed its entire epoch (validation).",
        "vocabulary serialization directory out/vocabulary is not empty",
        "Parameter local_rank for class GradientDescentTrainer was found in both **extras and in "
        "params.",
    ],
)
def test_what_allennlp_warns_of_in_every_training_is_left_out(message, root, capsys):
    add_allennlps_handler(root)
    quiet_console()
    root.warning(message)
    assert capsys.readouterr().err == ""


def test_python_warnings_are_shown_unless_they_are_for_developers(root, capsys):
    add_allennlps_handler(root)
    quiet_console()
    library = "/env/lib/python3.11/site-packages/torch/nn/modules/rnn.py"
    warnings.showwarning(UserWarning("weights are not contiguous"), UserWarning, library, 7)
    warnings.showwarning(FutureWarning("this will change"), FutureWarning, "own.py", 7)
    warnings.showwarning(UserWarning("the splits differ"), UserWarning, "own.py", 7)
    assert capsys.readouterr().err == "warning: the splits differ\n"


def test_where_the_log_is_wanted_it_stays(root, monkeypatch):
    monkeypatch.setenv("ALLENNLP_LOG_LEVEL", "INFO")
    handler = add_allennlps_handler(root)
    quiet_console()
    assert handler in root.handlers and not has_console_handler(root)


def test_another_programs_log_stays(root, monkeypatch):
    handler = add_allennlps_handler(root)
    monkeypatch.setattr(sys, "argv", ["/home/ida/notebook.py"])
    quiet_console()
    assert handler in root.handlers and not has_console_handler(root)
    monkeypatch.setattr(sys, "argv", ["/env/lib/allennlp/__main__.py"])
    quiet_console()
    assert handler not in root.handlers and has_console_handler(root)


def test_the_log_file_begins_at_info_where_the_console_begins_later(root, tmp_path):
    handler = logging.FileHandler(tmp_path / "out.log")
    handler.setLevel(logging.ERROR)
    root.addHandler(handler)
    root.setLevel(logging.ERROR)
    keep_log_whole()
    root.info("a parameter")
    handler.close()
    assert (tmp_path / "out.log").read_text() == "a parameter\n"


def test_say_prints_to_where_it_is_told(capsys):
    console.say("progress")
    console.say("result", sys.stdout)
    assert capsys.readouterr() == ("result\n", "progress\n")
