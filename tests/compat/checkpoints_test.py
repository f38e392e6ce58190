import resource
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.training import Checkpointer, GradientDescentTrainer
from allennlp.training.trainer import TrainerCheckpoint


def trainer_after(epochs: int) -> Any:
    """A trainer as `Checkpointer.save_checkpoint` sees it."""
    position = {"epochs_completed": epochs, "batches_in_epoch_completed": 0}
    state = TrainerCheckpoint({"weight": torch.ones(1000) * epochs}, position)
    return SimpleNamespace(get_checkpoint_state=lambda: state)


@pytest.mark.parametrize(
    "value",
    [
        numpy.float64(0.5),
        numpy.float32(0.5),
        numpy.int64(3),
        numpy.int32(3),
        numpy.bool_(True),
        numpy.arange(3.0),
    ],
    ids=lambda value: type(value).__name__ + str(value.dtype),
)
def test_numpy_values_in_a_training_state_are_loaded(tmp_path, value):
    torch.save({"learning_rate_scheduler": {"last_values": [value]}}, tmp_path / "state.th")
    loaded = torch.load(tmp_path / "state.th")["learning_rate_scheduler"]["last_values"][0]
    assert type(loaded) is type(value)
    numpy.testing.assert_array_equal(loaded, value)


def test_a_checkpoint_half_written_leaves_the_one_before(tmp_path, monkeypatch):
    checkpointer = Checkpointer(tmp_path)
    checkpointer.save_checkpoint(trainer_after(1))
    whole_save = torch.save
    half_written = []

    def killed_while_saving(state, file):
        whole_save(state, file)
        file.truncate(file.tell() // 2)
        half_written.append(file.name)
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", killed_while_saving)
    with pytest.raises(KeyboardInterrupt):
        checkpointer.save_checkpoint(trainer_after(2))

    assert half_written
    assert not Path(half_written[0]).exists()
    loaded = Checkpointer(tmp_path).load_checkpoint()
    assert loaded is not None
    assert loaded.trainer_state["epochs_completed"] == 1


def test_a_trainer_state_without_a_model_state_is_removed(tmp_path):
    checkpointer = Checkpointer(tmp_path)
    checkpointer.save_checkpoint(trainer_after(1))
    checkpointer.save_checkpoint(trainer_after(2))
    (tmp_path / "model_state_e1_b0.th").unlink()
    Checkpointer(tmp_path).load_checkpoint()
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"model_state_e2_b0.th", "training_state_e2_b0.th"}


def test_a_model_state_without_a_trainer_state_is_dropped(tmp_path):
    checkpointer = Checkpointer(tmp_path)
    checkpointer.save_checkpoint(trainer_after(1))
    checkpointer.save_checkpoint(trainer_after(2))
    (tmp_path / "training_state_e2_b0.th").unlink()

    loaded = Checkpointer(tmp_path).load_checkpoint()

    assert loaded is not None
    assert loaded.trainer_state["epochs_completed"] == 1
    assert not (tmp_path / "model_state_e2_b0.th").exists()


def test_the_best_model_half_written_leaves_the_one_before(tmp_path, monkeypatch):
    trainer: Any = SimpleNamespace(model=torch.nn.Linear(1, 1), _ddp_wrapped_model=None)
    best = tmp_path / "best.th"
    GradientDescentTrainer._save_model_state(trainer, str(best))
    before = best.read_bytes()

    def killed_while_saving(state, file):
        file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(torch, "save", killed_while_saving)
    with pytest.raises(KeyboardInterrupt):
        GradientDescentTrainer._save_model_state(trainer, str(best))
    assert best.read_bytes() == before


def test_a_damaged_checkpoint_is_removed_in_favour_of_the_one_before(tmp_path, caplog):
    checkpointer = Checkpointer(tmp_path)
    for epochs in (1, 2):
        checkpointer.save_checkpoint(trainer_after(epochs))
    damaged = tmp_path / "model_state_e2_b0.th"
    damaged.write_bytes(damaged.read_bytes()[:1000])

    loaded = Checkpointer(tmp_path).load_checkpoint()

    assert loaded is not None
    assert loaded.trainer_state["epochs_completed"] == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "model_state_e1_b0.th",
        "training_state_e1_b0.th",
    ]
    for path in tmp_path.iterdir():
        path.write_bytes(b"damaged")
    with pytest.raises(ConfigurationError, match="e1_b0.th or .* is damaged, .* no other"):
        Checkpointer(tmp_path).load_checkpoint()


@pytest.mark.parametrize("suffix", ["model", "training"])
def test_a_full_disk_is_an_error_with_the_name_of_the_file(tmp_path, suffix):
    # As on a full disk, a file cannot grow further; Python ignores the signal.
    checkpointer = Checkpointer(tmp_path)
    checkpointer.save_checkpoint(trainer_after(1))
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    if suffix == "training":
        Path(checkpointer._model_state_path(2, 0)).write_bytes(b"")
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match="large") as raised:
            checkpointer.save_checkpoint(trainer_after(2))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert raised.value.filename == str(tmp_path / f"{suffix}_state_e2_b0.th")
    assert not list(tmp_path.glob("*.tmp"))
    loaded = Checkpointer(tmp_path).load_checkpoint()
    assert loaded is not None and loaded.trainer_state["epochs_completed"] == 1
