"""AllenNLP imported first, in fresh processes."""

import gc
import sys
import sysconfig
from ast import literal_eval
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


@pytest.mark.parametrize("first", ["allennlp.data.data_loaders", "dts_ee.document"])
def test_the_patches_precede_the_rest_of_allennlp(first):
    completed = run_python(
        "-c",
        "import gc, sys\n"
        f"import {first}\n"
        "print(gc.isenabled())\n"
        "from allennlp.common import plugins\n"
        "from allennlp.training.optimizers import Optimizer\n"
        "import dts_ee\n"
        "print(dts_ee.Extractor.__name__, plugins.DEFAULT_PLUGINS[0], sep='\\n')\n"
        "print(Optimizer.by_name('huggingface_adamw').__name__)\n"
        "plugins.import_plugins()\n"
        "from allennlp.models import Model\n"
        "print(Model.by_name('crf_tagger').__module__)\n"
        "names = [name.split('.') for name in sys.modules]\n"
        "print({name[1] for name in names if name[0] == 'allennlp_models' and len(name) > 1})\n",
        cwd=PROJECT,
    )
    *names, packages = completed.stdout.splitlines()
    assert names == [
        "True",
        "Extractor",
        "allennlp_models.tagging",
        "HuggingfaceAdamWOptimizer",
        "allennlp_models.tagging.models.crf_tagger",
    ]
    # Of its packages, only the taggers.
    assert literal_eval(packages) == {"common", "tagging"}
    assert completed.stderr == ""


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


def test_allennlps_own_command_has_the_plugin_in_any_folder(tmp_path):
    program = (
        "import sys\n"
        "from allennlp.__main__ import run\n"
        "for command in ('predict', 'train', 'fetch'):\n"
        "    sys.argv = ['allennlp', command, '--help']\n"
        "    try: run()\n"
        "    except SystemExit: print('end of the help')\n"
        "sys.argv = ['allennlp', 'render', 'nowhere.jsonl', 'page.html']\n"
        "run()\n"
    )
    completed = run_python("-c", program, cwd=tmp_path, check=False)
    predict, train, fetch, _ = completed.stdout.split("end of the help")
    assert "--entity-threshold" in predict
    assert "--from-archive" in train
    assert "NAME" in fetch
    assert completed.returncode == 2
    assert completed.stderr.splitlines()[-1] == ("error: file nowhere.jsonl: there is no such file")
    assert "Traceback" not in completed.stderr


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


@pytest.mark.parametrize("collects_garbage", [True, False])
def test_garbage_collection_is_as_before(collects_garbage, monkeypatch):
    # The environment of the tests stays as it is.
    monkeypatch.setenv("GOMP_SPINCOUNT", "7")
    (gc.enable if collects_garbage else gc.disable)()
    try:
        dts_ee_import_hook._import_with_plugin(lambda module: None, None)
        assert gc.isenabled() == collects_garbage
    finally:
        gc.enable()
