"""Archives with several trained models, which predict with the mean of their scores."""

import copy
import json
import shutil
from typing import Any, cast

import pytest
from allennlp.commands.train import train_model
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.models import Model
from allennlp.models.archival import load_archive

from dts_ee import Extractor
from dts_ee.corpora.spert import read_documents
from dts_ee.models import Ensemble
from dts_ee.modules.frozen_encoders.transformer_encoder import TransformerEncoder
from dts_ee.training.ensemble_archive import write_ensemble
from dts_ee.training.from_archive import settings_from_archive
from tests.commands.command_line import run_allennlp
from tests.documents import TINY, TINY_CASE_REPORTS, TINY_NEWS
from tests.tiny_transformer import build_tiny_transformer


def train(folder, seed, **overrides):
    """The archive of a model that is hardly trained, so that it is sure of nothing."""
    changes = {
        "train_data_path": str(TINY_NEWS),
        "validation_data_path": None,
        "model.relation_threshold": 0.2,
        "trainer.num_epochs": 12,
        "trainer.optimizer.lr": 0.02,
        **dict.fromkeys(("random_seed", "numpy_seed", "pytorch_seed"), seed),
        **overrides,
    }
    train_model(Params.from_file(TINY / "dts.jsonnet", json.dumps(changes)), folder)
    return folder / "model.tar.gz"


def transformer_feature(name):
    indexer = {"type": "word_pieces", "model_name": str(name)}
    embedder = {"type": "frozen_transformer", "model_name": str(name), "layer_mix": "mean"}
    return {
        "dataset_reader.token_indexers.transformer": indexer,
        "model.text_field_embedder.token_embedders.transformer": embedder,
    }


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    """Two models that differ in their seed, and two with a transformer and other layers."""
    folder = tmp_path_factory.mktemp("ensemble")
    transformer = build_tiny_transformer(folder / "transformer")
    feature = transformer_feature(transformer)
    layers = {"model.shared_encoder": None, "model.ner_encoder.hidden_size": 4}
    found = [train(folder / "one", 1), train(folder / "two", 2)]
    found += [train(folder / "three", 3, **feature), train(folder / "four", 4, **feature, **layers)]
    # An archive has its encoder.
    shutil.rmtree(transformer)
    return found


def members_of(archive):
    model = load_archive(archive).model
    assert isinstance(model, Ensemble)
    return list(model.members)


@pytest.fixture
def news():
    return read_documents(TINY_NEWS)


def test_relations_have_the_mean_probability_of_the_members(archives, news, tmp_path):
    write_ensemble(list(map(str, archives)), tmp_path / "ensemble.tar.gz")

    def probabilities(archive):
        extractor = Extractor.load(archive, relation_threshold=1e-6)
        predicted = extractor.predict(news, entities_given=True)
        return {
            (number, relation.type, relation.head, relation.tail): relation.probability
            for number, document in enumerate(predicted)
            for relation in document.relations
        }

    of_members = [probabilities(archive) for archive in archives]
    of_all = probabilities(tmp_path / "ensemble.tar.gz")
    assert len(of_all) > 20
    for key, probability in of_all.items():
        mean = sum(member.get(key, 0.0) for member in of_members) / 4
        assert probability == pytest.approx(mean, abs=1e-5)


def test_it_predicts_as_one_model_with_the_same_networks(archives, news, tmp_path):
    """With the same embedder in both, there is a model `dts` with two networks that is the same."""
    first, second = (load_archive(archive) for archive in archives[:2])
    of_first, of_second = (cast(Any, archive.model) for archive in (first, second))
    embedder = of_first.text_field_embedder.state_dict()
    of_second.text_field_embedder.load_state_dict(embedder)
    ensemble = Ensemble(first.model.vocab, {"a": first.model, "b": second.model})
    params = first.config.duplicate().pop("model")
    params["num_networks"] = 2
    both = Model.from_params(params=params, vocab=first.model.vocab)
    state = first.model.state_dict()
    for name, value in second.model.state_dict().items():
        state[name.replace("_shared.0.", "_shared.1.").replace("networks.0.", "networks.1.")] = (
            value
        )
    both.load_state_dict(state)
    reader = first.dataset_reader
    instances = list(reader.read(str(TINY_NEWS)))

    def predicted(model):
        model.eval()
        outputs = model.forward_on_instances(instances)
        return [
            [(e["type"], e["start"], e["end"], round(e["probability"], 4)) for e in o["entities"]]
            for o in outputs
        ], [[(r["type"], round(r["probability"], 4)) for r in o["relations"]] for o in outputs]

    entities, relations = predicted(ensemble)
    assert (entities, relations) == predicted(both)
    assert sum(map(len, entities)) > 5
    assert sum(map(len, relations)) > 0
    assert (entities, relations) != predicted(first.model)


