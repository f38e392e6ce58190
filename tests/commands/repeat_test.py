import json
import os
import subprocess
import sys

import pytest
from allennlp.commands.evaluate import evaluate_from_archive
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor
from filelock import FileLock

from dts_ee.corpora.predictions import are_of, read_predictions
from dts_ee.corpora.spert import read_documents
from dts_ee.dataset_readers import Conll04Reader
from dts_ee.runs import training
from dts_ee.runs.progress import Progress
from dts_ee.runs.summary import Summary
from tests.commands.command_line import run_allennlp
from tests.documents import TINY_CASE_REPORTS
from tests.forked_command import train_in_forks
from tests.paths import FIXTURES, PROJECT
from tests.runs.csv_tables import read_rows
from tests.runs.examples import lines_of

SAMPLE = "experiments/sample.jsonnet"
TEST_DATA = FIXTURES / "sample" / "news_test.json"
OVERRIDES = {
    "trainer.num_epochs": 2,
    "trainer.optimizer.lr": 0.02,
    # One for each epoch.
    "trainer.checkpointer.keep_most_recent_by_count": 2,
    # Of the test split there are more.
    "dataset_reader.max_instances": 60,
    "data_loader.batch_sampler.batch_size": 4,
    "data_loader.batch_sampler.min_batches": 1,
    "model.shared_encoder.hidden_size": 16,
    "model.ner_encoder.hidden_size": 16,
    "model.relation_encoder.hidden_size": 8,
}


def run(*words: object) -> int:
    """Runs the command in this process, in the project's folder, and returns its exit status."""
    with pytest.MonkeyPatch.context() as patches:
        patches.chdir(PROJECT)
        return run_allennlp("repeat", *words)


def repeat(directory, seeds, *words, **changes) -> int:
    overrides = json.dumps({**OVERRIDES, **changes})
    return run(SAMPLE, "-s", directory, "--seeds", seeds, "--overrides", overrides, *words)


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def times(directory):
    """When each file of the seeds was last written."""
    return {path: path.stat().st_mtime_ns for path in directory.glob("seed_*/*") if path.is_file()}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """An experiment's folder in which two seeds have been trained."""
    directory = tmp_path_factory.mktemp("repeat") / "out"
    with pytest.MonkeyPatch.context() as patches:
        train_in_forks(patches)
        assert repeat(directory, "1,2") == 0
    return directory


def test_each_seed_is_trained_with_its_seed(finished):
    for seed in (1, 2):
        config = read_json(finished / f"seed_{seed}" / "config.json")
        assert [config[name] for name in ("random_seed", "numpy_seed", "pytorch_seed")] == [
            seed
        ] * 3
        assert config["trainer"]["num_epochs"] == 2
        assert "the model is " in (finished / f"seed_{seed}" / "log.txt").read_text()
        assert "archiving weights" in (finished / f"seed_{seed}" / "out.log").read_text()
    first, second = (read_json(finished / f"seed_{seed}" / "metrics.json") for seed in (1, 2))
    assert first["training_loss"] != second["training_loss"]


def test_the_test_split_is_evaluated_as_allennlp_does(finished):
    metrics = read_json(finished / "seed_1" / "test_metrics.json")
    expected = evaluate_from_archive(
        archive_file=finished / "seed_1" / "model.tar.gz",
        input_file=str(TEST_DATA),
        cmd_overrides='{"dataset_reader.max_instances": null}',
    )
    scores = {name for name in expected if "loss" not in name}
    assert {name: metrics[name] for name in scores} == pytest.approx(
        {name: expected[name] for name in scores}
    )
    assert metrics["entity_f1"] > 0


def test_predictions_are_those_of_predict_in_the_files_order(finished):
    path = finished / "seed_1" / "test_predictions.jsonl"
    documents = read_documents(TEST_DATA)
    assert are_of(read_predictions(path), documents)
    predictor = Predictor.from_archive(load_archive(finished / "seed_1" / "model.tar.gz"))
    expected = predictor.predict_batch_json(
        [{"tokens": list(document.tokens)} for document in documents]
    )
    lines = lines_of(path)
    assert [line["orig_id"] for line in lines] == [document.id for document in documents]
    for line, prediction in zip(lines, expected, strict=True):
        for entity, same in zip(line["entities"], prediction["entities"], strict=True):
            probability = pytest.approx(same["probability"], abs=1e-4)
            assert entity == {**same, "probability": probability}
        found = [
            (relation["type"], relation["head"], relation["tail"]) for relation in line["relations"]
        ]
        assert found == [
            (relation["type"], relation["head"], relation["tail"])
            for relation in prediction["relations"]
        ]
    assert any(line["entities"] for line in lines)


