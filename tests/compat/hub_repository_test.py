from importlib import import_module

import pytest


def test_allennlps_upload_is_imported_and_says_what_it_needs():
    push_to_hf = import_module("allennlp.common.push_to_hf")
    with pytest.raises(ImportError, match="huggingface_hub<1"):
        push_to_hf.HfFolder.get_token()
    with pytest.raises(ImportError, match=r"huggingface_hub\.Repository"):
        push_to_hf.Repository("folder")
