"""What is built from the repository, and used outside of it."""

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email.message import Message
from email.parser import Parser
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any, Dict

import pytest
from packaging.requirements import Requirement

from dts_ee_spacy import make_dts_ee
from tests.paths import FIXTURES, PROJECT
from tests.tiny_transformer import build_tiny_transformer

SOURCES = [
    *("CHANGELOG.md", "LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py"),
    *(
        "dts_ee",
        "dts_ee_command.py",
        "dts_ee_import_hook.pth",
        "dts_ee_import_hook.py",
        "dts_ee_spacy.py",
        "experiments",
        "fixtures",
        "requirements",
    ),
]
COMMAND = "from dts_ee_command import run; run()"


def run_python(
    *arguments: object, cwd: Path, python: str = sys.executable, **environment: str
) -> str:
    """Runs an interpreter in a folder, and returns what it prints."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    completed = subprocess.run(
        [python, *map(str, arguments)],
        cwd=cwd,
        env={**inherited, "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


def copy_repository(target: Path) -> None:
    """Copies what a build needs: setuptools writes its notes beside setup.py."""
    target.mkdir(parents=True)
    for name in SOURCES:
        if (PROJECT / name).is_dir():
            shutil.copytree(
                PROJECT / name, target / name, ignore=shutil.ignore_patterns("__pycache__")
            )
        else:
            shutil.copyfile(PROJECT / name, target / name)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A folder with the content of the wheel, which is built from the source distribution."""
    folder = tmp_path_factory.mktemp("build")
    copy_repository(folder / "copy")
    build = "import sys; from setuptools import build_meta; build_meta.build_{}(sys.argv[1])"
    run_python("-c", build.format("sdist"), folder, cwd=folder / "copy")
    (sdist,) = folder.glob("*.tar.gz")
    shutil.unpack_archive(sdist, folder / "sdist")
    (unpacked,) = (folder / "sdist").iterdir()
    run_python("-c", build.format("wheel"), folder, cwd=unpacked)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def files_below(folder: Path) -> set[Path]:
    files = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path for path in files if "__pycache__" not in path.parts}


def test_the_wheel_holds_the_package_and_the_projects_files(site):
    for name in (path.name for path in PROJECT.glob("dts_ee_*")):
        assert (site / name).read_bytes() == (PROJECT / name).read_bytes()
    built = files_below(site / "dts_ee")
    in_project = {path for path in built if path.parts[0] == "project"}
    assert Path("compat", "archives.py") in built
    assert built - in_project == files_below(PROJECT / "dts_ee")
    assert in_project == {
        Path("project", name, path)
        for name in ("experiments", "fixtures", "requirements")
        for path in files_below(PROJECT / name)
    }


def metadata_of(site: Path) -> Message:
    (folder,) = site.glob("*.dist-info")
    return Parser().parsestr((folder / "METADATA").read_text(encoding="utf-8"))


def test_spacy_is_told_of_the_component(site):
    (folder,) = site.glob("*.dist-info")
    entry_points = PathDistribution(folder).entry_points.select(group="spacy_factories")
    assert [(point.name, point.load()) for point in entry_points] == [("dts_ee", make_dts_ee)]


def test_pip_is_asked_for_nothing_that_it_cannot_find(site):
    required = [Requirement(line) for line in metadata_of(site).get_all("Requires-Dist", [])]
    assert all(item.marker is not None and "extra" in str(item.marker) for item in required)


def test_a_project_is_started_trained_and_used_outside_of_the_repository(site, tmp_path):
    def dts_ee(*arguments: object, cwd: Path) -> str:
        return run_python("-c", COMMAND, *arguments, cwd=cwd, PYTHONPATH=str(site), **data)

    data: Dict[str, Any] = {}
    assert "dts-ee fetch minilm" in dts_ee("init", "my-project", cwd=tmp_path)
    project = tmp_path / "my-project"
    build_tiny_transformer(project / "resources" / "minilm")
    for part in ("train", "development", "test"):
        shutil.copyfile(FIXTURES / "tiny" / "news.json", project / "data" / f"{part}.json")
        data[f"{part.upper()}_DATA"] = f"data/{part}.json"
    one_epoch = '{"trainer.num_epochs": 1}'
    dts_ee("train", "own.jsonnet", "-s", "out/own", "--overrides", one_epoch, cwd=project)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.move(project / "out" / "own" / "model.tar.gz", elsewhere)
    shutil.rmtree(project)
    (elsewhere / "input.jsonl").write_text('{"sentence": "Marta Lindqvist left Tarnby."}\n')
    where = "import dts_ee, dts_ee.project_files as p; print(dts_ee.__file__, p.project_files())"
    program = f"{where}; {COMMAND}"
    arguments = ("predict", "model.tar.gz", "input.jsonl", "--output-file", "output.jsonl")
    shown = run_python("-c", program, *arguments, cwd=elsewhere, PYTHONPATH=str(site))
    assert shown.startswith(f"{site}/dts_ee/__init__.py {site}/dts_ee/project\n")
    assert '"Lindqvist"' in (elsewhere / "output.jsonl").read_text()


def test_without_the_requirements_there_is_one_line_that_says_what_to_type(site, tmp_path):
    # -S leaves out the folder in which the requirements are.
    completed = subprocess.run(
        [sys.executable, "-S", "-c", COMMAND, "train", "own.jsonnet"],
        cwd=tmp_path,
        env={"PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
    )
    assert completed.returncode == 2
    (line,) = completed.stderr.splitlines()
    assert "dts-ee install-requirements" in line
    assert "my-project" in run_python(
        "-S", "-c", COMMAND, "init", "my-project", cwd=tmp_path, PYTHONPATH=str(site)
    )
    shown = run_python("-S", "-c", COMMAND, "--version", cwd=tmp_path, PYTHONPATH=str(site))
    assert "AllenNLP is not installed" in shown


def test_the_package_is_found_in_the_folder_above_the_clone(tmp_path):
    clone = tmp_path / "parent" / "dts_ee"
    copy_repository(clone)
    build = "import sys; from setuptools import build_meta; build_meta.build_editable(sys.argv[1])"
    run_python("-c", build, tmp_path, cwd=clone)
    (wheel,) = tmp_path.glob("*.whl")
    venv.create(tmp_path / "env")
    python = str(tmp_path / "env" / "bin" / "python")
    program = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = run_python("-c", program, cwd=tmp_path, python=python).strip()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    # The working directory comes first on the path, and has a folder `dts_ee` without `__init__`.
    shown = run_python(
        "-c",
        "import sys; assert sys.path[0] == ''\n"
        "from dts_ee_command import open_package\n"
        "open_package()\n"
        "from dts_ee import __file__\n"
        "from dts_ee.project_files import project_files\n"
        "print(__file__, project_files())",
        cwd=clone.parent,
        python=python,
        # For the requirements: the .pth files in there are not read.
        PYTHONPATH=sysconfig.get_path("purelib"),
    )
    assert shown.split() == [str(clone / "dts_ee" / "__init__.py"), str(clone)]
