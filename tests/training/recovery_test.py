import shutil
import signal

import pytest

from tests.torture.cut_off import TRAINERS, differences, recover, train, write_settings


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """A configuration, and the folder of a training that was not disturbed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    config = write_settings(folder / "config.json", "dts", num_epochs=2)
    assert train(config, folder / "out") == 0
    return config, folder / "out"


# While the vocabulary is written; before `best.th` of the first epoch; after the last metrics.
@pytest.mark.parametrize("operation", [8, 26, 48])
def test_what_is_killed_and_recovered_is_as_if_it_had_not_been(undisturbed, operation, tmp_path):
    config, folder = undisturbed
    assert train(config, tmp_path / "out", kill_before=operation) == -signal.SIGKILL
    assert recover(config, tmp_path / "out") == 0
    assert differences(tmp_path / "out", folder) == []


def test_a_finished_training_stays_as_it_is(undisturbed, tmp_path):
    config, folder = undisturbed
    shutil.copytree(folder, tmp_path / "out")
    for name in ("model.tar.gz", "metrics.json"):
        (tmp_path / "out" / name).unlink()
    assert recover(config, tmp_path / "out") == 0
    assert differences(tmp_path / "out", folder) == []


def test_a_training_that_was_stopped_early_is_not_trained_further(tmp_path):
    # The model learns nothing: no epoch is better than the first.
    optimizer = {"type": "sgd", "lr": 0.0}
    changes = {"validation_metric": "+mean_f1", "optimizer": optimizer}
    trainer = {**TRAINERS["dts"]["trainer"], **changes}
    config = write_settings(tmp_path / "config.json", "dts", num_epochs=6, trainer=trainer)
    folder, recovered = tmp_path / "out", tmp_path / "recovered"
    assert train(config, folder) == 0
    assert (folder / "metrics_epoch_1.json").exists()
    assert not (folder / "metrics_epoch_2.json").exists()
    shutil.copytree(folder, recovered)
    assert recover(config, recovered) == 0
    assert differences(recovered, folder) == []
