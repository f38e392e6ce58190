import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.paths import PROJECT

FIND_PYTHON = PROJECT / "scripts" / "find-python.sh"

RUNS = "#!/bin/sh\nexit 0\n"
IS_A_SHIM_WITHOUT_A_VERSION = "#!/bin/sh\nexit 127\n"


def add_python(folder: Path, name: str, content: str) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(content)
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def tools(tmp_path) -> Path:
    """A folder with the few programs that the script calls, and no Python."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("ls", "sed", "tr"):
        for place in os.defpath.split(os.pathsep):
            if Path(place, name).exists():
                (folder / name).symlink_to(Path(place, name))
                break
    return folder


def find_python(
    tools: Path, *folders: Path, arguments: Sequence[str] = (), **variables: str
) -> subprocess.CompletedProcess:
    path = os.pathsep.join(map(str, [*folders, tools]))
    environment = {"PATH": path, "HOME": str(tools), **variables}
    return subprocess.run(
        ["/bin/sh", str(FIND_PYTHON), *arguments], env=environment, capture_output=True, text=True
    )


def test_the_newer_version_wins_wherever_it_is(tools, tmp_path):
    add_python(tmp_path / "first", "python3.11", RUNS)
    expected = add_python(tmp_path / "second", "python3.13", RUNS)
    result = find_python(tools, tmp_path / "first", tmp_path / "second")
    assert (result.returncode, result.stdout.strip()) == (0, expected)


def test_one_that_does_not_run_is_passed_over(tools, tmp_path):
    add_python(tmp_path / "shims", "python3.11", IS_A_SHIM_WITHOUT_A_VERSION)
    expected = add_python(tmp_path / "with a space", "python3.11", RUNS)
    result = find_python(tools, tmp_path / "shims", tmp_path / "with a space")
    assert (result.returncode, result.stdout.strip()) == (0, expected)


def test_pyenvs_own_interpreters_are_found(tools, tmp_path):
    add_python(tmp_path / "shims", "python3.12", IS_A_SHIM_WITHOUT_A_VERSION)
    expected = add_python(tmp_path / "pyenv/versions/3.12.1/bin", "python", RUNS)
    result = find_python(tools, tmp_path / "shims", PYENV_ROOT=str(tmp_path / "pyenv"))
    assert (result.returncode, result.stdout.strip()) == (0, expected)


def test_without_any_one_line_says_what_to_install(tools):
    result = find_python(tools)
    assert result.returncode == 1
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert "python3.13" in result.stderr


def test_a_named_interpreter_is_taken_or_refused(tools, tmp_path):
    good = add_python(tmp_path, "good", RUNS)
    bad = add_python(tmp_path, "bad", IS_A_SHIM_WITHOUT_A_VERSION)
    assert find_python(tools, PYTHON=good).stdout.strip() == good
    result = find_python(tools, PYTHON=bad)
    assert result.returncode == 1
    assert bad in result.stderr


def test_a_version_can_be_asked_for(tools, tmp_path):
    add_python(tmp_path, "python3.13", RUNS)
    expected = add_python(tmp_path, "python3.12", RUNS)
    assert find_python(tools, tmp_path, arguments=["3.12"]).stdout.strip() == expected
    assert find_python(tools, tmp_path, arguments=["3.11"]).returncode == 1
    supported = find_python(tools, arguments=["--supported"]).stdout.split()
    assert supported == ["3.13", "3.12", "3.11"]
