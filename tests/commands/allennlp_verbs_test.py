"""
AllenNLP's own commands on the installed stack, with a tagger of AllenNLP's own and data made here.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest
import spacy
import torch
from allennlp.commands import main
from allennlp.data import Vocabulary
from allennlp.training import TrainerCallback

import dts_ee

DOCUMENT = {
    "tokens": ["Ida", "Holm", "works", "for", "Nordlys", "."],
    "entities": [
        {"type": "Peop", "start": 0, "end": 2},
        {"type": "Org", "start": 4, "end": 5},
    ],
    "relations": [{"type": "Work_For", "head": 0, "tail": 1}],
    "orig_id": 1,
}
SENTENCES = """\
The###DET\told###ADJ\tcat###NOUN\tsat###VERB
A###DET\tdog###NOUN\tran###VERB\thome###ADV
The###DET\tdog###NOUN\tslept###VERB
A###DET\tcat###NOUN\tsaw###VERB\tthe###DET\tdog###NOUN
"""
NUM_EPOCHS = 5

SLOW_EPOCHS = """\
import os
import time

from allennlp.training import TrainerCallback


@TrainerCallback.register("slow_epochs", exist_ok=True)
class SlowEpochs(TrainerCallback):
    def on_epoch(self, trainer, metrics, epoch, is_primary=True, **kwargs):
        time.sleep(float(os.environ.get("SECONDS_PER_EPOCH", "0")))
