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
    monkeypatch.setattr(install.sys, "version_info", (3, 12, 4))
    Path(install.HOOK).write_text("import dts_ee_import_hook\n")
    install.main()
    calls = Path("calls.txt").read_text().splitlines()
    assert [call.split("--progress-bar off ")[1] for call in calls] == [
        "--constraint requirements/lock.txt torch",
        "--no-deps --requirement requirements/lock.txt",
        "--no-deps --no-build-isolation --editable .",
    ]
    assert install.INSTALLED.exists()
    assert "Python 3.12" in capsys.readouterr().out
    packages = install.ENVIRONMENT / "lib" / "python3.12" / "site-packages"
    assert (packages / install.HOOK).read_text() == "import dts_ee_import_hook\n"


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
