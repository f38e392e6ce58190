"""Each benchmark on small data, and that it notices what would make its figures meaningless."""

import multiprocessing
import os
import shutil
import sys
import types

import pytest
import torch

from benchmarks import (
    corpus_size_benchmark,
    decoding_benchmark,
    experiments,
    feature_cache_benchmark,
    inference_benchmark,
    pair_scoring_benchmark,
    scale_benchmark,
    sentence_size_benchmark,
    serving_benchmark,
    start_up_benchmark,
    training_benchmark,
)
from benchmarks.encoder_clock import EncoderClock
from benchmarks.timing import Timer
from dts_ee.modules.frozen_encoders import encoder_precision
from dts_ee.modules.frozen_encoders.feature_file import FeatureFile
from dts_ee.modules.kernels.conditional_random_field import BatchedConditionalRandomField
from dts_ee.modules.pair_features import CosineFeature
from tests.forked_command import ForkedCommand


def rows_of(timer):
    """By group and name."""
    rows = {(row.group, row.name): row for row in timer.rows}
    assert len(rows) == len(timer.rows)
    assert all(len(row.seconds) == timer.rounds for row in timer.rows)
    assert all(seconds > 0 for row in timer.rows for seconds in row.seconds)
    return rows


def small(params):
    """An experiment with as few steps and networks as there can be."""
    params["data_loader"]["batch_sampler"]["min_batches"] = 1
    params["model"]["num_networks"] = 1
    return params


@pytest.fixture
def trained_here(monkeypatch):
    """Small models are trained in this process, which has everything imported."""
    for module in (experiments, inference_benchmark, scale_benchmark):
        monkeypatch.setattr(module, "call_in_new_process", lambda call, *args: call(*args))
    params = experiments.experiment_params
    monkeypatch.setattr(experiments, "experiment_params", lambda *args: small(params(*args)))


def test_decoding_notices_other_tags_and_other_losses(timer, folders, monkeypatch):
    viterbi_tags = BatchedConditionalRandomField.viterbi_tags

    def other_tags(self, logits, mask):
        return [(tags[::-1], score) for tags, score in viterbi_tags(self, logits, mask)]

    with monkeypatch.context() as context:
        context.setattr(BatchedConditionalRandomField, "viterbi_tags", other_tags)
        with pytest.raises(AssertionError):
            decoding_benchmark.measure_decoding(timer, folders)
    original = BatchedConditionalRandomField.forward
    monkeypatch.setattr(
        BatchedConditionalRandomField,
        "forward",
        lambda self, *tensors: 2 * original(self, *tensors),
    )
    with pytest.raises(AssertionError):
        decoding_benchmark.measure_decoding(timer, folders)
    assert timer.rows == []


def test_decoding_with_many_types(timer):
    decoding_benchmark.measure_many_types(timer, num_types=3, num_sentences=20)
    assert [row.group for row in timer.rows] == [
        "CRF decoding, batches of 16 sentences of 3 tokens, 13 tags",
    ] * 2 + [
        "CRF loss, forward and backward, batches of 16 sentences of 3 tokens, 13 tags",
    ] * 2


def test_pair_scoring(timer, folders, monkeypatch):
    pair_scoring_benchmark.measure_pair_scoring(timer, folders, num_entities=3)
    rows = rows_of(timer)
    assert len(rows) == 4
    assert all(
        ("ratio to loop" in row.extra) == (name == "at once") for (_, name), row in rows.items()
    )
    prepare = CosineFeature.prepare
    calls = iter(range(100))
    # The loop prepares first, then the scorer.
    monkeypatch.setattr(
        CosineFeature, "prepare", lambda self, batch: prepare(self, batch) * (1 + next(calls))
    )
    with pytest.raises(AssertionError, match="not close"):
        pair_scoring_benchmark.measure_pair_scoring(timer, folders, num_entities=3)


