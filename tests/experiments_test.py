import json
import random
import shutil
from copy import deepcopy
from pathlib import Path
from typing import Any

import allennlp_models.tagging  # noqa: F401
import numpy
import pytest
import torch
from _jsonnet import evaluate_snippet
from allennlp.commands.train import train_model
from allennlp.common import Params, file_utils
from allennlp.common.checks import ConfigurationError
from allennlp.data import DatasetReader, Vocabulary
from allennlp.models import Model
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor
from allennlp.training.util import data_loaders_from_params
from spacy.vectors import Vectors
from transformers import BertConfig, BertModel

import dts_ee  # noqa: F401
from dts_ee.corpora.spert import read_documents, write_documents
from dts_ee.modules.frozen_encoders import encoder_files
from dts_ee.modules.frozen_encoders.frozen_embedder import FrozenEncoder
from dts_ee.runs.ablation import read_ablations
from dts_ee.runs.evaluation import evaluate_archive, predict_candidates
from dts_ee.runs.search_space import own_value, read_space
from dts_ee.runs.settings import load_settings
from tests.documents import document
from tests.paths import EXPERIMENTS, FIXTURES, PROJECT
from tests.tiny_elmo import build_tiny_elmo
from tests.tiny_transformer import build_tiny_transformer

ABLATIONS = EXPERIMENTS / "ablations.jsonnet"
TASK_SPECIFICITY = EXPERIMENTS / "task_specificity.jsonnet"
FILES = sorted(
    {
        *EXPERIMENTS.glob("*.jsonnet"),
        *EXPERIMENTS.glob("report/*.jsonnet"),
        *EXPERIMENTS.glob("final/*.jsonnet"),
    }
    - {ABLATIONS, TASK_SPECIFICITY}
)

ONE_EPOCH = {"trainer.num_epochs": 1, "data_loader.batch_sampler.min_batches": 1}


def _write_spacy_vectors(folder, words):
    vectors = Vectors(shape=(len(words), 300))
    for row, word in enumerate(words):
        vectors.add(word, vector=numpy.full(300, row + 1.0, dtype=numpy.float32))
    folder.mkdir()
    vectors.to_disk(folder)


def _write_glove(path, dim, words):
    path.parent.mkdir(parents=True)
    generator = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for word in words:
            vector = " ".join(f"{generator.uniform(-1, 1):.4f}" for _ in range(dim))
            file.write(f"{word} {vector}\n")


@pytest.fixture(scope="module")
def fetched(tmp_path_factory):
    """A folder like the project after `fetch`, with small files of the same formats."""
    folder = tmp_path_factory.mktemp("fetched")
    shutil.copytree(FIXTURES, folder / "fixtures")
    resources = folder / "resources"
    news = read_documents(FIXTURES / "tiny" / "news.json")
    cases = read_documents(FIXTURES / "tiny" / "case_reports.jsonl")
    for corpus in ("conll04", "ade", "scierc"):
        (resources / corpus).mkdir(parents=True)
    for part in ("train", "dev", "test"):
        write_documents(resources / "conll04" / f"conll04_{part}.json", news)
        write_documents(resources / "scierc" / f"scierc_{part}.json", cases)
    for part in ("train", "test"):
        write_documents(resources / "ade" / f"ade_split_0_{part}.json", cases)
    words = sorted({token.lower() for document in news + cases for token in document.tokens})
    _write_glove(resources / "glove-6b-50d" / "glove.6B.50d.txt", 50, words)
    _write_glove(resources / "glove-6b-300d" / "glove.6B.300d.txt", 300, words)
    _write_spacy_vectors(resources / "spacy-md-vectors", words)
    build_tiny_transformer(resources / "minilm", kind="bert")
    build_tiny_transformer(resources / "mpnet", kind="mpnet", num_layers=12)
    build_tiny_elmo(resources / "elmo-5.5b")
    return folder


