import argparse
import sys
from pathlib import Path

import pytest

from dts_ee.commands import install_requirements
from dts_ee.commands.install_requirements import LOCK, run
from tests.paths import PROJECT


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """What would be installed, in an environment whose folder is `tmp_path`."""
    calls = []

    def install(python, lock, log):
        calls.append((python, lock))
        log.write_text("what pip says")

    monkeypatch.setattr(install_requirements, "install_locked_requirements", install)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    return calls


def test_the_lock_is_installed_beside_this_interpreter(installed, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 11, 4))
    run(argparse.Namespace())
    assert installed == [(Path(sys.executable), LOCK)]
    assert LOCK == PROJECT / "requirements" / "lock-py311.txt"
    # AllenNLP's other package finds what it would download otherwise.
    assert (tmp_path / "nltk_data" / "tokenizers" / "punkt").is_dir()
    assert "dts-ee init" in capsys.readouterr().out


def test_there_is_nothing_to_do_where_pip_resolves(installed, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 10, 13))
    run(argparse.Namespace())
    assert not installed
    assert "Nothing to do" in capsys.readouterr().out


def test_an_environment_without_pip_is_told_what_else_to_do(installed, monkeypatch, capsys):
    monkeypatch.setattr(sys, "version_info", (3, 11, 4))
    monkeypatch.setattr(install_requirements, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as stopped:
        run(argparse.Namespace())
    assert stopped.value.code == 1
    assert not installed
    assert str(LOCK) in capsys.readouterr().err


def test_an_interruption_says_that_the_command_starts_over(installed, monkeypatch, capsys):
    def interrupt(python, lock, log):
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "version_info", (3, 11, 4))
    monkeypatch.setattr(install_requirements, "install_locked_requirements", interrupt)
    with pytest.raises(SystemExit) as stopped:
        run(argparse.Namespace())
    assert stopped.value.code == 130
    assert "starts over" in capsys.readouterr().err
