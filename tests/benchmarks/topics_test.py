"""Each topic runs on small data. What it measures is its own affair; that it measures is not."""

import multiprocessing
import types

import pytest
import torch

from benchmarks import (
    corpus_size,
    decoding,
    entities,
    experiments,
    inference,
    lengths,
    pair_scoring,
    training,
    training_turns,
)
from benchmarks.encoder_clock import find_encoder
from benchmarks.measure import Row, Value
from benchmarks.training_turns import Epoch, Epochs
from dts_ee.modules.kernels.conditional_random_field import BatchedConditionalRandomField
from dts_ee.modules.pair_features import CosineFeature


def _rows(tables):
    return {row.name: row for table in tables for row in table.rows if isinstance(row, Row)}


def _values(tables):
    return {row.name: row for table in tables for row in table.rows if isinstance(row, Value)}


def _check_rows(tables, runs=1):
    rows = _rows(tables)
    assert len(rows) + len(_values(tables)) == sum(len(table.rows) for table in tables)
    for row in rows.values():
        assert len(row.seconds) == runs
        if row.baseline is not None:
            assert row.ratio_to(rows[row.baseline]) > 0
    return rows


def test_decoding(settings):
    rows = _check_rows(decoding.run(settings, batch_size=2))
    assert rows["decoding, dts_ee"].baseline == "decoding, AllenNLP"
    assert rows["loss, dts_ee"].baseline == "loss, AllenNLP"


def test_decoding_notices_other_tags_and_other_losses(settings, monkeypatch):
    viterbi_tags = BatchedConditionalRandomField.viterbi_tags

    def other_tags(self, logits, mask):
        return [(tags[::-1], score) for tags, score in viterbi_tags(self, logits, mask)]

    with monkeypatch.context() as context:
        context.setattr(BatchedConditionalRandomField, "viterbi_tags", other_tags)
        with pytest.raises(RuntimeError, match="same tags and scores"):
            decoding.run(settings)
    original = BatchedConditionalRandomField.forward
    monkeypatch.setattr(
        BatchedConditionalRandomField,
        "forward",
        lambda self, *tensors: 2 * original(self, *tensors),
    )
    with pytest.raises(RuntimeError, match="same losses and gradients"):
        decoding.run(settings)


def test_pair_scoring(settings):
    rows = _check_rows(pair_scoring.run(settings, sizes=(2, 4)))
    assert rows["4 entities, inference, at once"].baseline == "4 entities, inference, loop"
    assert len(rows) == 8


def test_pair_scoring_notices_other_scores(settings, monkeypatch):
    prepare = CosineFeature.prepare
    calls = iter(range(100))
    # The loop prepares first, then the scorer.
    monkeypatch.setattr(
        CosineFeature, "prepare", lambda self, batch: prepare(self, batch) * (1 + next(calls))
    )
    with pytest.raises(RuntimeError, match="does not come to the scorer's scores"):
        pair_scoring.run(settings, sizes=(3,))


def test_entities(settings):
    tables = entities.run(settings, sizes=(2, 6), num_tokens=12)
    rows = _check_rows(tables)
    assert len(tables) == 2
    for what in ("prediction", "training step"):
        whole = rows[f"6 entities, {what}"]
        parts = [rows[f"6 entities, {what}: {part}"] for part in ("pair scoring", "all the rest")]
        assert sum(part.seconds[0] for part in parts) == pytest.approx(whole.seconds[0])
        assert all(part.seconds[0] > 0 for part in parts)
        assert whole.peak_mib is not None and whole.peak_mib >= 0
    assert len(_values(tables)) == 4


def test_the_clock_of_a_scorer_has_its_forward_and_its_backward_pass(monkeypatch):
    class Entities:
        def __init__(self):
            base = torch.ones(2, requires_grad=True)
            self.vectors, self.tokens = base * 2, base * 3

    class Scorer(torch.nn.Module):
        def forward(self, entities):
            return entities.vectors * entities.tokens

    ticks = iter([0.0, 1.0, 10.0, 15.0, 19.0, 20.0, 22.0])
    monkeypatch.setattr(entities.time, "perf_counter", lambda: next(ticks))
    scorer = Scorer()
    clock = entities.ScorerClock(scorer)
    scores = scorer(Entities())
    assert clock.seconds() == 1.0
    scores.sum().backward()
    # The backward pass began at 10; the gradients were there at 15 and 19.
    assert clock.seconds() == 1.0 + 9.0
    with torch.no_grad():
        scorer(Entities())
    assert clock.seconds() == 2.0


