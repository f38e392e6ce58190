import argparse
import sys
from pathlib import Path

import pytest

from dts_ee.commands import install_requirements
from dts_ee.commands.install_requirements import LOCK, run
from tests.paths import PROJECT


@pytest.fixture
def installed(monkeypatch):
    """What would be installed."""
    calls = []

    def install(python, lock, log):
        calls.append((python, lock))
        log.write_text("what pip says")

    monkeypatch.setattr(install_requirements, "install_locked_requirements", install)
    return calls


def test_the_lock_is_installed_beside_this_interpreter(installed, capsys):
    run(argparse.Namespace())
    assert installed == [(Path(sys.executable), LOCK)]
    assert LOCK == PROJECT / "requirements" / "lock.txt"
    assert "dts-ee init" in capsys.readouterr().out


def test_an_environment_without_pip_is_told_what_else_to_do(installed, monkeypatch, capsys):
    monkeypatch.setattr(install_requirements, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as stopped:
        run(argparse.Namespace())
    assert stopped.value.code == 1
    assert not installed
    assert str(LOCK) in capsys.readouterr().err


def test_an_interruption_says_that_the_command_starts_over(installed, monkeypatch, capsys):
    def interrupt(python, lock, log):
        raise KeyboardInterrupt

    monkeypatch.setattr(install_requirements, "install_locked_requirements", interrupt)
    with pytest.raises(SystemExit) as stopped:
        run(argparse.Namespace())
    assert stopped.value.code == 130
    assert "starts over" in capsys.readouterr().err
