"""A training in two processes, of which one has no entities, and fewer sentences to validate."""

import json

import pytest
from allennlp.commands.evaluate import evaluate_from_archive
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from torch.multiprocessing import ProcessRaisedException

from dts_ee.corpora.spert import document_to_json, read_documents
from dts_ee.errors import explain
from tests.documents import TINY, TINY_NEWS, document


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of the training, and its development data."""
    folder = tmp_path_factory.mktemp("distributed")
    news = read_documents(TINY_NEWS)
    assert len(news) == 8
    train, development = folder / "train.json", folder / "development.json"
    # The processes take turns.
    alternating = [text for sentence in news for text in (sentence, document("It rained ."))]
    train.write_text(json.dumps(list(map(document_to_json, alternating))))
    # With batches of one, the first process has four, the second three.
    development.write_text(json.dumps(list(map(document_to_json, news[:7]))))
    overrides = {
        "train_data_path": str(train),
        "validation_data_path": str(development),
        "data_loader.batch_size": 1,
        "trainer.type": "dts",
        "trainer.num_epochs": 5,
        "trainer.optimizer.lr": 0.03,
    }
    params = Params.from_file(TINY / "dts.jsonnet", json.dumps(overrides))
    params["distributed"] = {"cuda_devices": [-1, -1]}
    train_model(params, folder / "out")
    return folder / "out", development


def test_all_sentences_are_validated_as_by_evaluate(trained):
    folder, development = trained
    metrics = json.loads((folder / "metrics.json").read_text())
    evaluated = evaluate_from_archive(folder / "model.tar.gz", str(development))
    best = {
        name: metrics[f"best_validation_{name}"]
        for name in evaluated
        if f"best_validation_{name}" in metrics
    }
    assert len(best) > 50
    # The losses are means over the batches of one sentence.
    assert best == pytest.approx({name: evaluated[name] for name in best}, abs=1e-5)
    assert best["entity_f1"] > 0


def test_the_losses_of_training_are_the_means_over_all_processes(trained):
    folder, _ = trained
    metrics = json.loads((folder / "metrics_epoch_0.json").read_text())
    total = metrics["training_loss"]
    # The mean relation loss is that of the batches, of one sentence, that have pairs of entities.
    num_related = sum(len(sentence.entities) > 1 for sentence in read_documents(TINY_NEWS))
    share = num_related / 16
    parts = metrics["training_ner_loss"] + 5 * share * metrics["training_relation_loss"]
    assert total == pytest.approx(parts, rel=1e-4)


def test_test_data_is_refused(tmp_path):
    overrides = {"evaluate_on_test": True, "test_data_path": str(TINY_NEWS)}
    params = Params.from_file(TINY / "dts.jsonnet")
    params["distributed"] = {"cuda_devices": [-1, -1]}
    for name, value in overrides.items():
        params[name] = value
    with pytest.raises(ConfigurationError, match="evaluate_on_test: a distributed training would"):
        train_model(params, tmp_path / "out")


def test_each_machine_has_a_folder_of_its_own(tmp_path, capsys):
    machines = {"num_nodes": 2, "primary_address": "10.0.0.1", "primary_port": 29500}
    params = Params({"distributed": {"cuda_devices": [-1], **machines}})
    (tmp_path / "of_the_first_machine.json").touch()
    with pytest.raises(ConfigurationError, match="needs a folder of its own"):
        train_model(params.duplicate(), tmp_path, node_rank=1)
    params["evaluate_on_test"] = True
    with pytest.raises(ConfigurationError, match="evaluate_on_test"):
        train_model(params, tmp_path / "out", node_rank=1)
    assert capsys.readouterr().err == (
        "machine 1 of 0 to 1; the training starts when all have connected to 10.0.0.1:29500\n"
    )


def test_a_mistake_in_a_process_is_said_as_in_one(tmp_path, capfd):
    params = Params.from_file(TINY / "dts.jsonnet", json.dumps({"model.dropout": "x"}))
    params["distributed"] = {"cuda_devices": [-1, -1]}
    with pytest.raises(ProcessRaisedException) as raised:
        train_model(params, tmp_path / "out")
    explanation = explain(raised.value)
    assert explanation.message == "model.dropout: this should be a number"
    assert explanation.status == 2 and explanation.is_expected
    assert not (tmp_path / "out").exists()