def test_lengths(settings):
    rows = _check_rows(lengths.run(settings, lengths=(4, 60)))
    whole, encoder = rows["60 tokens"], rows["60 tokens: encoder"]
    assert 0 < encoder.seconds[0] < whole.seconds[0]
    assert whole.peak_mib is not None


def test_corpus_size(settings):
    tables = corpus_size.run(settings, read_times=(1, 2), train_times=(1,))
    rows = _check_rows(tables)
    assert rows["2 ×"].work == 2 * rows["1 ×"].work
    assert rows["2 ×"].peak_mib is not None
    assert rows["1 ×: epoch"].work > 0
    assert _values(tables)["1 ×: peak of the process's memory"].value > 10


def test_a_training_that_fails_is_an_error(settings, monkeypatch):
    params = training.experiment_params("conll04_minilm", settings)
    params["trainer"]["optimizer"] = {"type": "there is none"}

    def start_training(stack, params, num_epochs):
        ours, theirs = multiprocessing.Pipe()
        stack.callback(ours.close)
        training_turns._train(params, str(settings.output / "run"), theirs)
        return ours

    monkeypatch.setattr(training_turns, "_start_training", start_training)
    with pytest.raises(RuntimeError, match="the training of glove failed: .*there is none"):
        training_turns.train_in_turns({"glove": params}, 1)


def test_training(settings, monkeypatch):
    asked = []

    def train_in_turns(trainings, num_epochs):
        asked.append((trainings, num_epochs))
        return {
            name: Epochs([Epoch(4.0 + number, 8.0, 2.0, 10, 500.0)] * num_epochs)
            for number, name in enumerate(trainings)
        }

    monkeypatch.setattr(training, "train_in_turns", train_in_turns)
    tables = training.run(settings, batch_sizes=(4, 8))
    rows = _check_rows(tables)
    assert [epochs for _, epochs in asked] == [1, 1]
    for (trainings, _), size in zip(asked, (4, 8), strict=True):
        assert list(trainings) == [
            f"{name}, batch size {size}"
            for name in ("conll04 without MPNet", "conll04_minilm", "conll04")
        ]
        for params in trainings.values():
            assert params["data_loader"]["batch_sampler"]["batch_size"] == size
            assert params["train_data_path"].startswith(str(settings.resources))
        baseline, _, complete = trainings.values()
        inputs = [each["dataset_reader"]["token_indexers"] for each in (baseline, complete)]
        assert inputs[1].keys() - inputs[0].keys() == {"mpnet"}
    epoch = rows["conll04, batch size 8: epoch"]
    assert epoch.ratio_to(rows[epoch.baseline]) == 6 / 4
    assert rows["conll04, batch size 8: steps"].figures() == [5.0]


class InlineProcess:
    """What is told to start a process and does the work in this one, which has all imported."""

    def __init__(self, target, args):
        self._target, self._args = target, args
        self.exitcode = None

    def start(self):
        self._target(*self._args)
        self.exitcode = 0

    def join(self):
        assert self.exitcode == 0


@pytest.fixture
def no_processes(monkeypatch):
    context = types.SimpleNamespace(Process=InlineProcess, Pipe=multiprocessing.Pipe)
    stand_in = types.SimpleNamespace(get_context=lambda method: context)
    monkeypatch.setattr(experiments, "multiprocessing", stand_in)
    monkeypatch.setattr(inference, "multiprocessing", stand_in)


def test_inference(settings, no_processes):
    tables = inference.run(settings, num_sentences={"conll04_minilm": {1: 2, 32: 3}}, epochs=1)
    rows = _check_rows(tables)
    prediction = rows["minilm, batch size 32: prediction"]
    assert prediction.baseline == "minilm, batch size 32: bare encoder"
    assert prediction.work == 3
    assert "× of sorted; 3 sentences" in prediction.note
    assert "minilm, batch size 32: prediction, encoder in int8" in rows
    speeds, shares = tables
    assert [row.name for row in shares.rows] == [
        "minilm, batch size 1: prediction",
        "minilm, batch size 32: prediction",
        "minilm, batch size 32: prediction, all given at once",
        "minilm, batch size 32: prediction, encoder in bfloat16",
        "minilm, batch size 32: prediction, encoder in int8",
    ]
    assert all(0 < row.value < 100 for row in shares.rows if isinstance(row, Value))
    assert (settings.output / "models" / "conll04_minilm-1-epochs" / "model.tar.gz").is_file()


def test_a_prediction_without_the_encoder_is_noticed():
    with pytest.raises(RuntimeError, match="0 encoders"):
        find_encoder(lambda: torch.nn.Linear(2, 2)(torch.ones(1, 2)))
