"""
Corpora that lack something: relations, entities, all types but one, a type in the development data.
Every command takes them.
"""

import asyncio
import json
from typing import Any

import pytest
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

from tests.commands.command_line import run_allennlp
from tests.documents import TINY, TINY_NEWS
from tests.serving.serving import serving

SENTENCE = {"sentence": "Marta Lindqvist lives in Tarnby."}


def without_key_relations(record: dict[str, Any]) -> None:
    del record["relations"]


def without_annotation(record: dict[str, Any]) -> None:
    record["entities"] = record["relations"] = []


def with_one_type(record: dict[str, Any]) -> None:
    record["entities"] = [entity for entity in record["entities"] if entity["type"] == "Peop"]
    record["relations"] = []


def unchanged(record: dict[str, Any]) -> None:
    pass


@pytest.mark.parametrize(
    ("change", "settings"),
    [
        (without_key_relations, {}),
        (without_key_relations, {"dataset_reader.tag_sequences": "per_type"}),
        (without_annotation, {}),
        (without_annotation, {"dataset_reader.tag_sequences": "per_type"}),
        (with_one_type, {"dataset_reader.tag_encoding": "BIOUL"}),
        (unchanged, {"model.tasks": "entities"}),
    ],
    ids=lambda value: getattr(value, "__name__", None) or ",".join(value.values()) or "one",
)
def test_every_command_takes_it(tmp_path, change, settings):
    records = json.loads(TINY_NEWS.read_text(encoding="utf-8"))
    for record in records:
        change(record)
    data, development = tmp_path / "data.json", tmp_path / "dev.json"
    data.write_text(json.dumps(records), encoding="utf-8")
    # A part without some of the types.
    development.write_text(json.dumps(records[:1]), encoding="utf-8")
    overrides = {
        "train_data_path": str(data),
        "validation_data_path": str(development),
        "trainer.num_epochs": 1,
        **settings,
    }
    run = tmp_path / "run"
    archive = run / "model.tar.gz"
    for words in (
        ("describe", data, development),
        ("convert", "--from", "spert", data, "--to", "brat", tmp_path / "brat"),
        ("convert", "--from", "brat", tmp_path / "brat", "--to", "spert", tmp_path / "again.json"),
        ("train", TINY / "dts.jsonnet", "-s", run, "-o", json.dumps(overrides)),
        ("evaluate", archive, data, "--output-file", tmp_path / "metrics.json"),
        # Relations and types that the model does not know.
        ("evaluate", archive, TINY_NEWS),
        (
            "predict",
            archive,
            data,
            "--use-dataset-reader",
            "--output-file",
            tmp_path / "predictions.jsonl",
        ),
        ("report", archive, data, "-o", tmp_path / "report.html"),
        ("calibrate", archive, data, "-o", tmp_path / "calibration"),
    ):
        assert run_allennlp(*words) == 0, words

    metrics = json.loads((tmp_path / "metrics.json").read_text())
    assert metrics.get("relation_f1", 0.0) == 0.0
    if change is without_annotation:
        assert metrics.get("entity_f1", 0.0) == 0.0
    predictions = (tmp_path / "predictions.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(predictions) == len(records)
    predictor = Predictor.from_archive(load_archive(archive))
    answer = asyncio.run(served(predictor))
    assert answer["relations"] == []
    types = {entity["type"] for record in records for entity in record["entities"]}
    assert {entity["type"] for entity in answer["entities"]} <= types


async def served(predictor: Any) -> Any:
    async with serving(lambda: predictor) as service:
        await service.until_state("ready")
        response = await service.predict(SENTENCE)
        assert response.status_code == 200
        return response.json()
