import sys

import pytest
from allennlp import __version__ as allennlp_version

from dts_ee.__main__ import arguments_with_plugin, run
from dts_ee.version import VERSION


@pytest.mark.parametrize(
    "arguments",
    [["train", "config.jsonnet", "-s", "out"], ["predict", "model.tar.gz", "-"], ["fetch"]],
)
def test_commands_load_the_plugin_in_every_process_they_start(arguments):
    assert arguments_with_plugin(arguments) == [*arguments, "--include-package", "dts_ee"]


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["cached-path", "file"], ["no-such-command", "file"]]
)
def test_other_arguments_stay_as_they_are(arguments):
    assert arguments_with_plugin(arguments) == arguments


def test_version_names_both_packages(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["dts-ee", "--version"])
    run()
    assert capsys.readouterr().out == f"dts-ee {VERSION} (AllenNLP {allennlp_version})\n"


def test_help_names_the_program_and_both_packages_commands(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["dts-ee", "--help"])
    with pytest.raises(SystemExit) as stopped:
        run()
    assert stopped.value.code == 0
    output = capsys.readouterr().out
    assert output.startswith("usage: dts-ee ")
    assert {"train", "evaluate", "predict", "fetch"} <= set(output.split())
