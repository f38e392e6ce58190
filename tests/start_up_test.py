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


def test_the_plugin_imports_no_package_that_allennlp_does_not():
    before, after, last = modules_after(
        "import allennlp.commands\n"
        "seen()\n"
        "import dts_ee\n"
        "seen()\n"
        "from allennlp.common.util import import_module_and_submodules\n"
        "import_module_and_submodules('dts_ee')\n"
        "seen()\n"
    )

    def packages(modules: set[str]) -> set[str]:
        return {name.partition(".")[0] for name in modules} - sys.stdlib_module_names

    assert "allennlp.models" in before
    assert "dts_ee.models.dts" in after
    # The transformers of AllenNLP's own pins cannot read safetensors: the plugin does.
    assert {"dts_ee"} <= packages(after) - packages(before) <= {"dts_ee", "safetensors"}
    assert "dts_ee.pages.page" in last
    assert packages(last) == packages(after)


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
    assert "torch._dynamo" not in modules
