"""The files in which encoders come: the same weights give the same vectors from all of them."""

import json
import os
import shutil

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.common.from_params import takes_arg
from safetensors.torch import load_file, save_file

from dts_ee.modules.frozen_encoders.transformer_network import load_network
from dts_ee.modules.token_embedders import FrozenTransformerEmbedder
from tests.modules.token_embedders.fine_tuned_transformer_test import SENTENCES, _tensors
from tests.tiny_transformer import build_tiny_transformer


@pytest.fixture
def bert(tmp_path):
    return build_tiny_transformer(tmp_path / "bert")


def _take_weights(folder):
    """The weights of a folder, which has none from then on."""
    weights = load_file(str(folder / "model.safetensors"))
    (folder / "model.safetensors").unlink()
    return weights


def _save(weights, path, **options):
    if path.suffix == ".safetensors":
        save_file(weights, str(path), metadata={"format": "pt"})
    elif takes_arg(torch.load, "weights_only"):
        torch.save(weights, path, **options)
    else:
        pytest.skip("torch cannot load weights alone")


def _divide(folder, suffix):
    """Stores the weights in two files with an index, as large ones are."""
    weights = _take_weights(folder)
    stem = "model" if suffix == ".safetensors" else "pytorch_model"
    places = {}
    for number, names in enumerate((sorted(weights)[::2], sorted(weights)[1::2]), start=1):
        file = f"{stem}-0000{number}-of-00002{suffix}"
        _save({name: weights[name] for name in names}, folder / file)
        places.update(dict.fromkeys(names, file))
    index = {"metadata": {"total_size": 1}, "weight_map": places}
    (folder / f"{stem}{suffix}.index.json").write_text(json.dumps(index))


def _store_bin(folder):
    _save(_take_weights(folder), folder / "pytorch_model.bin")


def _store_old_bin(folder):
    weights = _take_weights(folder)
    _save(weights, folder / "pytorch_model.bin", _use_new_zipfile_serialization=False)


def _store_as_pretrained(suffix):
    """As a checkpoint of BERT's pretraining, from before its names and buffers were changed."""

    def store(folder):
        weights = {
            "bert." + name.replace("Norm.weight", "Norm.gamma").replace("Norm.bias", "Norm.beta"): w
            for name, w in _take_weights(folder).items()
        }
        words = weights["bert.embeddings.word_embeddings.weight"]
        weights["bert.embeddings.position_ids"] = torch.arange(24).unsqueeze(0)
        weights["bert.pooler.dense.weight"] = torch.ones(8, 8)
        weights["bert.pooler.dense.bias"] = torch.ones(8)
        weights["cls.seq_relationship.weight"] = torch.ones(2, 8)
        weights["cls.predictions.bias"] = torch.ones(len(words))
        # The same numbers as the embeddings: one tensor in a .bin, a copy in safetensors.
        weights["cls.predictions.decoder.weight"] = words if suffix == ".bin" else words.clone()
        name = "pytorch_model.bin" if suffix == ".bin" else "model.safetensors"
        _save(weights, folder / name)

    return store


FORMATS = {
    "bin": _store_bin,
    "old bin": _store_old_bin,
    "pretrained bin": _store_as_pretrained(".bin"),
    "pretrained safetensors": _store_as_pretrained(".safetensors"),
    "divided bin": lambda folder: _divide(folder, ".bin"),
    "divided safetensors": lambda folder: _divide(folder, ".safetensors"),
}


@pytest.mark.parametrize("store", FORMATS.values(), ids=FORMATS.keys())
def test_every_format_gives_the_same_vectors_also_from_the_files_that_are_kept(
    bert, store, tmp_path
):
    expected = FrozenTransformerEmbedder(str(bert))(**_tensors(bert, SENTENCES))
    store(bert)
    # What an archive does not need.
    (bert / "tf_model.h5").write_bytes(b"weights for another library")
    tensors = _tensors(bert, SENTENCES)
    run = tmp_path / "run"
    embedder = FrozenTransformerEmbedder(str(bert), serialization_dir=str(run))
    assert torch.equal(embedder(**tensors), expected)
    shutil.rmtree(bert)
    kept = FrozenTransformerEmbedder(str(bert), serialization_dir=str(run))
    assert torch.equal(kept(**tensors), expected)
    assert not [file for file in run.rglob("tf_model.h5") if file.is_file()]


def test_half_precision_is_read_into_single(bert):
    weights = {name: w.half() for name, w in _take_weights(bert).items()}
    _save(weights, bert / "pytorch_model.bin")
    network = load_network(bert)
    assert {parameter.dtype for parameter in network.parameters()} == {torch.float32}
    loaded = network.state_dict()
    assert all(torch.equal(loaded[name], w.float()) for name, w in weights.items())


def test_safetensors_come_first(bert):
    (bert / "pytorch_model.bin").write_bytes(b"not looked at")
    load_network(bert)


def test_a_missing_part_is_named(bert):
    _divide(bert, ".safetensors")
    (bert / "model-00002-of-00002.safetensors").unlink()
    with pytest.raises(ConfigurationError, match="no model-00002-of-00002.safetensors"):
        load_network(bert)


class _Code:
    def __reduce__(self):
        return os.mkdir, ("made-by-code",)


def test_a_file_with_code_is_refused_and_not_run(bert, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _save({**_take_weights(bert), "more": _Code()}, bert / "pytorch_model.bin")
    with pytest.raises(ConfigurationError, match="holds more than weights") as error:
        load_network(bert)
    assert len(str(error.value).splitlines()) == 1
    assert not (tmp_path / "made-by-code").exists()


@pytest.mark.parametrize("content", [b"", b"no weights", b"version https://git-lfs"])
def test_a_damaged_file_is_refused(bert, content):
    _save(_take_weights(bert), bert / "pytorch_model.bin")
    (bert / "pytorch_model.bin").write_bytes(content)
    with pytest.raises(ConfigurationError, match="damaged"):
        load_network(bert)


def test_a_download_that_was_cut_off_is_refused(bert):
    content = (bert / "model.safetensors").read_bytes()
    (bert / "model.safetensors").write_bytes(content[: len(content) // 2])
    with pytest.raises(ConfigurationError, match="damaged"):
        load_network(bert)


def test_a_folder_without_weights_is_refused(bert):
    _take_weights(bert)
    with pytest.raises(ConfigurationError, match="no weights"):
        load_network(bert)


def test_weights_of_another_network_are_refused(bert):
    weights = _take_weights(bert)
    del weights["embeddings.word_embeddings.weight"]
    _save(weights, bert / "pytorch_model.bin")
    with pytest.raises(ConfigurationError, match="Missing: .*word_embeddings"):
        load_network(bert)
