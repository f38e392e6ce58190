"""A student that learns from teachers, on sentences with and without annotation."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from allennlp.models.archival import load_archive

from dts_ee import Extractor
from dts_ee.corpora.spert import read_documents
from dts_ee.models import Ensemble
from tests.commands.command_line import run_allennlp
from tests.forked_command import train_in_forks
from tests.paths import FIXTURES, PROJECT

SAMPLE = "experiments/sample.jsonnet"
TRAIN = FIXTURES / "sample" / "news_train.json"
OVERRIDES = {
    "trainer.num_epochs": 8,
    "trainer.optimizer.lr": 0.02,
    "dataset_reader.max_instances": 40,
    "data_loader.batch_sampler.batch_size": 4,
    "data_loader.batch_sampler.min_batches": 1,
    "model.shared_encoder.hidden_size": 16,
    "model.ner_encoder.hidden_size": 16,
    "model.relation_encoder.hidden_size": 8,
}
SENTENCES = ["Ilse Brandt lives in Velmouth.", "Velmouth lies in Kestria.", "Nobody came."]


def self_train(pool, directory, *words, **changes):
    overrides = json.dumps({**OVERRIDES, **changes})
    with pytest.MonkeyPatch.context() as patches:
        patches.chdir(PROJECT)
        return run_allennlp(
            "self-train", SAMPLE, pool, "-s", directory, "--overrides", overrides, *words
        )


def settings_of(folder):
    return json.loads((folder / "config.json").read_text())


def times(directory):
    return {path: path.stat().st_mtime_ns for path in directory.glob("*/*") if path.is_file()}


def write_pool(path, sentences):
    path.write_text("".join(json.dumps({"sentence": text}) + "\n" for text in sentences))
    return path


@pytest.fixture(scope="module")
def pool(tmp_path_factory):
    return write_pool(tmp_path_factory.mktemp("pool") / "pool.jsonl", SENTENCES)


@pytest.fixture(scope="module")
def finished(tmp_path_factory, pool):
    directory = tmp_path_factory.mktemp("self") / "out"
    with pytest.MonkeyPatch.context() as patches:
        train_in_forks(patches)
        words = ("--seeds", "3,4", "--weight", "0.6", "--epochs", "3")
        assert self_train(pool, directory, *words) == 0
    return directory


def test_the_teachers_have_the_annotated_sentences_and_their_seeds(finished):
    for seed in (3, 4):
        settings = settings_of(finished / f"teacher_{seed}")
        assert settings["random_seed"] == settings["pytorch_seed"] == seed
        assert settings["train_data_path"] == "fixtures/sample/news_train.json"
        assert "teacher" not in settings["model"]
    ensemble = load_archive(finished / "teachers_3_4.tar.gz").model
    assert isinstance(ensemble, Ensemble) and len(ensemble.members) == 2


def test_the_student_learns_from_both_and_from_the_teachers(finished):
    settings = settings_of(finished / "student")
    annotated, predicted = settings["train_data_path"]
    assert annotated == "fixtures/sample/news_train.json"
    assert settings["model"]["teacher"] == {
        "pretrained_file": str(finished / "teachers_3_4.tar.gz"),
        "weight": 0.6,
    }
    assert settings["random_seed"] == 3
    epochs = [
        settings_of(finished / name)["trainer"]["num_epochs"] for name in ("teacher_3", "student")
    ]
    assert epochs == [OVERRIDES["trainer.num_epochs"], 3]
    of_the_teachers = Extractor.load(finished / "teachers_3_4.tar.gz")
    with_entities = read_documents(predicted)
    assert [document.text for document in with_entities] == SENTENCES
    for sentence, document in zip(SENTENCES, with_entities, strict=True):
        (expected,) = of_the_teachers(sentence)
        assert (document.entities, document.relations) == (expected.entities, expected.relations)
    assert Extractor.load(finished / "student")(SENTENCES[0])


def test_what_is_finished_is_not_done_again(finished, pool):
    before = times(finished)
    assert self_train(pool, finished, "--seeds", "3,4", "--weight", "0.6", "--epochs", "3") == 0
    assert times(finished) == before


@pytest.mark.parametrize(
    "words, name",
    [
        (["--seeds", "3,4", "--weight", "0.5"], "model.teacher.weight"),
        (["--seeds", "3"], "model.teacher.pretrained_file"),
    ],
)
def test_a_student_of_other_teachers(words, name, finished, pool, capsys):
    assert self_train(pool, finished, *words) == 2
    error = capsys.readouterr().err
    assert "student was trained with other settings" in error and name in error


def test_a_student_of_other_sentences(finished, tmp_path, capsys):
    other = write_pool(tmp_path / "other.jsonl", SENTENCES[:2])
    assert self_train(other, finished, "--seeds", "3,4", "--weight", "0.6") == 2
    error = capsys.readouterr().err
    assert "student was trained with other settings: train_data_path" in error


def test_one_teacher_is_no_ensemble(tmp_path, pool, monkeypatch, capsys):
    train_in_forks(monkeypatch)
    out = tmp_path / "out"
    assert self_train(pool, out, "--seeds", "5") == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"The model is {out / 'student'}"
    teacher = settings_of(out / "student")["model"]["teacher"]
    assert teacher == {"pretrained_file": str(out / "teacher_5" / "model.tar.gz"), "weight": 0.7}
    assert not list(out.glob("teachers_*"))


def test_predictions_are_those_of_the_teachers(finished, pool, tmp_path, monkeypatch):
    """Also where other teachers have predicted the same sentences before."""
    train_in_forks(monkeypatch)
    out = tmp_path / "out"
    shutil.copytree(finished, out)
    shutil.rmtree(out / "student")
    assert self_train(pool, out, "--seeds", "3,4,6") == 0
    settings = settings_of(out / "student")
    teacher = settings["model"]["teacher"]["pretrained_file"]
    ensemble: Any = load_archive(teacher).model
    assert len(ensemble.members) == 3
    predicted = settings["train_data_path"][1]
    assert not (finished / Path(predicted).name).exists()


def test_texts_that_are_not_there(tmp_path, capsys):
    assert self_train(tmp_path / "texts", tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert f"file {tmp_path / 'texts'}: there is no such file or folder" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"sentence": "Ann left."}\n{"sentence": \n', "line 2: invalid JSON"),
        ('{"content": "Ann left."}\n', 'line 1: there is neither "text" nor "sentence"'),
        ('[{"tokens": ["Ann"], "entities": []}]', "#1, field entities: the file is a list of anno"),
        ("", "there are no .txt files in the folder"),
    ],
)
def test_texts_that_cannot_be_read_are_noticed_before_the_training(
    content, message, tmp_path, capsys
):
    pool = tmp_path / "pool"
    if content:
        pool.write_text(content)
    else:
        pool.mkdir()
    assert self_train(pool, tmp_path / "run") == 2
    error = capsys.readouterr().err
    assert message in error and str(pool) in error
    assert not list((tmp_path / "run").glob("teacher*"))


def test_a_teacher_that_fails(tmp_path, pool, monkeypatch, capsys):
    train_in_forks(monkeypatch)
    out = tmp_path / "out"
    changes = {"train_data_path": str(tmp_path / "nosuch.json")}
    assert self_train(pool, out, "--seeds", "5", **changes) == 1
    assert "teacher 5: the training ended with exit status" in capsys.readouterr().err
    assert not list(out.glob("predicted_*"))


def test_text_in_which_the_teachers_find_nothing(finished, tmp_path, capsys):
    other = write_pool(tmp_path / "other.jsonl", ["and"])
    assert self_train(other, finished, "--seeds", "3,4") == 2
    error = capsys.readouterr().err
    assert f"{other}: the teachers found no entity in its 1 sentence" in error


@pytest.mark.parametrize("weight", ["0", "1.5", "much", "nan"])
def test_a_weight_that_is_no_share(weight, tmp_path, pool, capsys):
    assert self_train(pool, tmp_path / "out", "--weight", weight) == 2
    assert f"{weight!r} is not a number above 0 and at most 1" in capsys.readouterr().err
