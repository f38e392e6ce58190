import importlib
import logging
import sys

import pytest
from allennlp import commands
from allennlp.common import plugins, util


def test_main_uses_the_patched_import_of_plugins():
    assert commands.import_plugins is plugins.import_plugins


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The name of a package of several modules, some of which fail when they are imported."""
    for module in ("__init__", "one", "sub/__init__", "sub/two", "left_out/__init__"):
        path = tmp_path / "submodules_package" / f"{module}.py"
        path.parent.mkdir(exist_ok=True)
        path.touch()
    for module in ("left_out/three", "_private", "test_one", "sub/tests_of_two"):
        path = tmp_path / "submodules_package" / f"{module}.py"
        path.write_text("raise RuntimeError('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return "submodules_package"


def test_the_public_submodules_of_a_package_are_imported(package):
    util.import_module_and_submodules(package, exclude={f"{package}.left_out"})
    imported = {name for name in sys.modules if name.startswith(package)}
    assert imported == {package, *(f"{package}.{name}" for name in ("one", "sub", "sub.two"))}


def test_submodules_that_cannot_be_imported_are_an_error(package):
    with pytest.raises(RuntimeError, match="imported"):
        util.import_module_and_submodules(package)


def test_other_packages_with_the_name_of_a_subpackage_are_not_imported(
    package, tmp_path, monkeypatch
):
    (tmp_path / "elsewhere" / "sub").mkdir(parents=True)
    (tmp_path / "elsewhere" / "sub" / "__init__.py").write_text("raise RuntimeError\n")
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    util.import_module_and_submodules(f"{package}.sub")
    util.import_module_and_submodules(package, exclude={f"{package}.left_out"})
    assert "sub" not in sys.modules


def test_modules_of_the_working_directory_that_were_just_written_are_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = list(sys.path)
    (tmp_path / "just_written.py").write_text("VALUE = 1\n")
    util.import_module_and_submodules("just_written")
    assert sys.modules.pop("just_written").VALUE == 1
    assert sys.path == path


def test_folders_are_listed_once_for_all_submodules(package, monkeypatch):
    calls: list[None] = []
    monkeypatch.setattr(importlib, "invalidate_caches", lambda: calls.append(None))
    util.import_module_and_submodules(package, exclude={f"{package}.left_out"})
    assert len(calls) == 1


def test_all_of_allennlp_uses_the_patched_import_of_submodules():
    assert commands.import_module_and_submodules is util.import_module_and_submodules
    assert plugins.import_module_and_submodules is util.import_module_and_submodules


def test_plugins_are_mentioned_only_where_they_are_not_loaded():
    assert logging.getLogger("allennlp.common.plugins").getEffectiveLevel() == logging.WARNING
