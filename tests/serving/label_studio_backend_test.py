import json
from dataclasses import replace
from typing import Optional

import pytest
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor
from starlette.testclient import TestClient

from dts_ee.corpora.label_studio import read_label_studio
from dts_ee.corpora.label_studio_config import LabelStudioConfig, parse_label_config
from dts_ee.corpora.label_studio_config import label_config as made_label_config
from dts_ee.document import DocumentError
from dts_ee.predictors import DtsPredictor
from dts_ee.serving import ServingSettings
from dts_ee.serving.background_training import Job
from dts_ee.serving.label_studio_backend import LabelStudioBackend, build_backend
from tests.paths import FIXTURES

TEXT = "Nobody came.\n\nIlse Brandt left Velmouth for Tarnby in 1987. She lives in Velmouth.\n"


def label_config(labels=("Loc", "Org", "Other", "Peop"), relations=()):
    label_tags = "".join(f'<Label value="{label}"/>' for label in labels)
    relation_tags = "".join(f'<Relation value="{relation}"/>' for relation in relations)
    return (
        f"<View><Relations>{relation_tags}</Relations>"
        f'<Labels name="kind" toName="story">{label_tags}</Labels>'
        '<Text name="story" value="$article"/></View>'
    )


@pytest.fixture(scope="module")
def predictor():
    archive = load_archive(FIXTURES / "archives" / "joint.tar.gz")
    predictor = Predictor.from_archive(archive)
    assert isinstance(predictor, DtsPredictor)
    return predictor


@pytest.fixture(scope="module")
def client(predictor):
    settings = ServingSettings(max_body_bytes=10_000)
    app = build_backend(LabelStudioBackend(predictor), settings, ["localhost"])
    return TestClient(app, base_url="http://localhost")


def predict(client, texts, config):
    tasks = [{"id": i, "data": {"article": text}} for i, text in enumerate(texts)]
    body = {"tasks": tasks, "label_config": config, "project": "1.2", "params": {}}
    response = client.post("/predict", json=body)
    assert response.status_code == 200
    return response.json()["results"]


def test_it_is_there(client):
    for path in ("/health", "/"):
        assert client.get(path).json()["status"] == "UP"


def test_a_setup_is_answered_with_the_version_of_the_predictions(client):
    body = {"project": "1.2", "schema": label_config(), "hostname": "", "access_token": ""}
    version = client.post("/setup", json=body).json()["model_version"]
    assert version.startswith("dts_ee ")
    [result] = predict(client, [TEXT], label_config())
    assert result["model_version"] == version


def test_each_task_has_what_the_predictor_finds_in_its_text(client, predictor):
    blank, result = predict(client, [" ", TEXT], label_config())
    assert blank["result"] == []
    expected = predictor.predict_text(TEXT)["sentences"]
    regions = [item for item in result["result"] if item["type"] == "labels"]
    entities = [entity for sentence in expected for entity in sentence["entities"]]
    assert len(entities) > 2
    for region, entity in zip(regions, entities, strict=True):
        value = region["value"]
        assert (region["from_name"], region["to_name"]) == ("kind", "story")
        assert value["labels"] == [entity["type"]]
        assert (value["start"], value["end"]) == (entity["start_char"], entity["end_char"])
        assert TEXT[value["start"] : value["end"]] == value["text"] == entity["text"]
        assert region["score"] == pytest.approx(entity["probability"], abs=1e-4)
    first = 0
    joined = []
    for sentence in expected:
        for relation in sentence["relations"]:
            ends = [regions[first + relation[end]]["id"] for end in ("head", "tail")]
            joined.append((*ends, relation["type"]))
        first += len(sentence["entities"])
    relations = [item for item in result["result"] if item["type"] == "relation"]
    assert joined == [(r["from_id"], r["to_id"], *r["labels"]) for r in relations] != []
    scores = [item["score"] for item in result["result"]]
    assert result["score"] == pytest.approx(sum(scores) / len(scores))


def test_a_prediction_is_read_as_label_studio_exports_it(client, predictor, tmp_path):
    [result] = predict(client, [TEXT], label_config())
    tasks = [{"id": 1, "data": {"article": TEXT}, "annotations": [], "predictions": [result]}]
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    corpus = read_label_studio(
        tmp_path / "export.json", predictor.reading, unannotated="predictions"
    )
    [expected] = predictor.predict_sentences([predictor.request({"text": TEXT})])
    for document, other in zip(corpus.documents, expected, strict=True):
        assert document.tokens == other.tokens
        assert [(e.type, e.span) for e in document.entities] == [
            (e.type, e.span) for e in other.entities
        ]
        assert [(r.type, r.head, r.tail) for r in document.relations] == [
            (r.type, r.head, r.tail) for r in other.relations
        ]


