"""AllenNLP imported first, in fresh processes."""

import sys
import sysconfig
from pathlib import Path

import pytest

import dts_ee_import_hook
from tests.new_process import run_python
from tests.paths import PROJECT

HOOK = PROJECT / "dts_ee_import_hook.pth"


def printed(program: str) -> str:
    return run_python("-c", program, cwd=PROJECT).stdout


def test_the_environment_has_the_hook():
    installed = Path(sysconfig.get_path("purelib"), HOOK.name)
    assert installed.read_text() == HOOK.read_text()


@pytest.mark.parametrize(
    "first", ["allennlp", "allennlp.data.data_loaders", "dts_ee", "dts_ee.document"]
)
def test_the_patches_precede_the_rest_of_allennlp(first):
    shown = printed(
        f"import {first}\n"
        "from allennlp.common import plugins\n"
        "from allennlp.training.optimizers import Optimizer\n"
        "import dts_ee\n"
        "print(dts_ee.Extractor.__name__, plugins.DEFAULT_PLUGINS[0])\n"
        "print(Optimizer.by_name('huggingface_adamw').__name__)\n"
    )
    assert shown.split() == [
        "Extractor",
        "allennlp_models.tagging",
        "HuggingfaceAdamWOptimizer",
    ]


def test_without_the_hook_allennlp_cannot_be_imported():
    program = (
        "import dts_ee_import_hook, sys\n"
        "sys.meta_path = [finder for finder in sys.meta_path\n"
        "                 if not isinstance(finder, dts_ee_import_hook.AllenNLPFinder)]\n"
        "import allennlp.training"
    )
    completed = run_python("-c", program, cwd=PROJECT, check=False)
    assert completed.returncode == 1
    assert "No module named" in completed.stderr or "has no attribute" in completed.stderr


def test_allennlps_own_command_has_the_options_of_the_plugin_in_any_folder(tmp_path):
    for command, option in (("predict", "--entity-threshold"), ("train", "--from-archive")):
        shown = run_python("-m", "allennlp", command, "--help", cwd=tmp_path).stdout
        assert option in shown
    assert "NAME" in run_python("-m", "allennlp", "fetch", "--help", cwd=tmp_path).stdout


def test_a_program_without_allennlp_imports_nothing_more():
    program = "import sys; print(sorted(name for name in sys.modules if 'dts_ee' in name))"
    assert printed(program).strip() == "['dts_ee_import_hook']"


def test_looking_for_allennlp_does_not_import_it():
    program = (
        "import sys; from importlib.util import find_spec\n"
        "print(find_spec('allennlp').name, find_spec('no_such_package'), 'dts_ee' in sys.modules)"
    )
    assert printed(program).split() == ["allennlp", "None", "False"]


def test_the_finder_is_added_once():
    before = list(sys.meta_path)
    dts_ee_import_hook.install()
    assert sys.meta_path == before


def test_garbage_collection_is_as_before():
    assert printed("import gc, allennlp; print(gc.isenabled())").strip() == "True"
    program = "import gc; gc.disable(); import allennlp; print(gc.isenabled())"
    assert printed(program).strip() == "False"