@pytest.fixture
def project(fetched, tmp_path, monkeypatch):
    """A copy of that folder, in which the test runs."""
    shutil.copytree(fetched, tmp_path, dirs_exist_ok=True)
    for part in ("train", "development", "test"):
        monkeypatch.setenv(f"{part.upper()}_DATA", "fixtures/tiny/news.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _build_and_predict(params):
    reader = DatasetReader.from_params(params.pop("dataset_reader"))
    instances = list(reader.read(params.pop("train_data_path")))[:8]
    vocabulary = Vocabulary.from_params(
        params.pop("vocabulary", Params({})), instances=iter(instances)
    )
    model = Model.from_params(params.pop("model"), vocab=vocabulary)
    for instance in instances:
        reader.apply_token_indexers(instance)
    outputs = model.eval().forward_on_instances(instances)
    tokens = [[token.text for token in instance["tokens"]] for instance in instances]  # type: ignore[attr-defined]
    assert [output["tokens"] for output in outputs] == tokens
    return model


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(EXPERIMENTS)))
def test_every_experiment_builds_its_model(file, project):
    _build_and_predict(Params.from_file(file))


def _depths(model):
    """The numbers of shared, NER-specific and RE-specific layers; `None` for no stack."""
    stacks = [model._shared[0], *(head.networks[0].stack for head in model.heads.values())]
    return [None if stack.encoder is None else stack.encoder._module.num_layers for stack in stacks]


ADE = [file for file in FILES if file.name.startswith("ade")]


@pytest.mark.parametrize("file", ADE, ids=lambda file: str(file.relative_to(EXPERIMENTS)))
def test_every_experiment_on_ade_has_folds(file):
    first, last = (load_settings(file, fold=fold) for fold in (0, 9))
    assert first == load_settings(file)
    paths = {f"{part}_data_path" for part in ("train", "validation", "test")} & first.keys()
    assert {name for name in first if first[name] != last[name]} == paths
    assert last["test_data_path"] == "resources/ade/ade_split_9_test.json"
    share = {"path": "resources/ade/ade_split_9_train.json", "held_out": 0.1, "seed": 0}
    rest, held_out = ({**share, "part": part} for part in ("rest", "held_out"))
    if file.parent.name == "final":
        assert last["train_data_path"] == [rest, held_out]
        assert "validation_data_path" not in last
    else:
        assert last["train_data_path"] == rest
        assert last["validation_data_path"] == held_out


@pytest.mark.parametrize("file", ADE, ids=lambda file: str(file.relative_to(EXPERIMENTS)))
def test_every_experiment_on_ade_reads_its_data(file, project):
    assert train_model(Params.from_file(file), project / "dry", dry_run=True) is None
    assert (project / "dry" / "vocabulary" / "labels.txt").is_file()


def test_the_development_part_of_ade_can_be_trained_on(project):
    file = project / "experiment.jsonnet"
    file.write_text(f"""
        local ade = import '{EXPERIMENTS}/ade_glove.jsonnet';
        local with_development = import '{EXPERIMENTS}/lib/with_development.libsonnet';
        function(fold=0) with_development(ade(fold))
    """)
    settings = load_settings(file, fold=0)
    reader = DatasetReader.from_params(Params(settings["dataset_reader"]))
    instances: list[Any] = list(reader.read(settings["train_data_path"]))
    documents = [instance["metadata"]["document"] for instance in instances]
    cases = read_documents("resources/ade/ade_split_0_train.json")
    assert documents != cases
    assert sorted(documents, key=cases.index) == cases
    overrides = json.dumps(ONE_EPOCH)
    train_model(Params.from_file(file, overrides), project / "out")
    metrics = json.loads((project / "out" / "metrics.json").read_text())
    assert not [name for name in metrics if "validation" in name]
    train_model(Params.from_file(file, overrides), project / "out", recover=True)


def test_every_ablation_builds_another_model(project):
    settings = Params.from_file(EXPERIMENTS / "conll04_minilm.jsonnet").as_dict(quiet=True)
    ablations = {
        ablation.name: ablation.settings
        for ablation in read_ablations(ABLATIONS, settings)
        if ablation.settings is not None
    }
    assert list(ablations)[:5] == [
        "complete",
        "no shared layers",
        "no NER-specific layers",
        "no RE-specific layers",
        "all layers shared",
    ]
    assert len(
        {json.dumps(experiment, sort_keys=True) for experiment in ablations.values()}
    ) == len(ablations)
    models = {
        name: _build_and_predict(Params(deepcopy(dict(each)))) for name, each in ablations.items()
    }
    assert _depths(models["complete"])[0] is not None
    assert _depths(models["no shared layers"])[0] is None
    assert _depths(models["all layers shared"]) == [3, None, None]
    for name, absent in (
        ("no contextual encoder", "minilm"),
        ("no word vectors", "glove"),
        ("no character vectors", "characters"),
        ("no casing", "casing"),
    ):
        kept = set(models[name].text_field_embedder._token_embedders)
        assert kept == {"minilm", "glove", "characters", "casing"} - {absent}


