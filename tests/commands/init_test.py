import argparse
import json
import os
import shutil
from pathlib import Path
from typing import List

import pytest

from dts_ee.commands import init
from dts_ee.commands.init import experiment_files, start_project
from dts_ee.project_files import project_files
from tests.paths import EXPERIMENTS, PROJECT


def _run(folder, examples=False):
    init.run(argparse.Namespace(folder=folder, examples=examples))


def _files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_project_has_the_experiment_and_what_it_imports(tmp_path, capsys):
    _run(tmp_path / "below" / "my-project")
    project = tmp_path / "below" / "my-project"
    files = _files(project)
    assert files >= {"README.md", "own.jsonnet", ".gitignore", ".allennlp_plugins"}
    assert files >= {"lib/experiment.libsonnet", "lib/features.libsonnet"}
    # Nothing that own.jsonnet does not need.
    assert "lib/paper.libsonnet" not in files
    for name in files:
        if name.endswith("sonnet"):
            assert (project / name).read_bytes() == (EXPERIMENTS / name).read_bytes()
    assert (project / ".allennlp_plugins").read_text() == "dts_ee\n"
    assert [path.name for path in (project / "data").iterdir()] == []
    shown = capsys.readouterr().out
    assert f"cd {project}\n" in shown
    assert "TRAIN_DATA=" in shown
    assert sorted(path.name for path in (tmp_path / "below").iterdir()) == ["my-project"]


def test_the_files_have_the_usual_permissions(tmp_path):
    (tmp_path / "usual").mkdir()
    start_project(tmp_path / "project")
    assert (tmp_path / "project").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_the_working_directory_can_be_filled(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    _run(Path("."))
    assert "own.jsonnet" in os.listdir(".")
    assert "cd " not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["notes.txt", ".git"])
def test_a_folder_that_is_not_empty_is_refused(tmp_path, name, capsys):
    (tmp_path / name).write_text("mine")
    with pytest.raises(SystemExit) as stopped:
        _run(tmp_path)
    assert stopped.value.code == 2
    assert capsys.readouterr().err == f"{tmp_path} is not empty: name a new folder.\n"
    assert _files(tmp_path) == {name}


def test_a_file_is_refused(tmp_path, capsys):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(SystemExit) as stopped:
        _run(tmp_path / "file")
    assert stopped.value.code == 2
    assert "is a file" in capsys.readouterr().err


@pytest.mark.parametrize("exists", [False, True])
def test_a_failure_leaves_nothing(tmp_path, exists, monkeypatch, capsys):
    target = tmp_path / "project"
    if exists:
        target.mkdir()
    replace = os.replace
    moves: List[Path] = []

    def fail_in_between(source, destination):
        if len(moves) == (2 if exists else 0):
            moves.append(source)
            raise OSError("disk full")
        moves.append(source)
        replace(source, destination)

    monkeypatch.setattr(init.os, "replace", fail_in_between)
    with pytest.raises(SystemExit) as stopped:
        _run(target)
    assert stopped.value.code == 1
    assert "disk full" in capsys.readouterr().err
    assert list(tmp_path.rglob("*")) == ([target] if exists else [])


def test_a_folder_that_may_not_be_written_is_named(tmp_path, monkeypatch, capsys):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied", str(tmp_path / ".new-1234"))

    monkeypatch.setattr(init.shutil, "copytree", refuse)
    with pytest.raises(SystemExit) as ended:
        _run(tmp_path / "new")
    assert ended.value.code == 1
    assert (
        capsys.readouterr().err == f"{tmp_path / 'new'} could not be created: Permission denied\n"
    )


def test_the_examples_are_those_of_the_repository(tmp_path):
    _run(tmp_path / "project", examples=True)
    experiments = tmp_path / "project" / "experiments"
    assert _files(experiments) == _files(EXPERIMENTS)
    assert (tmp_path / "project" / "fixtures" / "sample" / "news_train.json").is_file()


def test_imports_are_followed(tmp_path):
    (tmp_path / "lib").mkdir()
    (tmp_path / "own.jsonnet").write_text("local a = import 'lib/a.libsonnet';\na")
    (tmp_path / "lib" / "a.libsonnet").write_text("(import 'b.libsonnet') { x: importstr 'c.txt' }")
    (tmp_path / "lib" / "b.libsonnet").write_text("{ important: 'no.txt' }")
    (tmp_path / "lib" / "c.txt").write_text("text")
    (tmp_path / "lib" / "other.libsonnet").write_text("{}")
    assert set(experiment_files(tmp_path / "own.jsonnet")) == {
        *("own.jsonnet", "lib/a.libsonnet", "lib/b.libsonnet", "lib/c.txt")
    }


def test_the_projects_files_are_the_repositorys_here_and_the_packages_in_a_wheel(tmp_path):
    assert project_files() == PROJECT
    # What the sentence in the README of a project shows is read by the reader.
    start_project(tmp_path / "project")
    text = (tmp_path / "project" / "README.md").read_text()
    sentence = json.loads(text.partition("```json\n")[2].partition("```")[0])
    assert sentence["tokens"][slice(0, sentence["entities"][0]["end"])] == ["Marta", "Lindqvist"]
    shutil.rmtree(tmp_path / "project")
