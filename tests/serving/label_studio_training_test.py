import json
import time

import pytest
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

from dts_ee.corpora.label_studio_config import LabelStudioConfig
from dts_ee.corpora.spert import read_documents
from dts_ee.document import DocumentError
from dts_ee.predictors import DtsPredictor
from dts_ee.runs.settings import load_settings
from dts_ee.serving.background_training import BackgroundTraining, Job
from dts_ee.serving.label_studio_backend import LabelStudioBackend
from dts_ee.serving.label_studio_client import LabelStudioClient
from dts_ee.serving.label_studio_training import LabelStudioTraining, read_tasks
from tests.documents import TINY_NEWS
from tests.forked_command import train_in_forks

TEXT = "Ann Lee drives a Volvo. It rained."
LABEL_CONFIG = (
    '<View><Labels name="label" toName="text"><Label value="Peop"/><Label value="Car"/></Labels>'
    '<Text name="text" value="$text"/></View>'
)


def region(id, start, end, label):
    value = {"start": start, "end": end, "text": TEXT[start:end], "labels": [label]}
    return {"id": id, "type": "labels", "from_name": "label", "to_name": "text", "value": value}


RELATION = {"type": "relation", "from_id": "a", "to_id": "b", "labels": ["Drives"]}
RESULT = [region("a", 0, 7, "Peop"), region("b", 17, 22, "Car"), RELATION]
ANNOTATED = {"id": 3, "data": {"text": TEXT}, "annotations": [{"result": RESULT}]}
OTHERS = [
    {"id": 4, "data": {"text": "Nobody came."}, "annotations": []},
    {"id": 5, "data": {"text": "Nobody left."}, "annotations": [{"result": "broken"}]},
]


def load(model):
    predictor = Predictor.from_archive(load_archive(model))
    assert isinstance(predictor, DtsPredictor)
    return predictor


@pytest.fixture(scope="module")
def predictor(news_archive):
    return load(news_archive)


def test_sentences_of_annotated_tasks(predictor, caplog):
    caplog.set_level("INFO")
    first, second = read_tasks([*OTHERS, ANNOTATED], LabelStudioConfig(), predictor.reading)
    assert first.tokens == ("Ann", "Lee", "drives", "a", "Volvo", ".")
    assert [(e.type, e.span) for e in first.entities] == [("Peop", (0, 2)), ("Car", (4, 5))]
    assert [(r.type, r.head, r.tail) for r in first.relations] == [("Drives", 0, 1)]
    assert second.tokens == ("It", "rained", ".")
    assert caplog.messages[-1] == (
        "2 sentences were annotated; task without annotation (1); record that cannot be read (1)"
    )


@pytest.mark.parametrize("tasks", [[], OTHERS[:1]])
def test_without_annotation_nothing_is_trained(tasks, predictor):
    with pytest.raises(DocumentError, match=f"none of the {len(tasks)} tasks was annotated"):
        read_tasks(tasks, LabelStudioConfig(), predictor.reading)


def test_a_new_type_is_learned(predictor, news_archive, tmp_path, monkeypatch):
    train_in_forks(monkeypatch)
    trainer = {"type": "dts", "num_epochs": 15, "optimizer": {"type": "adam", "lr": 0.02}}
    loader = {"batch_sampler": {"type": "bucket", "batch_size": 4, "sorting_keys": ["tokens"]}}
    experiment = {
        "dataset_reader": {"type": "spert"},
        "train_data_path": "of the experiment",
        "model": {"type": "dts"},
        "data_loader": loader,
        "trainer": trainer,
    }
    (tmp_path / "go_on.json").write_text(json.dumps(experiment))
    settings = load_settings(
        tmp_path / "go_on.json", json.dumps({"from_archive": str(news_archive)})
    )
    background = BackgroundTraining(tmp_path / "loop", settings)
    training = LabelStudioTraining(
        background,
        LabelStudioClient("http://127.0.0.1:1", "unused"),
        load,
        predictor.reading,
        read_documents(TINY_NEWS),
    )
    backend = LabelStudioBackend(predictor, training)
    version = backend.model_version
    body = {"annotations": [ANNOTATED, *OTHERS], "label_config": LABEL_CONFIG}
    try:
        assert backend.train(body) == {
            "status": "the training was started",
            "model_version": version,
        }
        while training.job == Job(1, "running"):
            time.sleep(0.05)
    finally:
        background.close()
    assert training.job == Job(1, "finished")
    assert backend.model_version != version
    tasks = [{"data": {"text": TEXT}}]
    [result] = backend.predict({"tasks": tasks, "label_config": LABEL_CONFIG})["results"]
    assert [item["value"] for item in result["result"][:2]] == [
        item["value"] for item in RESULT[:2]
    ]
    assert len(read_documents(tmp_path / "loop" / "training_1.jsonl")) == 2 + len(
        read_documents(TINY_NEWS)
    )