def test_entities(timer, folders):
    sentence_size_benchmark.measure_entities(timer, folders, sizes=(2, 6), num_tokens=12)
    rows = rows_of(timer)
    assert [name for _, name in rows] == ["2 entities", "6 entities"] * 2
    assert all(row.extra["MiB of memory"] >= 0 for row in rows.values())


def test_lengths(timer, folders):
    sentence_size_benchmark.measure_lengths(timer, folders, lengths=(4, 60))
    rows = rows_of(timer)
    assert [name for _, name in rows] == ["4 tokens", "60 tokens"]
    assert all(row.extra["MiB of memory"] >= 0 for row in rows.values())


def test_a_prediction_without_the_encoder_is_noticed():
    with pytest.raises(RuntimeError, match="0 encoders"):
        EncoderClock(lambda: torch.nn.Linear(2, 2)(torch.ones(1, 2)))


def test_corpus_size(timer, folders, tmp_path):
    corpus_size_benchmark.measure_corpus_size(timer, folders, tmp_path, times=(1, 2))
    small, large = rows_of(timer).values()
    assert (small.name, large.name) == ("1 ×", "2 ×")
    assert large.pieces == 2 * small.pieces
    assert large.extra["KiB of memory for a sentence"] > 0


def test_feature_cache(folders):
    left = folders.output / "feature_cache" / "features.lmdb"
    left.parent.mkdir(parents=True)
    left.write_text("what a run that was killed has left")
    timer = Timer(rounds=2)
    feature_cache_benchmark.measure_feature_cache(timer, folders, num_sentences=64, free_gib=0)
    (read,) = rows_of(timer).values()
    assert read.pieces == 64
    # 25 words on average, with two layers of 384 numbers of two bytes
    assert 30 < read.extra["GiB in the file"] * (1 << 20) / 64 < 50
    assert list(folders.output.iterdir()) == []


def test_a_cache_that_loses_what_it_was_given_is_an_error(timer, folders, monkeypatch):
    monkeypatch.setattr(FeatureFile, "read", lambda self, key, num_words: None)
    with pytest.raises(AssertionError):
        feature_cache_benchmark.measure_feature_cache(timer, folders, num_sentences=32, free_gib=0)
    assert list(folders.output.iterdir()) == []


def test_a_disk_without_room_is_said(timer, folders, monkeypatch):
    usage = shutil.disk_usage(folders.resources)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=7 << 30))
    with pytest.raises(pytest.skip.Exception, match="less than 8 GiB are free"):
        feature_cache_benchmark.measure_feature_cache(timer, folders)


def test_training(timer, folders, tmp_path, monkeypatch):
    asked = []

    def train_in_turns(trainings, num_epochs, folder):
        asked.append((trainings, num_epochs))
        epoch = training_benchmark.Epoch
        return {
            name: [epoch(4.0 + number, 2.0, 500.0)] * num_epochs
            for number, name in enumerate(trainings)
        }

    monkeypatch.setattr(training_benchmark, "train_in_turns", train_in_turns)
    training_benchmark.measure_training(timer, folders, tmp_path, batch_size=8)
    ((trainings, num_epochs),) = asked
    assert num_epochs == 1
    for params in trainings.values():
        assert params["data_loader"]["batch_sampler"]["batch_size"] == 8
        assert params["train_data_path"].startswith(str(folders.resources))
    without, _, complete = trainings.values()
    inputs = [params["dataset_reader"]["token_indexers"] for params in (without, complete)]
    assert inputs[1].keys() - inputs[0].keys() == {"mpnet"}
    assert timer.rows[2].name == "conll04"
    assert timer.rows[2].extra == {
        "ratio to conll04 without MPNet": 6 / 4,
        "seconds of its steps": 2.0,
        "MiB of memory of the process": 500.0,
    }


