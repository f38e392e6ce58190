"""What a fresh process imports."""

import json

import pytest

from tests.new_process import run_python
from tests.paths import PROJECT

PROGRAM = """
import json, sys
notes = {}
def note(when): notes[when] = sorted(sys.modules)

import allennlp.commands, dts_ee
note("start")

from dts_ee.compat.absent_packages import _StandIn
notes["stand-ins"] = list({
    name.partition(".")[0]
    for name, module in sys.modules.items()
    if isinstance(module, _StandIn)
    or any(
        isinstance(value, _StandIn)
        or type(type(value)) is type and type(value).__name__ == "AbsentType"
        for value in list(vars(module).values())
    )
})

from transformers.utils import is_scipy_available, is_sklearn_available, is_torchvision_available
assert not is_scipy_available()
assert not is_sklearn_available()
assert not is_torchvision_available()

from allennlp.common.util import import_module_and_submodules
import_module_and_submodules("dts_ee")
note("all modules")

import torch
from transformers import BertConfig, BertModel
config = BertConfig(vocab_size=9, hidden_size=4, num_hidden_layers=1,
                    num_attention_heads=1, intermediate_size=4)
ids = torch.zeros(1, 3, dtype=torch.long)
with torch.no_grad():
    BertModel(config)(input_ids=ids, attention_mask=torch.ones_like(ids))
note("batch")

compiled = torch.compile(lambda x: x * 2 + 1, backend="eager")
assert compiled(torch.ones(2)).tolist() == [3.0, 3.0]
note("compiler")
print(json.dumps(notes))
"""


@pytest.fixture(scope="module")
def modules():
    """The modules that a process has imported at several moments, and those with stand-ins."""
    shown = run_python("-c", PROGRAM, cwd=PROJECT).stdout
    return {when: set(names) for when, names in json.loads(shown.splitlines()[-1]).items()}


def packages(modules):
    return {name.partition(".")[0] for name in modules}


def test_no_package_is_imported_that_only_other_parts_of_allennlp_use(modules):
    assert {"allennlp.models", "dts_ee.models.dts", "dts_ee.pages.page"} <= modules["start"]
    assert not packages(modules["start"]) & {
        "boto3",
        "fairscale",
        "google.cloud",
        "matplotlib",
        "nltk",
        "pandas",
        "scipy",
        "sklearn",
        "torchvision",
    }


def test_nobody_else_sees_the_stand_ins_for_absent_packages(modules):
    # huggingface_hub has two classes that it removed: see `hub_repository`.
    assert modules["stand-ins"] <= {"allennlp", "cached_path", "dts_ee", "huggingface_hub"}


def test_importing_all_modules_of_the_plugin_imports_no_other_package(modules):
    assert packages(modules["all modules"] - modules["start"]) <= {"dts_ee"}


def test_the_first_batch_of_an_encoder_does_not_import_torchs_compiler(modules):
    assert "transformers.models.bert.modeling_bert" in modules["batch"]
    assert not {"torch._dynamo", "torch._inductor"} & modules["batch"]


def test_the_compiler_can_be_used_later(modules):
    assert "torch._dynamo" not in modules["batch"]
    assert "torch._dynamo.eval_frame" in modules["compiler"]
