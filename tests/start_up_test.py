"""What a fresh process imports."""

import json
import subprocess
import sys

from tests.paths import PROJECT


def modules_after(program: str) -> list[set[str]]:
    """Runs a program in which `seen()` notes what has been imported so far."""
    beginning = "import json, sys\nnotes = []\ndef seen(): notes.append(sorted(sys.modules))\n"
    completed = subprocess.run(
        [sys.executable, "-c", f"{beginning}{program}\nprint(json.dumps(notes))"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return [set(note) for note in json.loads(completed.stdout.splitlines()[-1])]


def test_no_package_is_imported_that_only_other_parts_of_allennlp_use():
    (modules,) = modules_after("import allennlp.commands, dts_ee\nseen()\n")
    assert {"allennlp.models", "dts_ee.models.dts", "dts_ee.pages.page"} <= modules
    packages = {name.partition(".")[0] for name in modules}
    assert not packages & {
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


def test_importing_all_modules_of_the_plugin_imports_no_other_package():
    before, after = modules_after(
        "import dts_ee\n"
        "seen()\n"
        "from allennlp.common.util import import_module_and_submodules\n"
        "import_module_and_submodules('dts_ee')\n"
        "seen()\n"
    )
    assert "dts_ee.pages.page" in after
    assert {name.partition(".")[0] for name in after - before} <= {"dts_ee"}


def test_the_first_batch_of_an_encoder_does_not_import_torchs_compiler():
    (modules,) = modules_after(
        "import dts_ee, torch\n"
        "from transformers import BertConfig, BertModel\n"
        "config = BertConfig(vocab_size=9, hidden_size=4, num_hidden_layers=1,\n"
        "                    num_attention_heads=1, intermediate_size=4)\n"
        "ids = torch.zeros(1, 3, dtype=torch.long)\n"
        "with torch.no_grad():\n"
        "    BertModel(config)(input_ids=ids, attention_mask=torch.ones_like(ids))\n"
        "seen()\n"
    )
    assert "transformers.models.bert.modeling_bert" in modules
    assert not {"torch._dynamo", "torch._inductor"} & modules


def test_the_compiler_can_be_used_later():
    before, after = modules_after(
        "import dts_ee, torch\n"
        "seen()\n"
        "compiled = torch.compile(lambda x: x * 2 + 1, backend='eager')\n"
        "assert compiled(torch.ones(2)).tolist() == [3.0, 3.0]\n"
        "seen()\n"
    )
    assert "torch._dynamo" not in before
    assert "torch._dynamo.eval_frame" in after