def test_development_metrics_are_those_of_the_best_epoch(finished):
    metrics = read_json(finished / "seed_2" / "metrics.json")
    development = read_json(finished / "seed_2" / "development_metrics.json")
    assert development["entity_f1"] == metrics["best_validation_entity_f1"]
    assert "best_epoch" not in development


def test_the_summary_is_of_both_seeds(finished):
    summary = Summary.read(finished)
    assert summary.numbers == [1, 2]
    assert summary.missing == {}
    assert summary.config == SAMPLE
    assert summary.overrides == OVERRIDES
    assert summary.command.startswith(f"allennlp repeat {SAMPLE} -s {finished} --seeds 1,2")
    assert summary.test_data == ["fixtures/sample/news_test.json"]
    scores = [
        read_json(finished / f"seed_{seed}" / "test_metrics.json")["entity_f1"] for seed in (1, 2)
    ]
    statistics = read_json(finished / "summary.json")["statistics"]["test"]["entity_f1"]
    assert statistics["mean"] == pytest.approx(sum(scores) / 2)
    assert statistics["standard_deviation"] == pytest.approx(abs(scores[0] - scores[1]) / 2**0.5)
    for result in summary.results:
        assert result.training_seconds > 0
        assert result.num_epochs == 2
        assert result.best_epoch in (0, 1)
    markdown = (finished / "summary.md").read_text(encoding="utf-8")
    assert "![" in markdown and "`Work_For`" in markdown
    for name in ("learning_curves.png", "types.png"):
        assert (finished / name).read_bytes().startswith(b"\x89PNG")


def test_finished_seeds_are_not_trained_again(directory, nothing_is_trained, capsys):
    before = times(directory)
    (directory / "summary.json").unlink()
    assert repeat(directory, "1,2") == 0
    after = times(directory)
    written = {path.name for path in after if after[path] != before.get(path)}
    assert written <= {"development_metrics.json"}
    assert Summary.read(directory).numbers == [1, 2]
    output = capsys.readouterr()
    assert output.out.startswith("|  | NER micro |")
    assert "| test |" in output.out
    assert "seed 2: finished" in output.err


def test_other_formats_are_printed_alone(directory, nothing_is_trained, capsys):
    assert repeat(directory, "1,2", "--table-format", "csv") == 0
    output = capsys.readouterr()
    assert output.out == (directory / "summary.csv").read_text(encoding="utf-8")
    assert f"The tables are in {directory / 'summary.md'}" in output.err
    _, test = read_rows(directory / "summary.csv")
    mean = read_json(directory / "summary.json")["statistics"]["test"]["entity_f1"]["mean"]
    assert float(test["NER micro F1 mean (%)"]) == pytest.approx(100 * mean, rel=1e-5)
    assert [row["seed"] for row in read_rows(directory / "seeds.csv")] == ["1", "2"]
    assert "Work_For" in [row["type"] for row in read_rows(directory / "types.csv")]


def test_a_table_of_some_of_the_seeds(directory, nothing_is_trained):
    assert repeat(directory, "2") == 0
    assert [result.number for result in Summary.read(directory).results] == [2]


def test_another_test_split_is_predicted_anew(directory, nothing_is_trained):
    other = FIXTURES / "sample" / "news_dev.json"
    assert repeat(directory, "1", "--test-data", other) == 0
    predictions = read_predictions(directory / "seed_1" / "test_predictions.jsonl")
    assert are_of(predictions, read_documents(other))
    assert Summary.read(directory).test_data == [str(other)]


def test_what_a_cut_off_training_had_is_not_trained_again(directory, monkeypatch):
    train_in_forks(monkeypatch)
    seed = directory / "seed_1"
    # As it was after the first epoch.
    for name in ("model.tar.gz", "metrics.json", "metrics_epoch_1.json", "best.th"):
        (seed / name).unlink()
    for path in seed.glob("*_state_e2_b0.th"):
        path.unlink()
    for path in seed.glob("test_*"):
        path.unlink()
    assert (seed / "training_state_e1_b0.th").is_file()
    before = times(directory)
    assert repeat(directory, "1,2") == 0
    after = times(directory)
    assert after[seed / "metrics_epoch_0.json"] == before[seed / "metrics_epoch_0.json"]
    assert {
        path for path in before if path.parent.name == "seed_2" and after[path] != before[path]
    } <= {directory / "seed_2" / "development_metrics.json"}
    assert (seed / "model.tar.gz").is_file()
    assert read_json(seed / "training_starts.json") == [0, 1]
    assert [result.num_epochs for result in Summary.read(directory).results] == [2, 2]


def test_other_settings_are_refused(directory, nothing_is_trained, capsys):
    before = times(directory)
    # Also for a seed that the folder does not have.
    assert repeat(directory, "3", **{"trainer.num_epochs": 5}) == 2
    error = capsys.readouterr().err
    assert "seed_1 was trained with other settings: trainer.num_epochs was 2 and is 5 now" in error
    assert times(directory) == before
    assert not (directory / "seed_3").exists()