def test_epochs_in_turns(folders, tmp_path, monkeypatch):
    """In forked processes, as new ones would have to import everything."""
    get_context = multiprocessing.get_context
    monkeypatch.setattr(multiprocessing, "get_context", lambda method: get_context("fork"))
    train = training_benchmark._train

    def train_with_one_thread(*args):
        torch.set_num_threads(1)
        train(*args)

    monkeypatch.setattr(training_benchmark, "_train", train_with_one_thread)
    params = small(experiments.experiment_params("conll04", folders))
    params = experiments.with_features(params, "casing")
    wrong = {**params, "trainer": {**params["trainer"], "optimizer": {"type": "there is none"}}}
    with pytest.raises(RuntimeError, match="the training of wrong failed"):
        training_benchmark.train_in_turns({"wrong": wrong}, 1, tmp_path)
    trainings = {"a": params, "b": params}
    epochs = training_benchmark.train_in_turns(trainings, 2, tmp_path)
    assert list(epochs) == ["a", "b"]
    for own in epochs.values():
        assert len(own) == 2
        assert all(0 < epoch.step_seconds < epoch.seconds for epoch in own)
        assert own[0].peak_mib > 10


@pytest.mark.usefixtures("trained_here")
def test_inference(timer, folders, monkeypatch):
    monkeypatch.setattr(encoder_precision, "_has_bfloat16", lambda device: False, raising=True)
    inference_benchmark.measure_inference(
        timer, folders, "conll04_minilm", "minilm", batch_size=2, num_sentences=3
    )
    rows = {name: row for (_, name), row in rows_of(timer).items()}
    assert list(rows) == [
        "bare encoder",
        "bare encoder, sorted",
        "prediction",
        "prediction, all given at once",
        "prediction, encoder in int8",
    ]
    (note,) = timer.notes
    assert note.startswith("prediction, encoder in bfloat16: left out, as precision is 'bfloat16'")
    for name, row in rows.items():
        assert row.extra["sentences per second"] == pytest.approx(3 / row.seconds[0])
        if name.startswith("prediction"):
            for baseline in ("bare encoder", "bare encoder, sorted"):
                ratio = row.extra[f"ratio to {baseline}"]
                assert ratio == pytest.approx(rows[baseline].seconds[0] / row.seconds[0])
            assert 0 < row.extra["% that is not the encoder's"] < 100
    assert rows["prediction"].extra["MiB of memory of a process that predicts"] > 10


@pytest.mark.usefixtures("trained_here")
def test_onnx(timer, folders, tmp_path):
    pytest.importorskip("onnxruntime")
    inference_benchmark.measure_onnx(
        timer, folders, tmp_path, "conll04_minilm", "minilm", num_sentences=3
    )
    rows = {name: row for (_, name), row in rows_of(timer).items()}
    assert len(rows) == 4
    differing = [n for n in rows["onnxruntime, float32"].extra if n.endswith("are missing")]
    assert len(differing) == 2
    assert all(rows["onnxruntime, float32"].extra[name] == 0 for name in differing)


def start_in_fork(command, stdout, stderr, text):
    """What `subprocess.Popen` does, in a copy of this process."""
    read_end, write_end = os.pipe()
    process = ForkedCommand(command[3:], write_end, stderr.fileno())
    os.close(write_end)
    process.stdout = open(read_end)  # noqa: SIM115  (`read_end` outlives this function)
    return process


@pytest.mark.usefixtures("trained_here")
def test_serving(timer, folders, monkeypatch):
    monkeypatch.setattr(serving_benchmark.subprocess, "Popen", start_in_fork)
    serving_benchmark.measure_serving(timer, folders, num_clients=(2,), num_requests=3)
    rows = rows_of(timer)
    assert len(rows) == 4 * 3
    for (group, name), row in rows.items():
        assert ("ratio to one at a time" in row.extra) == (name != "one at a time")
        assert row.pieces == (1 if "latency" in group else 3)
    latencies = [row.seconds[0] for (_, name), row in rows.items() if name == "micro-batches"][1:]
    assert latencies == sorted(latencies)
    if sys.platform == "linux":
        assert [note.partition(":")[0] for note in timer.notes] == [
            "one at a time",
            "micro-batches",
            "two workers",
        ]
        assert timer.notes[-1].count(" and ") == timer.notes[0].count(" and ") + 1


