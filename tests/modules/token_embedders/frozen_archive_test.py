"""A model with a frozen encoder is trained, continued, archived and used without its folder."""

import json
import shutil
import tarfile
from typing import Any

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader
from allennlp.data.tokenizers import Token
from allennlp.models.archival import load_archive
from allennlp.training import TrainerCallback

import dts_ee  # noqa: F401
from dts_ee.modules.frozen_encoders import encoder_files, encoder_precision
from dts_ee.modules.frozen_encoders.frozen_embedder import FrozenEmbedder
from tests.tiny_elmo import build_tiny_elmo
from tests.tiny_transformer import build_tiny_transformer

WORDS = ["Ada", "lives", "in", "Oslo"]


@TrainerCallback.register("interrupt_after_first_epoch")
class InterruptAfterFirstEpoch(TrainerCallback):
    """Stops the training as a user does, as long as it is on."""

    is_on = False

    def on_epoch(self, trainer, metrics, epoch, is_primary=True, **kwargs):
        if self.is_on:
            raise KeyboardInterrupt


@pytest.fixture(params=["transformer", "fine_tuned_transformer", "elmo"])
def params(request, tmp_path, monkeypatch):
    # As in a place without network: whatever asks for it fails.
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr(encoder_files, "snapshot_download", None)
    folder = tmp_path / "encoder"
    if request.param != "elmo":
        build_tiny_transformer(folder)
        indexer = {"type": "word_pieces", "model_name": str(folder)}
        embedder: dict[str, Any] = {"type": "frozen_transformer", "model_name": str(folder)}
        if request.param == "fine_tuned_transformer":
            embedder = {**embedder, "type": request.param, "num_trained_layers": 1}
    else:
        build_tiny_elmo(folder)
        indexer = {"type": "elmo_characters"}
        embedder = {
            "type": "frozen_elmo",
            "options_file": str(folder / "options.json"),
            "weight_file": str(folder / "weights.hdf5"),
        }
    data = tmp_path / "data.txt"
    data.write_text("Ada###N lives###V in###O Oslo###N\nBo###N left###V\n")
    return Params(
        {
            "dataset_reader": {"type": "sequence_tagging", "token_indexers": {"x": indexer}},
            "train_data_path": str(data),
            "validation_data_path": str(data),
            "model": {
                "type": "simple_tagger",
                "text_field_embedder": {"token_embedders": {"x": embedder}},
                "encoder": {"type": "lstm", "input_size": 8, "hidden_size": 4},
            },
            "data_loader": {"batch_size": 2},
            "trainer": {
                "optimizer": "adam",
                "num_epochs": 2,
                "cuda_device": -1,
                "callbacks": ["interrupt_after_first_epoch"],
                "moving_average": {"type": "exponential", "decay": 0.9},
            },
        }
    )


def _scores(model, reader):
    instance = reader.text_to_instance([Token(word) for word in WORDS])
    reader.apply_token_indexers(instance)
    return torch.tensor(model.forward_on_instance(instance)["class_probabilities"])


def _num_kept(model):
    return [len(module._cache) for module in model.modules() if isinstance(module, FrozenEmbedder)]


def _reader(params, run):
    return DatasetReader.from_params(
        params.duplicate()["dataset_reader"], serialization_dir=str(run)
    )


def test_an_archive_needs_no_other_file(params, tmp_path):
    run = tmp_path / "run"
    model = train_model(params.duplicate(), str(run))
    expected = _scores(model, _reader(params, run))
    with tarfile.open(run / "model.tar.gz") as file:
        names = file.getnames()
    assert any(name.startswith("vocabulary/.encoders/") for name in names)
    assert (run / "best.th").stat().st_size < 20000

    shutil.rmtree(tmp_path / "encoder")
    shutil.move(run / "model.tar.gz", tmp_path / "model.tar.gz")
    shutil.rmtree(run)
    archive = load_archive(tmp_path / "model.tar.gz")
    torch.testing.assert_close(_scores(archive.model, archive.dataset_reader), expected)


def test_a_serialization_directory_can_be_loaded_as_it_is(params, tmp_path):
    run = tmp_path / "run"
    model = train_model(params.duplicate(), str(run))
    expected = _scores(model, _reader(params, run))
    shutil.rmtree(tmp_path / "encoder")
    archive = load_archive(run)
    torch.testing.assert_close(_scores(archive.model, archive.dataset_reader), expected)


@pytest.mark.parametrize("params", ["transformer"], indirect=True)
def test_a_trained_archive_can_be_used_with_another_precision(params, tmp_path, monkeypatch):
    monkeypatch.setattr(encoder_precision, "_has_bfloat16", lambda device: True)
    run = tmp_path / "run"
    model = train_model(params.duplicate(), str(run))
    expected = _scores(model, _reader(params, run))
    overrides = {"model.text_field_embedder.token_embedders.x.precision": "bfloat16"}
    archive = load_archive(run / "model.tar.gz", overrides=json.dumps(overrides))
    scores = _scores(archive.model, archive.dataset_reader)
    assert not torch.equal(scores, expected)
    torch.testing.assert_close(scores, expected, atol=0.01, rtol=0.0)


def test_an_archive_keeps_no_features(params, tmp_path):
    run = tmp_path / "run"
    trained = train_model(params.duplicate(), str(run))
    assert _num_kept(trained) == [2]
    archive = load_archive(run / "model.tar.gz")
    _scores(archive.model, archive.dataset_reader)
    assert _num_kept(archive.model) == [0]


def test_an_interrupted_training_is_recovered(params, tmp_path, monkeypatch):
    run = tmp_path / "run"
    monkeypatch.setattr(InterruptAfterFirstEpoch, "is_on", True)
    with pytest.raises(KeyboardInterrupt):
        train_model(params.duplicate(), str(run))
    assert (run / "metrics_epoch_0.json").exists()
    assert not (run / "metrics_epoch_1.json").exists()

    monkeypatch.setattr(InterruptAfterFirstEpoch, "is_on", False)
    shutil.rmtree(tmp_path / "encoder")
    model = train_model(params.duplicate(), str(run), recover=True)
    assert (run / "metrics_epoch_1.json").exists()
    archive = load_archive(run / "model.tar.gz")
    torch.testing.assert_close(
        _scores(archive.model, archive.dataset_reader), _scores(model, _reader(params, run))
    )


def test_without_the_folder_and_its_copy_the_error_names_both(params, tmp_path):
    shutil.rmtree(tmp_path / "encoder")
    with pytest.raises(ConfigurationError) as error:
        train_model(params.duplicate(), str(tmp_path / "run"))
    assert str(tmp_path / "encoder") in str(error.value)
    assert str(tmp_path / "run" / "vocabulary" / ".encoders") in str(error.value)
    assert "dts-ee fetch" in str(error.value)
