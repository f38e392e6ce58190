"""
Models that version 0.1.0 trained predict what they predicted then: fixtures/archives has both.
"""

import json
from typing import cast

import pytest
import torch
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

import dts_ee  # noqa: F401
from dts_ee.corpora import read_documents
from dts_ee.dataset_readers.spert_reader import SpertReader
from dts_ee.models.old_archives import rename_old_parameters
from dts_ee.predictors.prediction import predict_documents
from tests.models.tiny_model import model_and_batch
from tests.paths import FIXTURES


@pytest.mark.parametrize(
    ("name", "data"), [("joint", "news.json"), ("per_type", "case_reports.jsonl")]
)
def test_an_old_archive_predicts_as_before(name, data):
    archives = FIXTURES / "archives"
    predictor = Predictor.from_archive(load_archive(archives / f"{name}.tar.gz"))
    documents = read_documents(FIXTURES / "tiny" / data)
    predictions = predictor.predict_batch_json(
        [{"tokens": list(document.tokens), "orig_id": document.id} for document in documents]
    )
    before = [json.loads(line) for line in (archives / f"{name}.jsonl").read_text().splitlines()]
    assert len(predictions) == len(before) > 0
    for predicted, expected in zip(predictions, before, strict=True):
        for key in ("entities", "relations"):
            assert len(predicted[key]) == len(expected[key])
            for one, other in zip(predicted[key], expected[key], strict=True):
                assert one == {
                    **other,
                    "probability": pytest.approx(other["probability"], abs=1e-5),
                }


@pytest.mark.parametrize(
    ("name", "data"), [("joint", "news.json"), ("per_type", "case_reports.jsonl")]
)
def test_an_old_archive_is_evaluated(name, data):
    archive = load_archive(FIXTURES / "archives" / f"{name}.tar.gz")
    model = archive.model.eval()
    gold = read_documents(FIXTURES / "tiny" / data)
    # Version 0.1.0 found everything in the sentences that it was trained on.
    reader = cast(SpertReader, archive.validation_dataset_reader)
    predict_documents(model, reader, gold, gold=True)
    metrics = model.get_metrics()
    assert (metrics["entity_f1"], metrics["relation_f1"]) == (1.0, 1.0)
    assert metrics["ner_loss"] > 0.0


@pytest.mark.parametrize("prefix", ["", "submodels.0."])
def test_parameters_have_new_names(prefix):
    names = {
        "_text_field_embedder.weight": "_text_field_embedder.weight",
        "_networks.2.shared_encoder.weight": "_shared.2.encoder.weight",
        "_networks.2.ner_encoder.weight": "_heads.entity.networks.2.stack.encoder.weight",
        "_networks.0.entity_taggers.1.crf.transitions": (
            "_heads.entity.networks.0.taggers.1.crf.transitions"
        ),
        "_networks.0.relation_encoder.weight": "_heads.relation.networks.0.stack.encoder.weight",
        "_networks.0.label_embedding.weight": "_heads.relation.networks.0.label_embedding.weight",
        "_networks.0.span_extractor.weight": "_heads.relation.networks.0.span_extractor.weight",
        "_networks.11.relation_scorer.projection.bias": (
            "_heads.relation.networks.11.relation_scorer.projection.bias"
        ),
    }
    state = {prefix + name: name for name in names}
    rename_old_parameters(state, prefix)
    assert state == {prefix + new: old for old, new in names.items()}
    again = dict(state)
    rename_old_parameters(again, prefix)
    assert again == state


def test_a_model_within_another_module_is_loaded():
    model, _ = model_and_batch()
    within = torch.nn.ModuleDict({"model": model})
    old_names = {
        name: name.replace("model._shared.0.encoder.", "model._networks.0.shared_encoder.")
        for name in within.state_dict()
    }
    assert sum(name != old for name, old in old_names.items()) > 0
    state = {old_names[name]: torch.ones_like(value) for name, value in within.state_dict().items()}
    within.load_state_dict(state)
    assert all((parameter == 1.0).all() for parameter in model.parameters())