def test_the_list_about_layers_has_every_row_about_them():
    names = [
        ablation.name for ablation in read_ablations(TASK_SPECIFICITY, _settings("conll04_minilm"))
    ]
    assert names == [
        "complete",
        "no shared layers",
        "no NER-specific layers",
        "no RE-specific layers",
        "all layers shared",
    ]


def test_where_no_layer_is_shared_one_is_put_before_the_others(project):
    settings = Params.from_file(EXPERIMENTS / "conll04.jsonnet").as_dict(quiet=True)
    depths = {
        ablation.name: _depths(_build_and_predict(Params(deepcopy(dict(ablation.settings or {})))))
        for ablation in read_ablations(TASK_SPECIFICITY, settings)
    }
    assert depths == {
        "complete": [None, 1, 2],
        "no NER-specific layers": [None, None, 2],
        "no RE-specific layers": [None, 1, None],
        "all layers shared": [2, None, None],
        "a shared layer before them": [1, 1, 2],
    }


def test_what_an_experiment_does_not_have_is_not_left_out(project):
    settings = Params.from_file(EXPERIMENTS / "sample.jsonnet").as_dict(quiet=True)
    del settings["model"]["ner_encoder"]
    names = [ablation.name for ablation in read_ablations(ABLATIONS, settings)]
    assert "no contextual encoder" not in names
    assert "no NER-specific layers" not in names
    assert "no RE-specific layers" in names


def test_each_experiment_is_in_the_list():
    text = (PROJECT / "docs" / "experiments-list.md").read_text()
    names = [str(file.relative_to(EXPERIMENTS)) for file in FILES]
    missing = [name for name in names if f"`{name}`" not in text]
    assert not missing


def _settings(name):
    return Params.from_file(EXPERIMENTS / f"{name}.jsonnet").as_dict(quiet=True)


def test_the_papers_settings_are_those_that_were_published():
    settings = _settings("conll04_paper")
    embedders = settings["model"].pop("text_field_embedder")["token_embedders"]
    assert set(embedders) == {"mpnet", "glove", "characters", "casing"}
    assert (embedders["mpnet"]["layers"], embedders["mpnet"]["layer_mix"]) == ("all", "trained")
    assert embedders["characters"]["encoder"]["hidden_size"] == 32
    gru = {"type": "bidirectional_gru", "hidden_size": 256}
    assert settings["model"] == {
        "type": "dts",
        "shared_encoder": {**gru, "num_layers": 1, "dropout": 0},
        "ner_encoder": {**gru, "num_layers": 1, "dropout": 0},
        "relation_encoder": {**gru, "num_layers": 2, "dropout": 0.35},
        "entity_tagger": {
            "type": "crf",
            "feedforward": {"num_layers": 1, "hidden_dims": 128, "activations": "tanh"},
        },
        "span_extractor": {"type": "last_token"},
        "relation_scorer": {
            "type": "pairwise",
            "feedforward": {"num_layers": 1, "hidden_dims": 128, "activations": "relu"},
            "pair_features": [{"type": "cosine"}, {"type": "distmult"}],
        },
        "label_embedding_dim": 25,
        "dropout": 0.35,
        "relation_dropout": 0.5,
        "relation_loss_weight": 5,
        "relation_threshold": 0.9,
        "relation_score": "relation",
        "num_networks": 1,
    }
    assert settings["data_loader"]["batch_sampler"]["batch_size"] == 2
    trainer = settings["trainer"]
    assert trainer["optimizer"] == {"type": "adam", "lr": 0.0005}
    assert trainer["grad_norm"] == 1
    assert "learning_rate_scheduler" not in trainer


