import sys
from typing import List

import allennlp.version
import pytest
import torch
from allennlp.commands import main, test_install

from dts_ee.version import VERSION


def test_what_was_found_is_printed(monkeypatch, capsys):
    imported: List[str] = []
    monkeypatch.setattr(test_install, "import_module_and_submodules", imported.append)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 3)
    monkeypatch.setattr(sys, "argv", ["allennlp", "test-install"])
    main()
    assert "allennlp.models" in imported
    first, second = capsys.readouterr().out.splitlines()
    assert f"dts_ee {VERSION} and all modules of AllenNLP {allennlp.version.VERSION}" in first
    assert f"torch {torch.__version__} and transformers " in first
    assert second.endswith("GPUs that torch finds: 3")


def test_nothing_is_printed_if_an_import_fails(monkeypatch, capsys):
    def fail(name):
        raise ImportError(name)

    monkeypatch.setattr(test_install, "import_module_and_submodules", fail)
    monkeypatch.setattr(sys, "argv", ["allennlp", "test-install"])
    with pytest.raises(SystemExit):
        main()
    assert "can be imported" not in capsys.readouterr().out
