import sys

import pytest
from allennlp import commands

from dts_ee.errors import MISTAKE


def test_allennlps_commands_have_the_parser_that_names_the_nearest(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["allennlp", "train", "a.jsonnet", "--serialisation-dir", "b"])
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert ended.value.code == MISTAKE
    assert "did you mean --serialization-dir?" in capsys.readouterr().err


def test_allennlps_commands_report_their_errors(monkeypatch, capsys, tmp_path):
    config, out = str(tmp_path / "a.jsonnet"), str(tmp_path / "out")
    monkeypatch.setattr(sys, "argv", ["allennlp", "train", config, "-s", out, "--debug"])
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert ended.value.code == MISTAKE
    error = capsys.readouterr().err
    assert error.startswith("Traceback")
    assert error.endswith(f"error: {config}: there is no such file\n")


def test_print_results_asks_for_keys(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["allennlp", "print-results", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert ended.value.code == MISTAKE
    assert "-k/--keys" in capsys.readouterr().err
