import json
import os
import tarfile
from dataclasses import replace

import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError

from dts_ee import Extractor
from dts_ee.corpora.spert import read_documents
from dts_ee.metrics import MetricKey, Score
from dts_ee.named_models.archive_copy import copy_archive
from dts_ee.named_models.card import Encoder, read_card
from dts_ee.tasks import ENTITIES, flat_metrics
from tests.documents import TINY, TINY_NEWS

TEXT = "Marta Lindqvist grew up in Tarnby and now writes for the Harbour Gazette."


def found(model):
    """Everything that may be found is, so that equal outputs mean equal models."""
    return Extractor.load(model, relation_threshold=0.0)(TEXT)


def test_a_copy_is_the_same_model_with_a_card(training, tmp_path):
    target = tmp_path / "copy.tar.gz"
    card = copy_archive(training, target, "news", "1.0.0", licence="CC0")
    assert found(target) == found(training)
    assert read_card(target) == card
    documents = read_documents(TINY_NEWS)
    entities = [entity for document in documents for entity in document.entities]
    assert card.entity_types == sorted({entity.type for entity in entities})
    assert card.relation_types == sorted(
        {relation.type for document in documents for relation in document.relations}
    )
    assert card.training_data == {
        "files": ["news.json"],
        "sentences": len(documents),
        "entities": len(entities),
        "relations": sum(len(document.relations) for document in documents),
    }
    assert card.encoders == [Encoder("tiny", True)]
    metrics = json.loads((training / "metrics.json").read_text())
    figures = card.figures["development"]
    assert figures["entities"].f1 == metrics["best_validation_entity_f1"]
    assert figures["relations"].precision == metrics["best_validation__relation_precision"]
    assert figures["entities"].types["Loc"] == metrics["best_validation__entity_Loc_f1"]
    # A copy of the copy has one card, with what only the former card knew.
    second = copy_archive(target, tmp_path / "second.tar.gz", "news", "2.0.0")
    with tarfile.open(tmp_path / "second.tar.gz") as tar:
        assert tar.getnames().count("model_card.json") == 1
    assert second == replace(card, version="2.0.0")
    assert read_card(tmp_path / "second.tar.gz") == second


def test_the_test_data_s_metrics_and_the_training_data_are_given(training, tmp_path):
    metrics = tmp_path / "metrics.json"
    scores = {
        ENTITIES.micro: Score(1.0, 0.5, 0.6667),
        ENTITIES.macro: Score(0.7, 0.5, 0.6),
        MetricKey("entity", type="Loc"): Score(0.3, 0.5, 0.4),
    }
    metrics.write_text(json.dumps(flat_metrics(scores)))
    card = copy_archive(
        training,
        tmp_path / "copy.tar.gz",
        "news",
        "1.0.0",
        training_data=str(tmp_path / "gone.json"),
        metrics=metrics,
    )
    assert list(card.figures["test"]) == ["entities"]
    figures = card.figures["test"]["entities"]
    assert (figures.precision, figures.recall, figures.f1) == (1.0, 0.5, 0.6667)
    assert (figures.macro_f1, figures.types, figures.title) == (0.6, {"Loc": 0.4}, "NER")
    # Its name is known, and no more.
    assert card.training_data == {"files": ["gone.json"]}
    metrics.write_text("[]")
    with pytest.raises(ConfigurationError, match="metrics.json has no JSON object"):
        copy_archive(training, tmp_path / "copy.tar.gz", "news", "1.0.0", metrics=metrics)


def test_without_its_encoder_it_predicts_the_same(training, known_encoder, tmp_path):
    target = tmp_path / "light.tar.gz"
    card = copy_archive(training, target, "news", "1.0.0", without_encoder=True)
    assert card.encoders == [Encoder("tiny", False, "CC0")]
    weights = (known_encoder / "tiny" / "model.safetensors").stat().st_size
    assert target.stat().st_size < (training / "model.tar.gz").stat().st_size - weights
    assert found(target) == found(training)
    # It stays left out in a copy, asked for or not.
    again = copy_archive(target, tmp_path / "again.tar.gz", "news", "1.0.0", without_encoder=True)
    assert again.encoders == card.encoders
    # The working folder's resources do as well.
    os.rename(known_encoder, "resources")
    assert found(target) == found(training)


def test_a_missing_or_different_encoder_is_named(training, known_encoder, tmp_path):
    target = tmp_path / "light.tar.gz"
    copy_archive(training, target, "news", "1.0.0", without_encoder=True)
    config = known_encoder / "tiny" / "config.json"
    content = config.read_text()
    config.write_text(f"{content} ")
    with pytest.raises(ConfigurationError, match="not found .*config.json has the SHA-256"):
        Extractor.load(target)
    config.unlink()
    with pytest.raises(ConfigurationError, match="tiny, config.json is missing"):
        Extractor.load(target)
    known_encoder.rename(tmp_path / "away")
    message = f"needs tiny, which .* not found: `dts-ee fetch tiny --to {known_encoder}` gets it"
    with pytest.raises(ConfigurationError, match=message):
        Extractor.load(target)


def test_an_encoder_that_nobody_can_fetch_is_not_left_out(training, tmp_path):
    target = tmp_path / "light.tar.gz"
    with pytest.raises(ConfigurationError, match="the encoder tiny cannot be left out"):
        copy_archive(training, target, "news", "1.0.0", without_encoder=True)
    assert not list(tmp_path.glob("light*"))


def test_what_cannot_have_a_name(training, tmp_path):
    target = tmp_path / "copy.tar.gz"
    (tmp_path / "broken.tar.gz").write_bytes((training / "model.tar.gz").read_bytes()[:5000])
    with pytest.raises(ConfigurationError, match="broken.tar.gz is not an archive of a model"):
        copy_archive(tmp_path / "broken.tar.gz", target, "news", "1.0.0")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match="empty has no model.tar.gz"):
        copy_archive(tmp_path / "empty", target, "news", "1.0.0")
    tagger = {
        "dataset_reader": {"type": "sequence_tagging"},
        "train_data_path": str(tmp_path / "data.txt"),
        "model": {
            "type": "simple_tagger",
            "text_field_embedder": {
                "token_embedders": {"tokens": {"type": "embedding", "embedding_dim": 2}}
            },
            "encoder": {"type": "lstm", "input_size": 2, "hidden_size": 2},
        },
        "data_loader": {"batch_size": 1},
        "trainer": {"optimizer": "adam", "num_epochs": 1, "cuda_device": -1},
    }
    (tmp_path / "data.txt").write_text("Ada###N lives###V\n")
    train_model(Params(tagger), tmp_path / "tagger")
    with pytest.raises(ConfigurationError, match="the model is SimpleTagger"):
        copy_archive(tmp_path / "tagger", target, "news", "1.0.0")
    assert not target.exists()


def test_a_model_without_encoders_has_none_to_leave_out(tmp_path):
    data = {"train_data_path": str(TINY_NEWS), "validation_data_path": str(TINY_NEWS)}
    train_model(Params.from_file(TINY / "dts.jsonnet", json.dumps(data)), tmp_path / "out")
    with pytest.raises(ConfigurationError, match="has no encoder that could be left out"):
        copy_archive(tmp_path / "out", tmp_path / "c.tar.gz", "news", "1.0.0", without_encoder=True)
