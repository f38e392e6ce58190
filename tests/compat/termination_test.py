import os
import signal
from contextlib import suppress

from allennlp.common.util import install_sigterm_handler
from allennlp.training import TrainerCallback

from tests.torture.cut_off import TRAINERS, differences, recover, train, write_settings


@TrainerCallback.register("ended_by_sigterm")
class EndedBySigterm(TrainerCallback):
    """Ends the training by SIGTERM while metrics are written, where an exception is caught."""

    is_on = True

    def on_start(self, trainer, is_primary=True, **kwargs):
        install_sigterm_handler()

    def on_epoch(self, trainer, metrics, epoch, is_primary=True, **kwargs):
        if epoch == 1 and self.is_on:
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            except BaseException:
                raise AssertionError("not before the checkpoint is written") from None


@TrainerCallback.register("swallows_sigterm")
class SwallowsSigterm(EndedBySigterm):
    """Catches the exit, before the training begins."""

    def on_start(self, trainer, is_primary=True, **kwargs):
        super().on_start(trainer)
        if self.is_on:
            self.swallow()

    def swallow(self):
        with suppress(BaseException):
            os.kill(os.getpid(), signal.SIGTERM)


def settings_with(callback, path):
    trainer = {**TRAINERS["dts"]["trainer"], "patience": None, "callbacks": [callback]}
    return write_settings(path, "dts", num_epochs=3, trainer=trainer)


def test_a_training_ends_by_sigterm_after_it_has_written_its_files(tmp_path, monkeypatch):
    config = settings_with("ended_by_sigterm", tmp_path / "config.json")
    folder = tmp_path / "out"
    assert train(config, folder) == 128 + signal.SIGTERM
    assert "Ended by SIGTERM." in (tmp_path / "out.log").read_text()
    assert (folder / "training_state_e2_b0.th").exists()
    assert not (folder / "training_state_e3_b0.th").exists()

    monkeypatch.setattr(EndedBySigterm, "is_on", False)
    assert train(config, tmp_path / "undisturbed") == 0
    assert recover(config, folder) == 0
    assert differences(folder, tmp_path / "undisturbed") == []


def test_sigterm_that_something_catches_ends_the_training_all_the_same(tmp_path):
    config = settings_with("swallows_sigterm", tmp_path / "config.json")
    assert train(config, tmp_path / "out") == 128 + signal.SIGTERM
    assert not list((tmp_path / "out").glob("*.th"))