@pytest.mark.usefixtures("trained_here")
def test_engines(timer, folders, tmp_path, monkeypatch):
    # Where Ray is installed, it would take a minute.
    monkeypatch.setattr(scale_benchmark, "find_spec", lambda name: None)
    scale_benchmark.measure_engines(timer, folders, tmp_path, num_sentences=3)
    rows = rows_of(timer)
    names = ["predict", "local, 1 worker", "local, 2 workers"]
    assert [name for _, name in rows] == names * 2
    assert all(("ratio to predict" in r.extra) == (n != "predict") for (_, n), r in rows.items())
    assert timer.notes == ["ray, 1 actor: left out, as Ray is not installed"]


def test_what_an_engine_costs(timer, tmp_path):
    scale_benchmark.measure_own_cost(timer, tmp_path, num_rows=50)
    (row,) = rows_of(timer).values()
    assert row.extra["seconds for a million rows"] == pytest.approx(1e6 * row.seconds[0] / 50)


def test_a_server_that_does_not_start_is_an_error(tmp_path, monkeypatch):
    program = tmp_path / "python"
    program.write_text("#!/bin/sh\necho there is no $4 >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    with (
        serving_benchmark._server(tmp_path / "model", []) as wait_until_ready,
        pytest.raises(RuntimeError, match=r"did not start: there is no .*model"),
    ):
        wait_until_ready()


def test_start_up(timer, folders, tmp_path, monkeypatch):
    report = (
        "import time: self [us] | cumulative | imported package\n"
        "import time:       100 |        100 |     numpy.core\n"
        "import time:      2000 |       2100 |   torch\n"
        "import time:     30000 |      30000 |     sympy\n"
        "import time:    400000 |     430000 |   transformers\n"
        "a line of something else | and | more\n"
        "import time:   5000000 |    5432100 | allennlp\n"
        "import time:         7 |          7 | zipfile\n"
    )
    seconds = start_up_benchmark.import_seconds(report)
    assert {name: value for name, value in seconds.items() if value} == {
        # With numpy, which it has imported.
        "torch": pytest.approx(0.0021),
        "sympy": 0.03,
        "transformers": 0.4,
        "allennlp": 5.0,
        "others": pytest.approx(7e-6),
    }
    commands = []

    def run_python(*arguments):
        commands.append(arguments)
        return types.SimpleNamespace(stderr=report)

    monkeypatch.setattr(start_up_benchmark, "trained", lambda name, folders: tmp_path / name)
    monkeypatch.setattr(start_up_benchmark, "run_python", run_python)
    monkeypatch.setattr(start_up_benchmark, "_children_seconds", lambda: len(commands) ** 2)
    start_up_benchmark.measure_start_up(timer, folders, tmp_path)
    rows = {row.name: row for row in timer.rows}
    # Each of the nine commands was run once before.
    assert rows["import of torch alone"].seconds == [10**2 - 9**2]
    assert rows["import of AllenNLP and dts_ee"].extra == {
        "ratio to import of torch alone": (11**2 - 10**2) / (10**2 - 9**2)
    }
    assert rows["transformers"].seconds == [0.4]
    folder, sentences = tmp_path / "conll04_minilm", tmp_path / "sentence.jsonl"
    assert (*start_up_benchmark._DTS_EE, "predict", str(folder), str(sentences)) in commands


def test_a_command_that_fails_is_an_error_and_counted_are_the_seconds_of_commands():
    before = start_up_benchmark._children_seconds()
    assert start_up_benchmark.run_python("-c", "print(sum(range(10 ** 6)))").stdout
    assert start_up_benchmark._children_seconds() > before
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        start_up_benchmark.run_python("-c", "1 / 0")
