import json
import shutil
import sys
from dataclasses import replace

import pytest

from dts_ee.commands import cross_validate as command
from dts_ee.corpora.predictions import are_of, read_predictions, write_predictions
from dts_ee.corpora.spert import read_documents, write_documents
from dts_ee.runs import training
from dts_ee.runs.evaluation import score
from dts_ee.runs.overlap_scores import has_overlap
from dts_ee.runs.summary import Summary
from dts_ee.tasks import TASKS, flat_metrics
from tests.commands.command_line import run_allennlp
from tests.forked_command import train_in_forks
from tests.paths import FIXTURES

NUM_FOLDS = 4
CONFIG = """
function(fold=0)
  local train(part) = {
    path: '%(folder)s/fold_%%d_train.json' %% fold, part: part, held_out: 0.1, seed: 0,
  };
  {
    dataset_reader: {
      type: 'ade',
      token_indexers: { words: { type: 'single_id', namespace: 'words', lowercase_tokens: true } },
    },
    train_data_path: train('rest'),
    validation_data_path: train('held_out'),
    test_data_path: '%(folder)s/fold_%%d_test.json' %% fold,
    model: {
      type: 'dts',
      text_field_embedder: {
        token_embedders: {
          words: { type: 'embedding', vocab_namespace: 'words', embedding_dim: 16 },
        },
      },
      relation_scorer: { type: 'pairwise' },
      relation_threshold: 0.5,
    },
    data_loader: { batch_size: 4 },
    trainer: {
      num_epochs: 3,
      validation_metric: '+mean_f1',
      optimizer: { type: 'adam', lr: std.parseJson(std.extVar('LEARNING_RATE')) },
    },
  }
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """An experiment on four folds of a sample, with entities that overlap in each test split."""
    folder = tmp_path_factory.mktemp("folds")
    documents = read_documents(FIXTURES / "sample" / "case_reports_train.json")
    # By turns, so that every fold has some.
    documents.sort(key=lambda document: not has_overlap(document))
    for fold in range(NUM_FOLDS):
        test = documents[fold::NUM_FOLDS]
        write_documents(folder / f"fold_{fold}_test.json", test)
        train = [document for document in documents if document not in test]
        write_documents(folder / f"fold_{fold}_train.json", train)
    file = folder / "experiment.jsonnet"
    file.write_text(CONFIG % {"folder": folder})
    with pytest.MonkeyPatch.context() as patches:
        patches.setenv("LEARNING_RATE", "0.05")
        yield file


def run(*words: object, verb: str = "cross-validate") -> int:
    return run_allennlp(verb, *words)


@pytest.fixture(scope="module")
def finished(config, tmp_path_factory):
    """A folder in which three folds have been trained."""
    directory = tmp_path_factory.mktemp("cross_validate") / "out"
    with pytest.MonkeyPatch.context() as patches:
        train_in_forks(patches)
        assert run(config, "-s", directory, "--folds", "0,1,2", "--seed", 5) == 0
    return directory


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def predictions_of(directory, fold):
    return read_predictions(directory / f"fold_{fold}" / "test_predictions.jsonl")


def test_each_fold_is_trained_and_evaluated_on_its_own_data(finished, config):
    for fold in range(3):
        folder = finished / f"fold_{fold}"
        settings = read_json(folder / "config.json")
        assert settings["train_data_path"]["path"].endswith(f"fold_{fold}_train.json")
        assert [settings[f"{name}_seed"] for name in ("random", "numpy", "pytorch")] == [5] * 3
        predictions = predictions_of(finished, fold)
        assert are_of(predictions, read_documents(config.parent / f"fold_{fold}_test.json"))
        metrics = read_json(folder / "test_metrics.json")
        expected = flat_metrics(score(predictions, *TASKS.values()))
        assert {name: metrics[name] for name in expected} == pytest.approx(expected)
        assert metrics["entity_f1"] > 0
        assert "entity_f1" in read_json(folder / "development_metrics.json")
        log = (folder / "log.txt").read_text(encoding="utf-8")
        assert f"fold_{fold}_train.json" in log


def test_the_summary_is_of_all_folds(finished, config):
    summary = Summary.read(finished)
    assert (summary.kind, summary.numbers, summary.missing) == ("fold", [0, 1, 2], {})
    assert summary.test_data == [str(config.parent / f"fold_{i}_test.json") for i in range(3)]
    assert summary.command == (
        f"LEARNING_RATE=0.05 allennlp cross-validate {config} -s {finished} --folds 0,1,2 --seed 5"
    )
    scores = [
        read_json(finished / f"fold_{i}" / "test_metrics.json")["_entity_macro_f1"]
        for i in range(3)
    ]
    statistic = read_json(finished / "summary.json")["statistics"]["test"]["_entity_macro_f1"]
    assert statistic["mean"] == pytest.approx(sum(scores) / 3)
    assert statistic["number"] == 3
    text = (finished / "summary.md").read_text(encoding="utf-8")
    assert "## Folds" in text
    for fold, macro in enumerate(scores):
        (row,) = [line for line in text.splitlines() if line.startswith(f"| {fold} |")]
        assert f"| {100 * macro:.1f} |" in row
    for name in ("learning_curves.png", "types.png"):
        assert (finished / name).read_bytes().startswith(b"\x89PNG")


def test_sentences_with_overlapping_entities_have_scores_of_their_own(finished):
    overlaps = Summary.read(finished).overlaps
    assert overlaps is not None
    folds = [predictions_of(finished, fold) for fold in range(3)]
    together = [prediction for fold in folds for prediction in fold if has_overlap(prediction.gold)]
    assert overlaps.num_overlapping == len(together) >= 3
    assert overlaps.num_documents == sum(map(len, folds))
    expected = flat_metrics(score(together, *TASKS.values()))
    assert overlaps.alone == [pytest.approx(expected)]
    for found, fold in zip(overlaps.without, folds, strict=True):
        rest = [prediction for prediction in fold if not has_overlap(prediction.gold)]
        assert found == pytest.approx(flat_metrics(score(rest, *TASKS.values())))
    text = (finished / "summary.md").read_text(encoding="utf-8")
    assert "| test, without overlapping entities |" in text
    assert f"of {overlaps.num_documents} test sentences in which gold entities overlap" in text


def test_finished_folds_are_not_trained_again(directory, config, nothing_is_trained, capsys):
    assert run(config, "-s", directory, "--folds", "0,2", "--seed", 5) == 0
    assert [result.number for result in Summary.read(directory).results] == [0, 2]
    output = capsys.readouterr()
    assert "| test |" in output.out
    assert "fold 0: finished" in output.err
    assert "fold 2: finished" in output.err


def test_a_failed_fold_is_named_and_the_others_count(directory, config, monkeypatch, capsys):
    program = "import sys; print('reading'); sys.exit('no memory')"
    monkeypatch.setattr(
        training, "train_command", lambda folder, packages: [sys.executable, "-c", program]
    )
    assert run(config, "-s", directory, "--folds", "3,0,1", "--seed", 5, "--jobs", 2) == 1
    output = capsys.readouterr()
    log = directory / "fold_3" / "log.txt"
    assert f"fold 3: the training ended with exit status 1. The end of {log}:" in output.err
    assert "    no memory\n" in output.err
    assert "Not finished: fold 3." in output.err
    summary = Summary.read(directory)
    assert summary.missing == {3: "the training ended with exit status 1"}
    assert [result.number for result in summary.results] == [0, 1]
    assert "- fold 3: the training ended" in (directory / "summary.md").read_text()


def test_other_settings_are_refused(directory, config, nothing_is_trained, capsys):
    # Also of a fold that is not asked for.
    assert run(config, "-s", directory, "--folds", "3") == 2
    error = capsys.readouterr().err
    assert "fold_0 was trained with other settings: " in error
    assert "random_seed was 5 and is not set now" in error
    assert not (directory / "fold_3").exists()


def test_seeds_and_folds_are_not_mixed(directory, config, nothing_is_trained, tmp_path, capsys):
    assert run(config, "-s", directory, "--seeds", "1", verb="repeat") == 2
    assert f"{directory} has fold 0, so it cannot take seeds" in capsys.readouterr().err
    (tmp_path / "seeds" / "seed_1").mkdir(parents=True)
    assert run(config, "-s", tmp_path / "seeds", "--folds", "0") == 2
    assert "has seed 1, so it cannot take folds" in capsys.readouterr().err


def test_what_cannot_be_read_is_said_before_anything_is_trained(
    config, tmp_path, nothing_is_trained, capsys
):
    out = tmp_path / "out"
    assert run(config, "-s", out, "--folds", f"0,{NUM_FOLDS}") == 2
    missing = config.parent / f"fold_{NUM_FOLDS}_test.json"
    assert f"file {missing}: there is no such file" in capsys.readouterr().err
    assert run(FIXTURES / "tiny" / "dts.jsonnet", "-s", out) == 2
    assert "dts.jsonnet has no folds: it should be a Jsonnet function" in capsys.readouterr().err
    assert run(config, "-s", out, "--overrides", '{"test_data_path": null}') == 2
    assert "experiment.jsonnet has no test_data_path" in capsys.readouterr().err
    assert not out.exists()


def test_there_are_ten_folds_unless_they_are_named(monkeypatch):
    asked = []
    monkeypatch.setattr(
        command,
        "cross_validate",
        lambda *args: asked.append(args) or sys.exit(3),  # type: ignore[func-returns-value]
    )
    assert run("ade.jsonnet", "-s", "out") == 3
    assert run("ade.jsonnet", "-s", "out", "--folds", "4,2,4", "--jobs", 2) == 3
    assert [(args[2], args[4], args[5]) for args in asked] == [
        (list(range(10)), 1, None),
        ([4, 2], 2, None),
    ]


@pytest.mark.parametrize(
    "words", [["--folds", "0-9"], ["--folds", "-1"], ["--folds", ""], ["--seed", "4294967296"]]
)
def test_a_command_line_that_makes_no_sense(config, tmp_path, words, nothing_is_trained):
    assert run(config, "-s", tmp_path / "out", *words) == 2
    assert not (tmp_path / "out").exists()


def test_folds_are_compared_with_folds(directory, finished, capsys):
    for fold in (0, 1):
        path = directory / f"fold_{fold}" / "test_predictions.jsonl"
        perfect = [
            replace(prediction, predicted=prediction.gold) for prediction in read_predictions(path)
        ]
        write_predictions(path, perfect)
    shutil.rmtree(directory / "fold_2")
    assert run(finished, directory, verb="compare") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("|  | folds | NER micro |")
    assert lines[2].startswith(f"| {finished} | 2 |")
    assert lines[3].startswith(f"| {directory} | 2 | 100.0 ± 0.0 | 100.0 ± 0.0 | 100.0 ± 0.0 |")
    number = sum(len(predictions_of(finished, fold)) for fold in (0, 1))
    (test,) = [line for line in lines if line.startswith("p: ")]
    assert f"over {number} sentences" in test
    assert "of the folds that all have (0, 1) together" in test
    (entities,) = [line for line in lines if line.startswith("NER: ")]
    assert f"0 in {finished} alone" in entities
