import subprocess
import sys
from pathlib import Path

import pytest

from scripts import install

NOTES_ITS_ARGUMENTS = '#!/bin/sh\necho "Collecting torch"\necho "$*" >> calls.txt\n'
FAILS = '#!/bin/sh\necho "Collecting torch"\necho "ERROR: no such version"\nexit 1\n'


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """Replaces the interpreter of the environment that would be made by a given script."""
    monkeypatch.chdir(tmp_path)

    def replace(content: str) -> None:
        def make_environment(command, **options) -> subprocess.CompletedProcess:
            assert command[:3] == [sys.executable, "-m", "venv"]
            install.PYTHON.parent.mkdir(parents=True, exist_ok=True)
            install.PYTHON.write_text(content)
            install.PYTHON.chmod(0o755)
            return subprocess.CompletedProcess(command, 0)

        monkeypatch.setattr(install.subprocess, "run", make_environment)

    return replace


def test_torch_comes_first_and_the_lock_without_dependencies(pip, monkeypatch, capsys):
    pip(NOTES_ITS_ARGUMENTS)
    monkeypatch.setattr(install.sys, "version_info", (3, 11, 4))
    install.main()
    calls = Path("calls.txt").read_text().splitlines()
    assert [call.split("--progress-bar off ")[1] for call in calls] == [
        "--constraint requirements/lock-py311.txt torch",
        "--no-deps --requirement requirements/lock-py311.txt",
        "--no-deps --no-build-isolation --editable .",
    ]
    assert install.INSTALLED.exists()
    assert "Python 3.11" in capsys.readouterr().out


def test_on_the_older_python_pip_resolves(pip, monkeypatch):
    pip(NOTES_ITS_ARGUMENTS)
    monkeypatch.setattr(install.sys, "version_info", (3, 10, 13))
    install.main()
    (call,) = Path("calls.txt").read_text().splitlines()
    assert call.endswith("--editable .[test]")


def test_a_failure_shows_what_pip_said_and_counts_as_not_installed(pip, capsys):
    install.INSTALLED.parent.mkdir()
    install.INSTALLED.write_text("an earlier installation")
    pip(FAILS)
    install.PYTHON.parent.mkdir()
    install.PYTHON.write_text(FAILS)
    install.PYTHON.chmod(0o755)
    with pytest.raises(SystemExit) as stopped:
        install.main()
    assert stopped.value.code == 1
    assert "ERROR: no such version" in capsys.readouterr().out
    assert not install.INSTALLED.exists()


def test_python_starts_without_two_of_allennlps_messages(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    version = ".".join(map(str, sys.version_info[:2]))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", install.ENVIRONMENT], check=True)
    install.keep_allennlp_from_chattering(version)
    program = (
        "import logging, warnings\n"
        "logging.basicConfig(level=logging.INFO)\n"
        "logging.getLogger('allennlp.common.plugins').info('Plugin allennlp_models available')\n"
        "logging.getLogger('allennlp.common.plugins').error('Plugin x could not be loaded')\n"
        "warnings.warn('Failed to load image Python extension: no such file')\n"
        "warnings.warn('something else')\n"
    )
    shown = subprocess.run(
        [install.PYTHON, "-c", program],
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    assert "available" not in shown and "could not be loaded" in shown
    assert "Failed to load" not in shown and "something else" in shown
