"""A model that is trained further on data with other words, types and tags."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from allennlp.commands.train import train_model
from allennlp.common import Params, file_utils
from allennlp.common.checks import ConfigurationError
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor

from dts_ee.corpora.spert import read_documents, write_documents
from dts_ee.document import Document
from dts_ee.models import DeeperTaskSpecificity
from dts_ee.predictors import DtsPredictor
from dts_ee.training import trainer
from dts_ee.training.from_archive import with_archive_and_overrides
from tests.documents import TINY, TINY_CASE_REPORTS, TINY_NEWS, document

CONFIG = TINY / "dts.jsonnet"

# In the order of the alphabet, the new types are before, between and after the others: of the news
# those are Loc, Org, Other and Peop, and Kill, Live_In, Located_In, OrgBased_In and Work_For.
NEW = [
    document("[Anna|Peop] sails the [Halcyon|Motor Ship] .", [("Crew_Of", 0, 1)]),
    document("The [Halcyon|Motor Ship] left [Tarnby|Loc] at [noon|Event Time] .", [("Left", 0, 1)]),
    document("[Bo Berg|Peop] shot [Kai|Peop] aboard the [Halcyon|Motor Ship] .", [("Zap", 0, 1)]),
]
NEW_ENTITY_TYPES, NEW_RELATION_TYPES = ["Event Time", "Motor Ship"], ["Crew_Of", "Left", "Zap"]

SETTINGS: dict[str, dict[str, Any]] = {
    "one": {"dataset_reader.tag_encoding": "BIOUL"},
    "per_type": {
        "dataset_reader.tag_sequences": "per_type",
        "model.num_networks": 2,
        "model.relation_score": "joint",
    },
}


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    """Archives are unpacked into AllenNLP's cache."""
    monkeypatch.setattr(file_utils, "CACHE_DIRECTORY", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """Archives of models that have learned the news by heart."""
    found = {"0.1.0": TINY.parent / "archives" / "joint.tar.gz"}
    for name, settings in SETTINGS.items():
        overrides = {
            "train_data_path": str(TINY_NEWS),
            "validation_data_path": None,
            "model.dropout": 0.0,
            "model.relation_dropout": 0.0,
            "trainer.num_epochs": 15,
            "trainer.optimizer.lr": 0.03,
            **settings,
        }
        folder = tmp_path_factory.mktemp(name) / "out"
        train_model(Params.from_file(CONFIG, json.dumps(overrides)), folder)
        found[name] = folder / "model.tar.gz"
    return found


@pytest.fixture(params=list(SETTINGS))
def archive(request, archives):
    return archives[request.param]


def go_on(archive, folder, data=NEW, **overrides):
    """The folder of a training without a step, unless it is overridden."""
    if not isinstance(data, Path):
        write_documents(path := folder.with_suffix(".json"), data)
        data = path
    settings = {
        "from_archive": str(archive),
        "train_data_path": str(data),
        "validation_data_path": None,
        "trainer": {"type": "dts", "num_epochs": 1, "optimizer": {"type": "sgd", "lr": 0.0}},
        **overrides,
    }
    train_model(Params.from_file(CONFIG, json.dumps(settings)), folder)
    return folder


def models(*archives):
    found = [load_archive(archive).model.eval() for archive in archives]
    assert all(isinstance(model, DeeperTaskSpecificity) for model in found)
    return found


def test_known_outputs_keep_their_weights_by_name(archive, tmp_path):
    former, model = models(archive, go_on(archive, tmp_path / "out"))
    assert model.entity_types == sorted([*former.entity_types, *NEW_ENTITY_TYPES])
    assert model.relation_types == sorted([*former.relation_types, *NEW_RELATION_TYPES])

    def ids(vocab, namespace):
        names = former.vocab.get_token_to_index_vocabulary(namespace)
        return [vocab.get_token_index(name, namespace) for name in names]

    words = "text_field_embedder.token_embedder_words.weight"
    assert torch.equal(
        model.get_parameter(words)[ids(model.vocab, "words")],
        former.get_parameter(words)[ids(former.vocab, "words")],
    )
    assert len(model.get_parameter(words)) > len(former.get_parameter(words))
    for network, other in zip(model._shared, former._shared, strict=True):
        assert_equal_weights(network, other)
    for network, other in zip(
        model.heads["relation"].networks, former.heads["relation"].networks, strict=True
    ):
        assert torch.equal(
            network.label_embedding.weight[ids(model.vocab, "labels")],
            other.label_embedding.weight[ids(former.vocab, "labels")],
        )
        rows, other_rows = (ids(one.vocab, "relation_labels") for one in (model, former))
        one, two = network.relation_scorer, other.relation_scorer
        assert torch.equal(one.projection.bias[rows], two.projection.bias[other_rows])
        assert torch.equal(
            one.pair_features[1].diagonals.weight[rows],
            two.pair_features[1].diagonals.weight[other_rows],
        )
    for network, other in zip(
        model.heads["entity"].networks, former.heads["entity"].networks, strict=True
    ):
        assert_equal_weights(network.stack, other.stack)
        for tags, tagger in tags_of_sequences(former, other):
            (new_tags, grown), *others = [
                (names, tagger)
                for names, tagger in tags_of_sequences(model, network)
                if set(tags) <= set(names)
            ]
            assert not others
            rows = [new_tags.index(tag) for tag in tags]
            assert torch.equal(grown.projection.weight[rows], tagger.projection.weight)
            assert torch.equal(grown.projection.bias[rows], tagger.projection.bias)
            assert torch.equal(grown.crf.transitions[rows][:, rows], tagger.crf.transitions)
            assert torch.equal(grown.crf.start_transitions[rows], tagger.crf.start_transitions)
            assert_equal_weights(grown.feedforward, tagger.feedforward)


def tags_of_sequences(model, network):
    """The names of the tags of each sequence, with its tagger."""
    names = model.vocab.get_index_to_token_vocabulary("labels")
    layers = model.tag_sequences._layers
    return [
        ([names[tag] for tag in layer], tagger)
        for layer, tagger in zip(layers, network.taggers, strict=True)
    ]


def assert_equal_weights(one, other):
    state, other_state = one.state_dict(), other.state_dict()
    assert len(state) == len(other_state) > 0
    for name, value in state.items():
        assert torch.equal(value, other_state[name])


def predictions(archive, relations=False):
    """Entities with their probabilities, or all relations between the gold entities."""
    predictor = Predictor.from_archive(
        load_archive(archive), extra_args={"relation_threshold": 0.0 if relations else None}
    )
    assert isinstance(predictor, DtsPredictor)
    sentences = predictor.predict_documents(read_documents(TINY_NEWS), entities_given=relations)
    if relations:
        return {
            (i, item.type, item.head, item.tail): item.probability
            for i, sentence in enumerate(sentences)
            for item in sentence.relations
        }
    return {
        (i, item.type, *item.span): item.probability
        for i, sentence in enumerate(sentences)
        for item in sentence.entities
    }


def test_the_former_predictions_stay(archive, tmp_path):
    folder = go_on(archive, tmp_path / "out")
    before, after = (predictions(one, relations=True) for one in (archive, folder))
    known = {key: value for key, value in after.items() if key[1] not in NEW_RELATION_TYPES}
    assert known == {key: pytest.approx(value, abs=1e-5) for key, value in before.items()}
    assert len(known) < len(after)
    before, after = predictions(archive), predictions(folder)
    known = {key: value for key, value in after.items() if key[1] not in NEW_ENTITY_TYPES}
    # With one sequence of tags, the new tags take a part of the probability.
    assert known == {key: pytest.approx(value, abs=0.05) for key, value in before.items()}
    assert len(known) > 10


def test_the_new_archive_needs_no_other(archive, tmp_path):
    copy = Path(shutil.copy(archive, tmp_path / "former.tar.gz"))
    folder = go_on(
        copy,
        tmp_path / "out",
        trainer={"num_epochs": 15, "optimizer": {"type": "adam", "lr": 0.06}},
    )
    copy.unlink()
    shutil.rmtree(file_utils.CACHE_DIRECTORY)
    moved = shutil.move(folder / "model.tar.gz", tmp_path / "model.tar.gz")
    predictor = Predictor.from_archive(load_archive(moved))
    assert isinstance(predictor, DtsPredictor)
    for found, gold in zip(predictor.predict_documents(NEW), NEW, strict=True):
        assert {entity.type for entity in found.entities} == {
            entity.type for entity in gold.entities
        }
    # It can be trained further, too.
    further = document("[Ida|Peop] owns [Bello|Dog] .", [("Owns", 0, 1)])
    (model,) = models(go_on(moved, tmp_path / "again", [further]))
    assert {"Dog", "Loc", "Motor Ship"} <= set(model.entity_types)
    assert {"Owns", "Kill", "Zap"} <= set(model.relation_types)


@pytest.mark.parametrize(("name", "data"), [("joint", TINY_CASE_REPORTS), ("per_type", TINY_NEWS)])
def test_archives_of_version_0_1_0(name, data, tmp_path):
    former = TINY.parent / "archives" / f"{name}.tar.gz"
    before, model = models(former, go_on(former, tmp_path / "out", data))
    documents = read_documents(data)
    new = {entity.type for sentence in documents for entity in sentence.entities}
    assert set(model.entity_types) == {*before.entity_types, *new}
    assert not new & set(before.entity_types)


def test_the_settings_of_the_model_are_the_archives(archive, tmp_path):
    (tmp_path / "own.jsonnet").write_text(
        f"(import '{CONFIG}') + {{ model+: {{ num_networks: 5, ner_encoder: null }}, "
        "dataset_reader+: { type: 'spert', tokenizer: 'whitespace', max_documents: 3 } }"
    )
    overrides = json.dumps({"from_archive": str(archive), "model.dropout": 0.25})
    settings = Params.from_file(tmp_path / "own.jsonnet", overrides).as_dict(quiet=True)
    of_archive = load_archive(archive).config.as_dict(quiet=True)
    assert settings["model"] == {
        **of_archive["model"],
        "dropout": 0.25,
        "pretrained_file": str(archive),
    }
    # What belongs to the data stays.
    assert settings["dataset_reader"] == {
        **of_archive["dataset_reader"],
        "on_overlap": "longest",
        "max_documents": 3,
    }
    assert settings["vocabulary"] == {"type": "extend", "directory": str(archive)}
    assert settings["train_data_path"] == "fixtures/tiny/news.json"
    assert "from_archive" not in settings


def test_learning_rates_of_single_layers_go_with_the_model(tmp_path):
    groups = [[["words"], {"lr": 1e-5}]]
    optimizer = {"type": "adam", "parameter_groups": groups}
    base = Params.from_file(CONFIG).as_dict(quiet=True)
    former = {
        **base,
        "train_data_path": str(TINY_NEWS),
        "validation_data_path": str(TINY_NEWS),
        "trainer": {"num_epochs": 1, "optimizer": optimizer},
    }
    train_model(Params(former), tmp_path / "former")
    # The folder of a training does as well.
    settings = with_archive_and_overrides(base, {"from_archive": str(tmp_path / "former")})
    assert settings["trainer"] == {
        **base["trainer"],
        "optimizer": {**base["trainer"]["optimizer"], "parameter_groups": groups},
    }
    assert settings["vocabulary"]["directory"] == str(tmp_path / "former" / "vocabulary")
    (model,) = models(go_on(tmp_path / "former", tmp_path / "out"))
    assert "Motor Ship" in model.entity_types


def test_warnings_go_by_what_the_model_knew(archives, tmp_path, monkeypatch):
    warnings: list[str] = []
    monkeypatch.setattr(trainer.logger, "warning", lambda _, text: warnings.append(text))
    go_on(archives["one"], tmp_path / "out", validation_data_path=str(TINY_NEWS))
    entities, relations, rare_entities, rare_relations, *_ = warnings
    assert "the training data does not have: Org, Other; from data without them" in entities
    assert "does not have: Kill, Live_In, Located_In, OrgBased_In, Work_For;" in relations
    # There are three sentences with Peop, and one with Loc.
    assert "hardly be learned: Event Time (1), Motor Ship (3);" in rare_entities
    assert "hardly be learned: Crew_Of (1), Left (1), Zap (1);" in rare_relations
    # The types of the news are no news.
    assert not any("in the development data that" in warning for warning in warnings)


def test_a_model_without_relations_learns_some(tmp_path):
    sleeps = [document("[Ann|Peop] sleeps"), document("It rains .")]
    write_documents(tmp_path / "sleeps.json", sleeps)
    settings = {
        "train_data_path": str(tmp_path / "sleeps.json"),
        "validation_data_path": None,
        "trainer.num_epochs": 1,
    }
    train_model(Params.from_file(CONFIG, json.dumps(settings)), tmp_path / "former")
    former, model = models(tmp_path / "former", go_on(tmp_path / "former", tmp_path / "out"))
    assert former.relation_types == []
    assert model.relation_types == NEW_RELATION_TYPES
    # And one without any entities learns all.
    write_documents(tmp_path / "sleeps.json", [Document(("It", "rains"))])
    settings["dataset_reader.tag_encoding"] = "BIOUL"
    train_model(Params.from_file(CONFIG, json.dumps(settings)), tmp_path / "nothing")
    (model,) = models(go_on(tmp_path / "nothing", tmp_path / "all"))
    assert model.entity_types == ["Event Time", "Loc", "Motor Ship", "Peop"]


@pytest.mark.parametrize(
    ("name", "overrides", "message"),
    [
        ("one", {"model.num_networks": 3}, "other layers than the archive: ModuleList"),
        ("per_type", {"model.num_networks": 1}, "other layers than the archive: ModuleList"),
        ("one", {"model.shared_encoder": None}, "the model has other layers than the archive"),
        (
            "one",
            {"model.relation_encoder.hidden_size": 12},
            "has other layers than the archive: GRU .*weight_ih_l0 36×12.* instead of .* 18×12",
        ),
        ("one", {"dataset_reader.tag_encoding": "BIO"}, "set tag_encoding to BIOUL"),
        (
            "per_type",
            {"dataset_reader.tag_encoding": "BIOUL"},
            "the archive's tag_encoding is 'BIO', not 'BIOUL'",
        ),
        ("one", {"dataset_reader.tag_sequences": "per_type"}, "the readers' tag_sequences differ"),
        (
            "0.1.0",
            {"dataset_reader.tag_sequences": "per_type"},
            "the archive's tag_sequences is 'one', not 'per_type'",
        ),
        ("one", {"vocabulary": {"type": "from_instances"}}, "the vocabulary's .* are not those of"),
    ],
)
def test_what_does_not_fit_the_archive_is_refused(archives, name, overrides, message, tmp_path):
    with pytest.raises(ConfigurationError, match=message):
        go_on(archives[name], tmp_path / "out", **overrides)
