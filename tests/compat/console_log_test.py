import logging
import sys

import pytest
from allennlp.common import logging as common_logging


@pytest.mark.parametrize("level", [None, "ERROR"])
def test_the_log_file_has_everything_and_the_console_warnings_alone(
    level, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", ["allennlp", "train"])
    monkeypatch.delenv("ALLENNLP_DEBUG", raising=False)
    monkeypatch.delenv("ALLENNLP_LOG_LEVEL", raising=False)
    if level is not None:
        monkeypatch.setenv("ALLENNLP_LOG_LEVEL", level)
    common_logging.prepare_global_logging(tmp_path)
    logger = logging.getLogger("some.module")
    logger.info("a parameter")
    logger.warning("a type has few examples")
    logger.error("a file is missing")
    messages = [line.split(" - ")[-1] for line in (tmp_path / "out.log").read_text().splitlines()]
    assert messages == ["a parameter", "a type has few examples", "a file is missing"]
    warning = "" if level == "ERROR" else "warning: a type has few examples\n"
    assert capsys.readouterr() == ("", f"{warning}error: a file is missing\n")


def test_the_log_is_on_the_console_where_it_is_wanted(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["allennlp", "train"])
    monkeypatch.setenv("ALLENNLP_LOG_LEVEL", "INFO")
    common_logging.prepare_global_logging(tmp_path)
    logging.getLogger("some.module").info("a parameter")
    assert capsys.readouterr().out.endswith(" - INFO - some.module - a parameter\n")