def test_a_frozen_encoder_that_members_share_runs_once(archives, news, tmp_path, monkeypatch):
    write_ensemble([str(archives[2]), str(archives[3])], tmp_path / "ensemble.tar.gz")
    extractor = Extractor.load(tmp_path / "ensemble.tar.gz")
    encoded = []
    original = TransformerEncoder.encode_mixed

    def encode_mixed(self, sentences, weights, device):
        encoded.append(len(sentences))
        return original(self, sentences, weights, device)

    monkeypatch.setattr(TransformerEncoder, "encode_mixed", encode_mixed)
    extractor.predict(news[:2])
    assert encoded == [2]
    # Another batch is another one, also one that has fewer of the same sentences.
    before = extractor.predict(news[:1])
    assert encoded == [2, 1]
    assert extractor.predict(news[:1]) == before
    assert encoded == [2, 1]


def test_an_ensemble_can_be_a_member(archives, news, tmp_path):
    write_ensemble([str(archives[0]), str(archives[1])], tmp_path / "two.tar.gz")
    write_ensemble([str(tmp_path / "two.tar.gz"), str(archives[2])], tmp_path / "a.tar.gz")
    write_ensemble([str(archive) for archive in archives[:3]], tmp_path / "b.tar.gz")
    assert members_of(tmp_path / "a.tar.gz") == ["0", "1", "2"]
    of_a, of_b = (Extractor.load(tmp_path / f"{name}.tar.gz").predict(news) for name in "ab")
    assert of_a == of_b


def test_the_commands_take_an_ensemble(archives, tmp_path, capsys):
    ensemble = tmp_path / "ensemble.tar.gz"
    assert run_allennlp("ensemble", *archives[:2], "-o", ensemble) == 0
    assert capsys.readouterr().out == f"{ensemble}: 2 models\n"
    assert run_allennlp("evaluate", ensemble, TINY_NEWS) == 0
    assert "RE   micro" in capsys.readouterr().out
    before = ensemble.read_bytes()
    assert run_allennlp("ensemble", *archives[:2], "-o", ensemble) == 2
    assert "exists already" in capsys.readouterr().err
    assert ensemble.read_bytes() == before
    assert run_allennlp("ensemble", archives[0], "-o", tmp_path / "one.tar.gz") == 2
    assert "an ensemble has at least two models" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        (
            {"train_data_path": str(TINY_CASE_REPORTS), "dataset_reader.type": "ade"},
            "dataset_reader.type is",
        ),
        ({"dataset_reader.tag_encoding": "BIOUL"}, 'dataset_reader.tag_encoding is "BIOUL"'),
        (
            {"dataset_reader.token_indexers.words.lowercase_tokens": False},
            "dataset_reader.token_indexers.words is",
        ),
        ({"dataset_reader.max_documents": 3}, "its vocabulary of"),
        ({"model.tasks": "entities"}, "do not fit together: .*members.1: this model has the tasks"),
    ],
)
def test_models_that_do_not_fit_together(archives, tmp_path, overrides, problem):
    other = train(tmp_path / "other", 1, **{"trainer.num_epochs": 1}, **overrides)
    with pytest.raises(ConfigurationError, match=problem):
        write_ensemble([str(archives[0]), str(other)], tmp_path / "ensemble.tar.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


def test_an_ensemble_cannot_be_trained_further(archives, tmp_path):
    write_ensemble([str(archives[0]), str(archives[1])], tmp_path / "ensemble.tar.gz")
    settings = Params.from_file(TINY / "dts.jsonnet").as_dict(quiet=True)
    with pytest.raises(ConfigurationError, match="is an ensemble: train its members further"):
        settings_from_archive(settings, str(tmp_path / "ensemble.tar.gz"))


def test_members_can_be_trained_together(tmp_path):
    settings = Params.from_file(TINY / "dts.jsonnet").as_dict(quiet=True)
    members = {"a": settings["model"], "b": copy.deepcopy(settings["model"])}
    members["b"]["shared_encoder"] = None
    settings["model"] = {"type": "dts_ensemble", "members": members}
    settings["train_data_path"] = settings["validation_data_path"] = str(TINY_NEWS)
    train_model(Params(settings), tmp_path / "out")
    assert members_of(tmp_path / "out") == ["a", "b"]
