import json

import pytest
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

from dts_ee.named_models import ModelCard
from dts_ee.predictors import DtsPredictor
from dts_ee.serving import model_facts as module
from dts_ee.serving.model_facts import model_facts
from tests.paths import FIXTURES

ARCHIVE = FIXTURES / "archives" / "joint.tar.gz"


@pytest.fixture(scope="module")
def loaded():
    archive = load_archive(ARCHIVE)
    predictor = Predictor.from_archive(archive)
    assert isinstance(predictor, DtsPredictor)
    return archive, predictor


def test_facts_of_an_archive_without_a_card(loaded):
    facts = model_facts(str(ARCHIVE), *loaded)
    assert (facts.name, facts.version, facts.description) == ("joint", None, "")
    assert facts.features == ["casing", "words"]
    assert facts.training_data == ["news.json"]
    assert facts.entity_types == ["Loc", "Org", "Other", "Peop"]
    assert facts.relation_threshold == dict.fromkeys(facts.relation_types, 0.5)
    assert facts.entity_threshold == dict.fromkeys(facts.entity_types, 0.0)
    assert not facts.entities_given and facts.further_types == {}
    assert json.loads(json.dumps(facts.to_json())) == facts.to_json()


def test_facts_of_a_card_are_preferred(loaded, monkeypatch):
    card = ModelCard("news", "2.1", description="News.", training_data={"files": ["a.json"]})
    monkeypatch.setattr(module, "read_card", lambda archive: card)
    facts = model_facts(str(ARCHIVE), *loaded)
    assert (facts.name, facts.version, facts.description) == ("news", "2.1", "News.")
    assert facts.training_data == ["a.json"]


@pytest.mark.parametrize(
    "path, name",
    [
        ("out/conll04/model.tar.gz", "conll04"),
        ("out/conll04/", "conll04"),
        ("/model.tar.gz", "model"),
        ("models/small.tar.gz", "small"),
        ("news-small", "news-small"),
    ],
)
def test_a_model_without_a_card_has_the_name_of_its_file_or_folder(loaded, monkeypatch, path, name):
    monkeypatch.setattr(module, "find_model", lambda model: model)
    assert model_facts(path, *loaded).name == name


def test_tasks_that_a_model_has_or_lacks(loaded, monkeypatch):
    archive, predictor = loaded
    types = {"relation": ["Kill"], "topic": ["sport"]}
    monkeypatch.setattr(DtsPredictor, "types", property(lambda predictor: types))
    monkeypatch.setattr(
        DtsPredictor, "least_probabilities", property(lambda predictor: {"relation": {"Kill": 0.5}})
    )
    facts = model_facts(str(ARCHIVE), archive, predictor)
    assert facts.entities_given and facts.further_types == {"topic": ["sport"]}
    assert facts.entity_threshold == {} and facts.relation_threshold == {"Kill": 0.5}


def test_encoders_have_the_last_part_of_their_name(loaded):
    embedders = {
        "minilm": {"type": "frozen_transformer", "model_name": "resources/minilm"},
        "bert": {"type": "fine_tuned_transformer", "model_name": "google/bert-base"},
        "characters": {"type": "character_encoding"},
    }
    settings = {"model": {"text_field_embedder": {"token_embedders": embedders}}}
    assert module._features(settings) == ["minilm", "bert-base", "characters"]
