"""The experiments with fine-tuned encoders, with small encoders of each architecture."""

import json
import re
import shutil

import pytest
from allennlp.commands.train import TrainModel, train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError

from dts_ee.corpora.spert import read_documents
from dts_ee.runs.evaluation import evaluate_archive
from dts_ee.runs.settings import load_settings
from tests.paths import EXPERIMENTS, FIXTURES
from tests.tiny_transformer import build_tiny_transformer

FINE_TUNED = EXPERIMENTS / "finetuned"
NEWS = FIXTURES / "tiny" / "news.json"
OF_TWO_SENTENCES = {
    "train_data_path": str(NEWS),
    "validation_data_path": str(NEWS),
    "test_data_path": str(NEWS),
    "dataset_reader.max_documents": 2,
    "trainer.num_epochs": 1,
    "data_loader.batch_sampler.min_batches": 1,
}


@pytest.mark.parametrize("name", ["conll04", "ade", "scierc"])
def test_their_data_and_encoders(name, monkeypatch):
    monkeypatch.delenv("ENCODER", raising=False)
    settings = load_settings(FINE_TUNED / f"{name}.jsonnet")
    assert name in json.dumps(settings["train_data_path"])
    (encoder,) = [
        embedder["model_name"]
        for embedder in settings["model"]["text_field_embedder"]["token_embedders"].values()
        if "model_name" in embedder
    ]
    assert encoder in ("bert-base-cased", "dmis-lab/biobert-v1.1", "allenai/scibert_scivocab_cased")
    if name == "ade":
        assert load_settings(FINE_TUNED / "ade.jsonnet", fold=3) != settings


@pytest.fixture
def params(tmp_path, monkeypatch, request):
    """The experiment with a small encoder and two sentences."""
    kind = request.param
    monkeypatch.setenv("ENCODER", str(build_tiny_transformer(tmp_path / kind, kind, num_layers=3)))
    monkeypatch.setenv("ENCODER_LAYERS", "3")
    if kind != "mpnet":
        monkeypatch.setenv("GRADIENT_CHECKPOINTING", "true")
    monkeypatch.setenv("ENTITY_MARKERS", "true")
    return Params.from_file(FINE_TUNED / "conll04.jsonnet", json.dumps(OF_TWO_SENTENCES))


@pytest.mark.parametrize(
    "params",
    ["bert", "mpnet", "roberta", "distilbert", "deberta", "modernbert"],
    indirect=True,
)
def test_the_learning_rate_falls_from_layer_to_layer(params, tmp_path):
    training = TrainModel.from_params(
        params=params, serialization_dir=str(tmp_path), local_rank=0, batch_weight_key=""
    )
    groups = training.trainer.optimizer.param_groups  # type: ignore[attr-defined]
    rates = {id(value): group["initial_lr"] for group in groups for value in group["params"]}
    # 5e-5 in the last layer, and nine tenths of it in each layer below.
    expected = {"2": 5e-5, "1": 4.5e-5, "0": 4.05e-5, "embeddings": 3.645e-5}
    seen = []
    for name, value in training.model.named_parameters():
        if not value.requires_grad:
            continue
        part = re.search(r"trained_layers\..*?(?:layers?\.(\d+)|(embeddings))\.", name)
        if part is None:
            assert rates[id(value)] == 0.001, name
        else:
            key = part[1] or part[2]
            seen.append(key)
            assert rates[id(value)] == pytest.approx(expected[key]), name
    assert set(seen) == set(expected)
    # The encoder of the tokens, and that of the pairs.
    assert all(seen.count(key) % 2 == 0 for key in seen)


@pytest.mark.parametrize("params", ["bert"], indirect=True)
def test_the_archive_has_the_encoder(params, tmp_path):
    train_model(params, tmp_path / "out")
    shutil.rmtree(tmp_path / "bert")
    documents = read_documents(NEWS)[:2]
    _, predictions = evaluate_archive(tmp_path / "out" / "model.tar.gz", documents)
    assert [prediction.gold for prediction in predictions] == documents


@pytest.mark.parametrize("variable", ["GRADIENT_CHECKPOINTING", "ENTITY_MARKERS"])
def test_a_switch_is_true_or_false(variable, monkeypatch):
    monkeypatch.setenv(variable, "1")
    with pytest.raises(ConfigurationError, match=f"{variable} is true or false"):
        load_settings(FINE_TUNED / "conll04.jsonnet")