def test_a_failed_seed_is_named_and_the_others_are_summed_up(directory, monkeypatch, capsys):
    program = "import sys; print('reading'); sys.exit('no memory')"
    monkeypatch.setattr(
        training, "train_command", lambda folder, packages: [sys.executable, "-c", program]
    )
    assert repeat(directory, "3,1,2", "--jobs", 2) == 1
    output = capsys.readouterr()
    log = directory / "seed_3" / "log.txt"
    assert f"seed 3: the training ended with exit status 1. The end of {log}:" in output.err
    assert "    no memory\n" in output.err
    assert "Not finished: seed 3." in output.err
    summary = Summary.read(directory)
    assert summary.missing == {3: "the training ended with exit status 1"}
    assert [result.number for result in summary.results] == [1, 2]
    assert "- seed 3: the training ended" in (directory / "summary.md").read_text()


def test_a_seed_that_cannot_be_evaluated_is_named(directory, nothing_is_trained, capsys):
    # The reader of this corpus refuses entities that overlap.
    assert repeat(directory, "1,2", "--test-data", TINY_CASE_REPORTS) == 1
    error = capsys.readouterr().err
    assert f"seed 1: the evaluation failed: file {TINY_CASE_REPORTS}, document" in error
    assert "DocumentError" in (directory / "seed_1" / "log.txt").read_text()
    assert set(Summary.read(directory).missing) == {1, 2}


def test_an_interrupt_leaves_everything_to_go_on_from(directory, monkeypatch, capsys):
    processes = []
    update = Progress.update

    def interrupt(self, running):
        update(self, running)
        raise KeyboardInterrupt

    class Noted(subprocess.Popen):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            processes.append(self)

    monkeypatch.setattr(Progress, "update", interrupt)
    monkeypatch.setattr(subprocess, "Popen", Noted)
    program = "import time; time.sleep(60)"
    monkeypatch.setattr(
        training, "train_command", lambda folder, packages: [sys.executable, "-c", program]
    )
    assert repeat(directory, "1,3") == 130
    assert "The same command goes on from here." in capsys.readouterr().err
    (process,) = processes
    assert process.poll() is not None
    # What was finished by then has its table.
    summary = Summary.read(directory)
    assert [result.number for result in summary.results] == [1]
    assert summary.missing == {3: "not finished yet"}


def test_without_a_test_split_nothing_is_trained(tmp_path, nothing_is_trained, capsys):
    config = "fixtures/tiny/dts.jsonnet"
    assert run(config, "-s", tmp_path / "out", "--seeds", "1") == 2
    assert "there is no test split: fixtures/tiny/dts.jsonnet has no" in capsys.readouterr().err
    missing = tmp_path / "missing.json"
    assert run(config, "-s", tmp_path / "out", "--seeds", "1", "--test-data", missing) == 2
    assert f"file {missing}: there is no such file" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["--seeds", "1,x"],
        ["--seeds", "-1"],
        ["--seeds", "4294967296"],
        ["--seeds", "1", "--jobs", "0"],
        ["--seeds", "1", "--overrides", "{"],
        ["--seeds", "1", "--overrides", "[]"],
        [],
    ],
)
def test_a_command_line_that_makes_no_sense(tmp_path, words, nothing_is_trained):
    assert run(SAMPLE, "-s", tmp_path / "out", *words) == 2
    assert os.listdir(tmp_path) == []


def test_a_folder_is_written_by_one_process(directory, nothing_is_trained, capsys):
    with FileLock(directory / ".runs.lock"):
        assert repeat(directory, "1") == 2
    assert "another process runs an experiment in" in capsys.readouterr().err


def test_the_reader_of_the_test_split_may_sample(tmp_path):
    changes = {
        "trainer.num_epochs": 1,
        "validation_dataset_reader": {
            "type": "conll04",
            "tag_encoding": "BIOUL",
            "token_indexers": {
                "words": {"type": "single_id", "namespace": "words", "lowercase_tokens": True},
                "characters": {
                    "type": "characters",
                    "namespace": "characters",
                    "min_padding_length": 1,
                },
                "casing": {"type": "casing"},
            },
            "max_documents": 5,
            "sampling_seed": 2,
        },
    }
    assert repeat(tmp_path / "out", "1", **changes) == 0
    seed = tmp_path / "out" / "seed_1"
    reader = Conll04Reader(max_documents=5, sampling_seed=2)
    expected = [instance["metadata"]["document"] for instance in reader.read(TEST_DATA)]  # type: ignore[index]
    assert len(expected) == 5
    assert are_of(read_predictions(seed / "test_predictions.jsonl"), expected)
