"""
A training is killed before each operation on a file, and recovered.
"""

import random
import shutil
import signal

import pytest

from tests.torture.cut_off import TRAINERS, differences, recover, train, write_settings

KILLED = -signal.SIGKILL


@pytest.mark.parametrize("trainer", TRAINERS)
def test_killed_before_each_operation_on_a_file(trainer, tmp_path):
    config = write_settings(tmp_path / "config.json", trainer)
    undisturbed, folder = tmp_path / "undisturbed", tmp_path / "out"
    assert train(config, undisturbed) == 0
    lost = []
    number = 0
    while (status := train(config, folder, kill_before=number)) == KILLED:
        status = recover(config, folder)
        found = differences(folder, undisturbed) if status == 0 else [f"status {status}"]
        for difference in found:
            lost.append(number)
            print(f"{trainer}, killed before operation {number}: {difference}", flush=True)
        shutil.rmtree(folder)
        number += 1
    assert status == 0
    print(f"{trainer}: {number} kills, {len(set(lost))} lost")
    assert number >= 25
    assert lost == []


@pytest.mark.parametrize("trainer", TRAINERS)
def test_killed_at_any_time_and_killed_again_while_it_is_recovered(trainer, tmp_path):
    config = write_settings(tmp_path / "config.json", trainer)
    undisturbed, folder = tmp_path / "undisturbed", tmp_path / "out"
    assert train(config, undisturbed) == 0
    draw = random.Random(trainer)
    for attempt in range(5):
        for _ in range(3):
            status = recover(config, folder, kill_after=draw.uniform(0.3, 3))
            assert status in (0, KILLED)
        assert recover(config, folder) == 0
        assert differences(folder, undisturbed) == [], attempt
        shutil.rmtree(folder)


def test_a_checkpoint_within_an_epoch_has_the_same_weights(tmp_path):
    """Its metrics on the training data are those of the rest of the epoch."""
    checkpoints = {"save_every_num_batches": 1, "keep_most_recent_by_count": None}
    changes = {"trainer": {**TRAINERS["dts"]["trainer"], "checkpointer": checkpoints}}
    config = write_settings(tmp_path / "config.json", "dts", **changes)
    undisturbed, folder = tmp_path / "undisturbed", tmp_path / "out"
    assert train(config, undisturbed) == 0
    shutil.copytree(undisturbed, folder)
    for path in folder.glob("*_state_e*"):
        if path.name.split("_e")[1] > "1_b2.th":
            path.unlink()
    assert recover(config, folder) == 0
    found = differences(folder, undisturbed)
    assert all(difference.startswith("metrics") for difference in found), found