def test_elmo_has_the_papers_settings_with_other_inputs():
    paper, elmo = _settings("conll04_paper"), _settings("conll04_elmo")
    for settings in (paper, elmo):
        inputs = settings["model"].pop("text_field_embedder")["token_embedders"]
        assert set(settings["dataset_reader"].pop("token_indexers")) == set(inputs)
        del settings["vocabulary"]
    assert set(inputs) == {"elmo", "glove", "characters", "casing"}
    assert inputs["glove"]["embedding_dim"] == 300
    assert elmo == paper


@pytest.mark.parametrize(
    ("name", "exchanged"),
    [
        ("gru", {}),
        ("resbn_shared", {"shared_encoder": 1}),
        ("resbn_all", {"shared_encoder": 1, "ner_encoder": 1, "relation_encoder": 2}),
    ],
)
def test_the_reports_experiments_are_the_papers_on_a_sample(name, exchanged):
    paper, settings = _settings("conll04_paper"), _settings(f"report/{name}")
    reader = paper["dataset_reader"]
    assert settings.pop("validation_dataset_reader") == {
        **reader,
        "max_documents": 50,
        "sampling_seed": 0,
    }
    assert settings.pop("dataset_reader") == {**reader, "max_documents": 200, "sampling_seed": 0}
    del paper["dataset_reader"]
    # The report's text has the one, its code the other.
    assert settings["trainer"].pop("optimizer") == {"type": "adam", "lr": 0.003}
    assert paper["trainer"].pop("optimizer") == {"type": "adam", "lr": 0.0005}
    for stack, num_layers in exchanged.items():
        encoder = settings["model"].pop(stack)
        assert (encoder["type"], encoder["num_layers"]) == ("resbn_transformer", num_layers)
        assert encoder["hidden_dim"] == 2 * paper["model"].pop(stack)["hidden_size"]
    assert settings == paper


def test_the_reports_experiments_read_100_and_25_batches(project):
    news = read_documents(FIXTURES / "tiny" / "news.json")
    for part in ("train", "dev", "test"):
        write_documents(project / "resources" / "conll04" / f"conll04_{part}.json", 40 * news)
    loaders = data_loaders_from_params(Params.from_file(EXPERIMENTS / "report" / "gru.jsonnet"))
    vocabulary = Vocabulary.from_instances(loaders["train"].iter_instances())
    for loader in loaders.values():
        loader.index_with(vocabulary)
    assert [len(batch["metadata"]) for batch in loaders["train"]] == [2] * 100
    for part in ("validation", "test"):
        assert sum(len(batch["metadata"]) for batch in loaders[part]) == 2 * 25


def test_the_development_split_can_be_trained_on(project):
    development = [document("[Quillon Brack|Peop] left [Tarnby|Loc] .", [("Live_In", 0, 1)])]
    write_documents(project / "resources" / "conll04" / "conll04_dev.json", development)
    file = project / "experiment.jsonnet"
    file.write_text(f"""
        local corpora = import '{EXPERIMENTS}/lib/corpora.libsonnet';
        local experiment = import '{EXPERIMENTS}/lib/experiment.libsonnet';
        local features = import '{EXPERIMENTS}/lib/features.libsonnet';
        local with_development = import '{EXPERIMENTS}/lib/with_development.libsonnet';
        with_development(experiment(
          corpus=corpora.conll04,
          features=[features.words(8), features.casing],
          shared=null, ner=null, relation=null,
          num_epochs=1,
          min_steps=1,
        ))
    """)
    train_model(Params.from_file(file), project / "out")
    vocabulary = Vocabulary.from_files(project / "out" / "vocabulary")
    words = vocabulary.get_token_to_index_vocabulary("words")
    assert {"quillon", "lindqvist"} <= set(words)
    metrics = json.loads((project / "out" / "metrics.json").read_text())
    assert not [name for name in metrics if "validation" in name]
    # AllenNLP compares the settings with those that it has stored.
    train_model(Params.from_file(file), project / "out", recover=True)
    assert train_model(Params.from_file(file), project / "dry", dry_run=True) is None


