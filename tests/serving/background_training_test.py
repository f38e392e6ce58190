import json
import sys
import textwrap
import time
from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.runs import training
from dts_ee.serving import background_training
from dts_ee.serving.background_training import BackgroundTraining, Job

FINISH = "(folder / 'metrics.json').write_text('{}'); (folder / 'model.tar.gz').write_text('')"


@pytest.fixture
def trains(monkeypatch):
    """Makes programs of a few lines stand in for `train`."""

    def replace(program):
        beginning = "import pathlib, sys, time\nfolder = pathlib.Path(sys.argv[1])\n"
        code = beginning + textwrap.dedent(program)
        monkeypatch.setattr(
            training,
            "train_command",
            lambda folder, packages: [sys.executable, "-I", "-c", code, str(folder.path)],
        )

    monkeypatch.setattr(background_training, "_POLL_SECONDS", 0.02)
    monkeypatch.setattr(training, "_POLL_SECONDS", 0.02)
    return replace


@pytest.fixture
def background(tmp_path):
    background = BackgroundTraining(tmp_path / "loop", {"trainer": {"num_epochs": 3}})
    yield background
    background.close()


def write_data(path):
    path.write_text("data")


def wait_until(condition):
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it takes too long")


def train(background, when_trained=lambda folder: None, write_data=write_data):
    assert background.start(write_data, when_trained)
    wait_until(lambda: background.job.status != "running")


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_trainings_are_numbered(background, trains, tmp_path):
    trains(FINISH)
    trained: list[Path] = []
    assert background.newest() is None
    for number in (1, 2):
        train(background, trained.append)
        assert background.job == Job(number, "finished")
        assert background.newest() == trained[-1] == tmp_path / "loop" / f"training_{number}"
        wait_until(lambda: not background._thread.is_alive())
    assert names(tmp_path / "loop") == [
        *("training_1", "training_1.jsonl", "training_2", "training_2.jsonl")
    ]
    assert json.loads((trained[0] / "config.json").read_text()) == {
        "trainer": {"num_epochs": 3},
        "train_data_path": str(tmp_path / "loop" / "training_1.jsonl"),
    }


def test_the_tenth_is_newer_than_the_ninth(background, tmp_path):
    for number in (9, 10):
        (tmp_path / "loop" / f"training_{number}").mkdir()
    assert background.newest().name == "training_10"


def test_a_training_that_fails_leaves_its_log(background, trains, tmp_path, caplog):
    trains("print('hello', flush=True); sys.exit('error: no memory')")
    train(background)
    log = tmp_path / "loop" / "failed.log"
    message = f"the training ended with exit status 1: error: no memory ({log} has all of it)"
    assert background.job == Job(1, "failed", message)
    assert f"Training 1 failed: {message}" in caplog.text
    assert names(tmp_path / "loop") == ["failed.log"]
    assert sorted(log.read_text().splitlines()) == ["error: no memory", "hello"]
    wait_until(lambda: not background._thread.is_alive())
    trains(FINISH)
    train(background)
    assert background.job == Job(1, "finished")


def test_without_data_nothing_is_trained(background, trains, tmp_path):
    def refuse(path):
        path.write_text("half")
        raise ConfigurationError("no tasks")

    trains(FINISH)
    train(background, write_data=refuse)
    assert background.job == Job(1, "failed", "no tasks")
    assert names(tmp_path / "loop") == []


def test_a_model_that_cannot_be_served_is_removed(background, trains, tmp_path):
    def refuse(folder):
        raise ConfigurationError("no model")

    trains(FINISH)
    train(background, refuse)
    assert background.job == Job(1, "failed", "no model")
    assert names(tmp_path / "loop") == []


def test_one_at_a_time_and_the_end_leaves_nothing(background, trains, tmp_path):
    trains("(folder / 'here').touch(); time.sleep(60)")
    assert background.start(write_data, lambda folder: None)
    wait_until((tmp_path / "loop" / "training_1.partial" / "here").exists)
    assert not background.start(write_data, lambda folder: None)
    start = time.monotonic()
    background.close()
    assert time.monotonic() - start < 10
    assert names(tmp_path / "loop") == []


def test_what_a_killed_process_left_is_removed(tmp_path):
    folder = tmp_path / "loop"
    for name in ("training_1", "training_2.partial"):
        (folder / name).mkdir(parents=True)
    for name in ("training_1.jsonl", "training_2.jsonl"):
        (folder / name).touch()
    background = BackgroundTraining(folder, {})
    assert names(folder) == ["training_1", "training_1.jsonl"]
    with pytest.raises(ConfigurationError, match="another process trains in .*loop"):
        BackgroundTraining(folder, {})
    background.close()
    BackgroundTraining(folder, {}).close()