"""


@TrainerCallback.register("learning_rates_seen")
class LearningRatesSeen(TrainerCallback):
    """Keeps the learning rate of every batch that is trained on."""

    seen: List[float] = []

    def on_batch(self, trainer, *args, **kwargs) -> None:
        if kwargs["is_training"]:
            self.seen.append(trainer.optimizer.param_groups[0]["lr"])


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder with data, in which the commands are run."""
    (tmp_path / "train.tsv").write_text(SENTENCES * 2)
    (tmp_path / "dev.tsv").write_text(SENTENCES)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_config(folder: Path, trainer: Optional[Dict[str, Any]] = None, **others: Any) -> str:
    """Writes a configuration whose trainer has the given settings, and returns its path."""
    sparse = others.pop("sparse", False)
    embedder = {"type": "embedding", "embedding_dim": 6, "sparse": sparse}
    config = {
        "dataset_reader": {"type": "sequence_tagging"},
        "train_data_path": "train.tsv",
        "validation_data_path": "dev.tsv",
        "model": {
            "type": "simple_tagger",
            "text_field_embedder": {"token_embedders": {"tokens": embedder}},
            "encoder": {"type": "gru", "input_size": 6, "hidden_size": 6},
        },
        "data_loader": {"batch_size": 4, "shuffle": True},
        "trainer": {
            "num_epochs": NUM_EPOCHS,
            "optimizer": {"type": "adam", "lr": 0.05},
            "validation_metric": "+accuracy",
            "cuda_device": -1,
            **(trainer or {}),
        },
        **others,
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return str(path)


@pytest.fixture
def run(monkeypatch):
    """Runs a command of AllenNLP in this process."""

    def run_command(*arguments: object) -> None:
        monkeypatch.setattr(sys, "argv", ["allennlp", *map(str, arguments)])
        main(prog="allennlp")

    return run_command


@pytest.fixture
def archive(folder, run) -> Path:
    """The archive of a trained tagger."""
    run("train", write_config(folder), "-s", folder / "trained")
    return folder / "trained" / "model.tar.gz"


def read_json(path: Path) -> Dict[str, Any]:
    return json.loads(path.read_text())


def train_until_interrupted(run, config: str, folder: Path, monkeypatch) -> None:
    """Trains for two epochs, of which the first is saved, and is interrupted."""

    def stop(self: LearningRatesSeen, *args: Any, epoch: int, **kwargs: Any) -> None:
        if epoch == 1:
            raise KeyboardInterrupt

    with monkeypatch.context() as patches:
        patches.setattr(LearningRatesSeen, "on_epoch", stop)
        with pytest.raises(SystemExit) as ended:
            run("train", config, "-s", folder)
    assert ended.value.code == 130
    assert (folder / "training_state_e1_b0.th").exists()
    assert not (folder / "metrics.json").exists()


SETTINGS: Dict[str, Dict[str, Any]] = {
    # No epoch improves by so high a threshold: every one reduces the rate.
    "reduce_on_plateau": {
        "learning_rate_scheduler": {"type": "reduce_on_plateau", "threshold": 99, "patience": 0}
    },
    "linear_with_warmup": {
        "learning_rate_scheduler": {"type": "linear_with_warmup", "warmup_steps": 3}
    },
    "slanted_triangular": {"learning_rate_scheduler": {"type": "slanted_triangular"}},
    "cosine": {"learning_rate_scheduler": {"type": "cosine", "t_initial": NUM_EPOCHS}},
    "gradient accumulation": {"num_gradient_accumulation_steps": 2},
    "gradient norm": {"grad_norm": 1.0},
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_train_and_recover(setting, folder, run, monkeypatch):
    LearningRatesSeen.seen = []
    config = write_config(folder, {**SETTINGS[setting], "callbacks": ["learning_rates_seen"]})
    train_until_interrupted(run, config, folder / "trained", monkeypatch)
    batches_before = len(LearningRatesSeen.seen)
    run("train", config, "-s", folder / "trained", "--recover")

    metrics = read_json(folder / "trained" / "metrics.json")
    assert metrics["epoch"] == NUM_EPOCHS - 1
    assert (folder / "trained" / "model.tar.gz").exists()
    # The first epoch is not trained again.
    batches_per_epoch = batches_before // 2
    assert len(LearningRatesSeen.seen) == batches_before + (NUM_EPOCHS - 1) * batches_per_epoch
    if "learning_rate_scheduler" in SETTINGS[setting]:
        assert len(set(LearningRatesSeen.seen)) > 1
    if setting == "gradient accumulation":
        assert batches_per_epoch == 1


def test_train_with_sparse_gradients_and_their_norm(folder, run):
    optimizer = {"type": "dense_sparse_adam", "lr": 0.05}
    config = write_config(folder, {"grad_norm": 0.1, "optimizer": optimizer}, sparse=True)
    run("train", config, "-s", folder / "trained")
    metrics = read_json(folder / "trained" / "metrics.json")
    assert metrics["training_accuracy"] > 0.4


def test_train_writes_tensorboard_events(folder, run):
    callback = {
        "type": "tensorboard",
        "summary_interval": 1,
        "distribution_interval": 2,
        "should_log_learning_rate": True,
        "should_log_parameter_statistics": True,
    }
    run("train", write_config(folder, {"callbacks": [callback]}), "-s", folder / "trained")
    for split, name in (("train", b"learning_rate"), ("validation", b"accuracy")):
        events = list((folder / "trained" / "log" / split).glob("events.out.tfevents.*"))
        assert events
        assert any(name in path.read_bytes() for path in events)


def test_a_moving_average_follows_the_model_after_a_recovery(folder, run, monkeypatch):
    trainer = {
        "validation_metric": "-loss",
        "moving_average": {"type": "exponential", "decay": 0.9},
        "callbacks": ["learning_rates_seen"],
    }
    config = write_config(folder, trainer)
    train_until_interrupted(run, config, folder / "trained", monkeypatch)
    run("train", config, "-s", folder / "trained", "--recover")

    # The loss falls from epoch to epoch: the last one is the best.
    assert read_json(folder / "trained" / "metrics.json")["best_epoch"] == NUM_EPOCHS - 1
    trained = torch.load(folder / "trained" / f"model_state_e{NUM_EPOCHS}_b0.th")
    state = torch.load(folder / "trained" / f"training_state_e{NUM_EPOCHS}_b0.th")
    best = torch.load(folder / "trained" / "best.th")
    assert best.keys() == trained.keys()
    for name, averaged in state["moving_average"]["shadows"].items():
        torch.testing.assert_close(best[name], averaged)
        assert not torch.equal(best[name], trained[name])


def test_evaluate(archive, folder, run):
    run("evaluate", archive, "dev.tsv", "--output-file", folder / "metrics.json")
    metrics = read_json(folder / "metrics.json")
    best = read_json(folder / "trained" / "metrics.json")["best_validation_accuracy"]
    assert metrics["accuracy"] == pytest.approx(best)


def test_predict(archive, folder, run):
    # A spaCy model without weights, for the predictor's tokenizer.
    spacy.blank("en").to_disk(folder / "blank")
    (folder / "input.jsonl").write_text('{"sentence": "The cat saw a dog"}\n')
    run(
        *("predict", archive, "input.jsonl", "--predictor", "sentence_tagger", "--silent"),
        *("--predictor-args", json.dumps({"language": str(folder / "blank")})),
        *("--output-file", folder / "output.jsonl"),
    )
    prediction = read_json(folder / "output.jsonl")
    assert prediction["words"] == ["The", "cat", "saw", "a", "dog"]
    assert set(prediction["tags"]) <= {"DET", "ADJ", "NOUN", "VERB", "ADV"}


@pytest.mark.parametrize("trainer", ["gradient_descent", "dts"])
def test_find_lr_draws_a_curve(folder, run, capsys, trainer):
    picture = folder / f"rates-{trainer}" / "lr-losses.png"
    run(
        *("find-lr", write_config(folder), "-s", picture.parent, "--num-batches", 12),
        *("-o", json.dumps({"trainer.type": trainer})),
    )
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert str(picture) in capsys.readouterr().out


def test_print_results(archive, folder, run, capsys):
    capsys.readouterr()
    run("print-results", folder, "-k", "best_epoch", "best_validation_accuracy")
    header, line = capsys.readouterr().out.splitlines()
    best = read_json(folder / "trained" / "metrics.json")
    assert header == "model_run, best_epoch, best_validation_accuracy"
    assert line.endswith(f", {best['best_epoch']}, {best['best_validation_accuracy']}")


def test_build_vocab(folder, run):
    run("build-vocab", write_config(folder), folder / "vocabulary.tar.gz")
    vocabulary = Vocabulary.from_files(folder / "vocabulary.tar.gz")
    assert vocabulary.get_vocab_size("labels") == 5
    assert "slept" in vocabulary.get_token_to_index_vocabulary("tokens")


def test_count_instances(folder, run, capsys):
    run("count-instances", write_config(folder))
    assert "contains 8 instances" in capsys.readouterr().out


def test_diff(archive, folder, run, capsys):
    capsys.readouterr()
    trained = archive.parent
    run("diff", trained / "model_state_e4_b0.th", trained / "model_state_e5_b0.th")
    output = capsys.readouterr().out
    assert "tag_projection_layer._module.weight" in output
    assert "distance = " in output


class BackgroundTraining:
    """`dts-ee train` in a process of its own, whose epochs take a while."""

    def __init__(self, folder: Path, config: str, *options: str) -> None:
        package = Path(dts_ee.__file__).parent.parent
        self.log = folder / "log.txt"
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dts_ee", "train", config, "-s", str(folder / "trained")]
                + ["--include-package", "slow_epochs", *options],
                cwd=folder,
                env={
                    **os.environ,
                    "PYTHONPATH": os.pathsep.join([str(package), str(folder)]),
                    "PYTHONWARNINGS": "",
                    "SECONDS_PER_EPOCH": "0.5",
                },
                stdout=log,
                stderr=subprocess.STDOUT,
                # A script's background jobs ignore interrupts, and so does what they start.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            )

    def signal_when_there(self, path: Path, number: signal.Signals) -> int:
        """Sends a signal once a file is there, and returns the process's status."""
        try:
            deadline = time.monotonic() + 120
            while not path.exists():
                assert self.process.poll() is None, self.log.read_text()[-3000:]
                assert time.monotonic() < deadline, self.log.read_text()[-3000:]
                time.sleep(0.02)
            self.process.send_signal(number)
            return self.process.wait(timeout=60)
        finally:
            self.process.kill()


def test_dts_ee_train_is_interrupted_and_killed_and_recovered_to_its_end(folder, run, monkeypatch):
    (folder / "slow_epochs.py").write_text(SLOW_EPOCHS)
    (folder / "train.json").write_text(json.dumps([DOCUMENT]))
    monkeypatch.syspath_prepend(folder)
    trained = folder / "trained"
    # The reader is this package's: `dts-ee` knows it in a folder without `.allennlp_plugins`.
    config = write_config(
        folder,
        {
            "callbacks": ["slow_epochs"],
            "learning_rate_scheduler": {"type": "cosine", "t_initial": NUM_EPOCHS},
        },
        dataset_reader={"type": "conll04"},
        train_data_path="train.json",
        validation_data_path="train.json",
    )

    status = BackgroundTraining(folder, config).signal_when_there(
        trained / "training_state_e1_b0.th", signal.SIGINT
    )
    assert status != 0
    first_epoch = (trained / "metrics_epoch_0.json").stat().st_mtime_ns

    status = BackgroundTraining(folder, config, "--recover").signal_when_there(
        trained / "training_state_e3_b0.th", signal.SIGKILL
    )
    assert status == -signal.SIGKILL
    assert not (trained / "metrics.json").exists()

    run("train", config, "-s", trained, "--include-package", "slow_epochs", "--recover")

    assert (trained / "model.tar.gz").exists()
    assert read_json(trained / "metrics.json")["epoch"] == NUM_EPOCHS - 1
    assert (trained / "metrics_epoch_0.json").stat().st_mtime_ns == first_epoch
    # The same processes show that `dts-ee` starts in any folder without noise.
    log = (folder / "log.txt").read_text()
    assert "Failed to load image Python extension" not in log
    assert "[nltk_data]" not in log
    assert "could not be loaded" not in log
    assert " - INFO - " not in log
    assert "epoch 1 of 5: loss " in log