def test_the_next_run_takes_features_from_the_file(project, monkeypatch):
    encode = FrozenEncoder.encode
    encoded = []

    def count(self, sentences, device):
        encoded.append(len(sentences))
        return encode(self, sentences, device)

    monkeypatch.setattr(FrozenEncoder, "encode", count)
    for seed in (1, 2):
        overrides = {**ONE_EPOCH, "trainer.num_epochs": 2, "pytorch_seed": seed}
        params = Params.from_file(EXPERIMENTS / "conll04_minilm.jsonnet", json.dumps(overrides))
        train_model(params, project / f"out_{seed}")
        if seed == 1:
            assert encoded
            encoded.clear()
    assert not encoded
    assert len(list((project / "resources" / "features").glob("minilm-*.lmdb"))) == 1


@pytest.mark.parametrize("name", ["conll04", "conll04_elmo", "report/gru"])
def test_an_archive_predicts_without_resources(name, project, tmp_path_factory, monkeypatch):
    params = Params.from_file(EXPERIMENTS / f"{name}.jsonnet", json.dumps(ONE_EPOCH))
    train_model(params, project / "out")
    sentence = "Marta Lindqvist grew up in Tarnby, which nobody had heard of before."
    before = Predictor.from_archive(load_archive(project / "out" / "model.tar.gz"))
    expected = before.predict_json({"sentence": sentence})
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.move(project / "out" / "model.tar.gz", elsewhere / "model.tar.gz")
    shutil.rmtree(project)
    monkeypatch.chdir(elsewhere)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    after = Predictor.from_archive(load_archive(elsewhere / "model.tar.gz"))
    assert after.predict_json({"sentence": sentence}) == expected


def test_own_data_is_copied_for_training_alone(project, monkeypatch):
    number = len(read_documents("fixtures/tiny/news.json"))
    monkeypatch.setenv("TRAIN_DATA", "fixtures/tiny/news.json")
    monkeypatch.setenv("DEVELOPMENT_DATA", "fixtures/tiny/news.json")
    monkeypatch.setenv("TEST_DATA", "fixtures/tiny/news.json")
    loaders = data_loaders_from_params(Params.from_file(EXPERIMENTS / "own.jsonnet"))
    numbers = {name: len(list(loader.iter_instances())) for name, loader in loaders.items()}
    assert 300 - number < numbers.pop("train") <= 300
    assert numbers == {"validation": number, "test": number}


def test_own_data_trains_a_model_further_with_the_encoder_of_its_archive(project, monkeypatch):
    monkeypatch.setattr(file_utils, "CACHE_DIRECTORY", str(project / "cache"))
    own = EXPERIMENTS / "own.jsonnet"
    train_model(Params.from_file(own, json.dumps(ONE_EPOCH)), project / "first")
    shutil.move(project / "first" / "model.tar.gz", project / "model.tar.gz")
    (kept,) = encoder_files.encoder_folders(project / "first")
    weights = (kept / "model.safetensors").read_bytes()
    shutil.rmtree(project / "first")
    shutil.rmtree(project / "resources")
    monkeypatch.setenv("FROM_ARCHIVE", "model.tar.gz")
    monkeypatch.setenv("TRAIN_DATA", "fixtures/tiny/case_reports.jsonl")
    train_model(Params.from_file(own, json.dumps(ONE_EPOCH)), project / "second")
    (kept,) = encoder_files.encoder_folders(project / "second")
    assert (kept / "model.safetensors").read_bytes() == weights
    (project / "model.tar.gz").unlink()
    shutil.rmtree(project / "cache")
    model: Any = load_archive(project / "second" / "model.tar.gz").model
    assert {"Peop", "Drug"} <= set(model.entity_types)
    monkeypatch.setenv("ENCODER", "mpnet")
    monkeypatch.setenv("TEXT_LANGUAGE", "de")
    with pytest.raises(RuntimeError, match="the archive has its own ENCODER, TEXT_LANGUAGE: leave"):
        Params.from_file(own)