def test_what_the_project_has_no_label_for_is_left_out(client):
    [whole] = predict(client, [TEXT], label_config())
    [places] = predict(client, [TEXT], label_config(["Loc"]))
    kept = [
        item["value"]
        for item in whole["result"]
        if "Loc" in item.get("value", {}).get("labels", [])
    ]
    assert [item["value"] for item in places["result"] if item["type"] == "labels"] == kept != []
    found = {
        label for item in whole["result"] if item["type"] == "relation" for label in item["labels"]
    }
    [others] = predict(client, [TEXT], label_config(relations=["Unheard_Of"]))
    assert found and all(item["type"] == "labels" for item in others["result"])
    [same] = predict(client, [TEXT], label_config(relations=sorted(found)))
    assert same["result"] == whole["result"]


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        (
            "/setup",
            {"schema": label_config(["Cat"])},
            422,
            "none of its labels is one of the model",
        ),
        ("/setup", {}, 422, "field schema: there is no labelling configuration"),
        ("/setup", {"schema": "<View>"}, 422, "it is no valid XML"),
        ("/predict", [], 422, "field tasks: there is no list of tasks"),
        ("/predict", {"tasks": []}, 422, "there is no labelling configuration"),
        (
            "/predict",
            {"tasks": [{"data": {"text": "x"}}], "label_config": label_config()},
            422,
            "field tasks[0].data.article: there is no text",
        ),
        ("/predict", {"tasks": ["x" * 10_000]}, 413, "the limit is 10000 bytes"),
    ],
)
def test_mistakes_are_named(path, body, status, message, client):
    response = client.post(path, json=body)
    assert response.status_code == status
    assert message in response.json()["error"]["message"]


def test_pages_of_other_sites_are_refused(client):
    headers = {"Origin": "http://example.org"}
    assert client.post("/predict", json={}, headers=headers).status_code == 403
    answer = client.get("/health", headers={"Host": "example.org"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "unknown_host")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/webhook", {"action": "START_TRAINING", "project": {"id": 1}}),
        ("/webhook", {"action": "ANNOTATION_CREATED"}),
        ("/train", {"annotations": [], "label_config": label_config()}),
    ],
)
def test_without_a_training_nothing_is_trained(path, body, client):
    answer = client.post(path, json=body)
    assert answer.status_code == 200
    assert answer.json()["status"].startswith("ignored")
    assert answer.json()["model_version"].startswith("dts_ee ")
    assert "training" not in client.get("/health").json()


class Training:
    """Keeps what it is asked to train with; the model of version `later` is trained at once."""

    def __init__(self, later):
        self.client = self
        self.job: Optional[Job] = None
        self.later = later
        self.trained_with = []

    def annotated_tasks(self, project):
        return [{"id": project}]

    def start(self, fetch, config, when_trained):
        if self.job is not None:
            return False
        self.job = Job(1)
        self.trained_with.append((fetch(), config.text_key))
        when_trained(self.later)
        return True


@pytest.fixture
def training(news_archive):
    later = Predictor.from_archive(load_archive(news_archive))
    return Training(later)


@pytest.fixture
def training_client(predictor, training):
    app = build_backend(LabelStudioBackend(predictor, training), ServingSettings(), ["localhost"])
    return TestClient(app, base_url="http://localhost")


START = {"action": "START_TRAINING", "project": {"id": 7, "label_config": label_config(["New"])}}
TRAIN = {"annotations": [{"id": 7}], "label_config": label_config(["New"])}


@pytest.mark.parametrize(("path", "body"), [("/webhook", START), ("/train", TRAIN)])
def test_a_training_is_started_and_its_model_served(path, body, training_client, training):
    setup = {"schema": label_config(["New"])}
    version = training_client.post("/setup", json=setup).json()["model_version"]
    answer = training_client.post(path, json=body).json()
    assert answer["status"] == "the training was started"
    assert training.trained_with == [([{"id": 7}], "article")]
    later = training_client.post("/setup", json=setup).json()["model_version"]
    assert later != version
    health = training_client.get("/health").json()
    assert health["model_version"] == later
    assert health["training"] == {"number": 1, "status": "running"}
    task = {"data": {"article": TEXT}}
    body = {"tasks": [task], "label_config": label_config()}
    answer = training_client.post("/predict", json=body).json()
    assert answer["model_version"] == answer["results"][0]["model_version"] == later
    again = training_client.post("/webhook", json=START).json()
    assert again == {"status": "a training is running already", "model_version": later}
    training.job = Job(1, "failed", "no memory")
    assert training_client.get("/health").json()["training"]["error"] == "no memory"


def test_events_start_no_training(training_client, training):
    body = {**START, "action": "ANNOTATION_CREATED"}
    assert training_client.post("/webhook", json=body).json()["status"] == "ignored"
    assert training.trained_with == []


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/webhook", {"action": "START_TRAINING"}, "field project: there is no project"),
        ("/webhook", {**START, "project": {"id": 7}}, "there is no labelling configuration"),
        ("/train", {"label_config": label_config()}, "field annotations: there is no list"),
        ("/train", {"annotations": []}, "field label_config: there is no labelling configuration"),
    ],
)
def test_mistakes_in_requests_for_a_training(path, body, message, training_client, training):
    answer = training_client.post(path, json=body)
    assert answer.status_code == 422
    assert message in answer.json()["error"]["message"]
    assert training.trained_with == []


def test_a_labelling_configuration():
    config = parse_label_config(label_config(["A", "B"], ["R"]))
    assert config == LabelStudioConfig("kind", "story", "article", frozenset("AB"), frozenset("R"))
    assert parse_label_config(label_config(["A"])).relation_types is None
    made = parse_label_config(made_label_config(["A", "<B>"], ['"R"']))
    assert made.entity_types == {"A", "<B>"}
    assert made == replace(
        LabelStudioConfig(), entity_types=made.entity_types, relation_types=frozenset(['"R"'])
    )
    with pytest.raises(DocumentError, match="there is no <Labels"):
        parse_label_config('<View><Labels name="a" toName="b"/><Text name="c" value="$t"/></View>')