def test_the_baseline_is_trained_and_evaluated_by_allennlps_tagger(project):
    overrides = json.dumps({"trainer.num_epochs": 1, "model.encoder.hidden_size": 8})
    # The encoder of this test is smaller than MPNet.
    settings = Params.from_file(EXPERIMENTS / "baselines" / "conll04_crf_tagger.jsonnet", overrides)
    settings["model"]["encoder"]["input_size"] -= 768 - 8
    model = train_model(settings, "tagger", force=True)
    assert type(model).__name__ == "CrfTagger"
    test = Path("resources/conll04/conll04_test.json")
    documents = read_documents(test)
    metrics, predictions = evaluate_archive(Path("tagger/model.tar.gz"), documents)
    assert [prediction.gold for prediction in predictions] == documents
    assert all(not prediction.predicted.relations for prediction in predictions)
    allennlps = metrics["f1-measure-overall"]
    assert metrics["entity_f1"] == pytest.approx(allennlps)
    # It has no relations, and so no threshold of any.
    assert predict_candidates(Path("tagger/model.tar.gz"), str(test), 0.0) == (predictions, None)
    with pytest.raises(ConfigurationError, match="model CrfTagger; only a model `dts` can be"):
        Params.from_file(EXPERIMENTS / "sample.jsonnet", '{"from_archive": "tagger"}')


TRANSFORMERS = {
    "frozen BERT in a .bin": ("bert", "{}"),
    "top of RoBERTa": ("roberta", "{fine_tuned: 1}"),
    "all of DeBERTa": ("deberta", "{fine_tuned: 'all'}"),
    "frozen below the highest layer": ("mpnet", "{highest_layer: 1}"),
}


@pytest.mark.parametrize(("kind", "options"), TRANSFORMERS.values(), ids=TRANSFORMERS.keys())
def test_any_encoder_makes_an_archive_that_predicts_elsewhere(
    kind, options, tmp_path, tmp_path_factory, monkeypatch
):
    encoder = build_tiny_transformer(tmp_path / "encoders" / f"tiny.{kind}-v1.5", kind)
    if kind == "bert":
        (encoder / "model.safetensors").unlink()
        torch.save(BertModel(BertConfig.from_pretrained(encoder)).state_dict(), encoder / "w")
        (encoder / "w").rename(encoder / "pytorch_model.bin")
    file = tmp_path / "experiment.jsonnet"
    file.write_text(f"""
        local experiment = import '{EXPERIMENTS}/lib/experiment.libsonnet';
        local features = import '{EXPERIMENTS}/lib/features.libsonnet';
        local options = {options};
        experiment(
          corpus={{
            reader: {{ type: 'spert' }},
            train: '{FIXTURES}/tiny/news.json',
            validation: null,
            test: '{FIXTURES}/tiny/news.json',
          }},
          features=[features.transformer(
            '{encoder}',
            fine_tuned=std.get(options, 'fine_tuned', 0),
            highest_layer=std.get(options, 'highest_layer'),
          )],
          shared=null,
          num_epochs=1,
          min_steps=1,
        )
    """)
    monkeypatch.chdir(tmp_path)
    train_model(Params.from_file(file), tmp_path / "out")
    sentence = {"sentence": "Marta Lindqvist grew up in Tarnby."}
    archive = tmp_path / "out" / "model.tar.gz"
    expected = Predictor.from_archive(load_archive(archive)).predict_json(sentence)
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    shutil.move(archive, elsewhere)
    shutil.rmtree(tmp_path)
    monkeypatch.chdir(elsewhere)
    monkeypatch.setattr(encoder_files, "snapshot_download", None)
    predictor = Predictor.from_archive(load_archive("model.tar.gz"))
    assert predictor.predict_json(sentence) == expected


def test_the_projects_encoders_are_what_the_same_function_makes():
    lib = EXPERIMENTS / "lib" / "features.libsonnet"
    snippet = f"local f = import '{lib}'; " + (
        "[f.minilm, f.mpnet, f.mpnet_fine_tuned, f.transformer('a/b-v1.5')]"
    )
    minilm, mpnet, fine_tuned, other = json.loads(evaluate_snippet("", snippet))
    cache = {"cache_dir": "resources/features"}
    frozen = {"type": "frozen_transformer", "layer_mix": "mean", **cache}
    assert minilm == {
        "name": "minilm",
        "indexer": {"type": "word_pieces", "model_name": "resources/minilm"},
        "embedder": {**frozen, "model_name": "resources/minilm", "layers": "all"},
    }
    assert mpnet["embedder"] == {
        **frozen,
        "model_name": "resources/mpnet",
        "layers": list(range(10)),
    }
    assert fine_tuned == {
        "name": "mpnet_trained",
        "indexer": {"type": "word_pieces", "model_name": "resources/mpnet"},
        "embedder": {
            "type": "fine_tuned_transformer",
            "model_name": "resources/mpnet",
            "num_trained_layers": 2,
            "highest_layer": 9,
            **cache,
        },
    }
    # torch takes no full stop in a module's name.
    assert (other["name"], other["embedder"]["model_name"]) == ("b-v1_5", "a/b-v1.5")


@pytest.mark.parametrize(
    ("variables", "tokenizer", "sentences"),
    [
        (
            {},
            {"type": "spacy_rules", "language": "en", "split_hyphens": True},
            {"type": "rules", "abbreviations": []},
        ),
        (
            {
                "TOKENIZER": "rules-keep-hyphens",
                "TEXT_LANGUAGE": "de",
                "ABBREVIATIONS": "z. B., Abb.",
            },
            {"type": "spacy_rules", "language": "de", "split_hyphens": False},
            {"type": "rules", "abbreviations": ["z. B.", "Abb."]},
        ),
        (
            {"TOKENIZER": "characters", "SENTENCES": "lines"},
            {"type": "characters"},
            {"type": "lines"},
        ),
        (
            {"TOKENIZER": "word-pieces", "ENCODER": "mpnet", "SENTENCES": "de_core_news_sm"},
            {"type": "word_pieces", "model_name": "resources/mpnet"},
            {"type": "spacy_pipeline", "pipeline": "de_core_news_sm"},
        ),
    ],
)
def test_how_own_text_is_tokenised(variables, tokenizer, sentences, monkeypatch):
    for name, value in {"TRAIN_DATA": "train.json", **variables}.items():
        monkeypatch.setenv(name, value)
    reader = Params.from_file(EXPERIMENTS / "own.jsonnet")["dataset_reader"].as_dict()
    assert (reader["tokenizer"], reader["sentences"]) == (tokenizer, sentences)
    assert reader["windows"] == 1


def test_how_many_sentences_of_own_text_are_one_document(monkeypatch):
    monkeypatch.setenv("TRAIN_DATA", "train.json")
    monkeypatch.setenv("WINDOWS", "3")
    assert Params.from_file(EXPERIMENTS / "own.jsonnet")["dataset_reader"]["windows"] == 3


def test_the_language_of_the_machine_is_not_that_of_the_text(monkeypatch):
    monkeypatch.setenv("TRAIN_DATA", "train.json")
    # As desktops set it for gettext.
    monkeypatch.setenv("LANGUAGE", "de_DE:de")
    reader = Params.from_file(EXPERIMENTS / "own.jsonnet")["dataset_reader"]
    assert reader["tokenizer"]["language"] == "en"


def test_settings_of_own_text_that_exclude_each_other(monkeypatch):
    monkeypatch.setenv("TRAIN_DATA", "train.json")
    monkeypatch.setenv("TOKENIZER", "characters")
    monkeypatch.setenv("TEXT_LANGUAGE", "zh")
    with pytest.raises(RuntimeError, match="TEXT_LANGUAGE is for TOKENIZER=rules"):
        Params.from_file(EXPERIMENTS / "own.jsonnet")


@pytest.mark.parametrize("name", ["few_sentences", "ade", "conll04_minilm"])
def test_folds_for_searches_have_data_of_their_own(name):
    of_folds = [load_settings(EXPERIMENTS / "tuning" / f"{name}.jsonnet", fold=n) for n in (0, 1)]
    first, second = (
        {key: settings[key] for key in ("train_data_path", "validation_data_path")}
        for settings in of_folds
    )
    assert first["train_data_path"] != second["train_data_path"]
    assert first["validation_data_path"] != second["validation_data_path"]


@pytest.mark.parametrize("name", ["few_sentences", "ade"])
def test_search_spaces_contain_what_their_experiments_have(name):
    settings = load_settings(EXPERIMENTS / "tuning" / f"{name}.jsonnet", fold=0)
    space = read_space(EXPERIMENTS / "tuning" / f"{name}_space.jsonnet", settings)
    assert len(space) > 5
    for dimension in space:
        assert dimension.param(own_value(settings, dimension.key)) is not None
