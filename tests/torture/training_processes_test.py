"""
Trainings in processes of their own, as a user starts them: signals, and what they leave running.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dts_ee.runs.tuning import GRACE_SECONDS
from tests.paths import PROJECT
from tests.torture.cut_off import command, differences, recover, train, write_settings

MARK = "DTS_EE_TORTURE"


def start(*words, folder):
    """Starts a command, whose processes have the folder in their environment."""
    with open(f"{folder}.log", "a") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "dts_ee", *map(str, words)],
            env={**os.environ, "PYTHONPATH": str(PROJECT), MARK: str(folder)},
            stdout=log,
            stderr=log,
            # As a background job of a script: it and its children ignore interrupts.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        )


def processes_of(folder):
    """The running processes that were started for the folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            environment = (path / "environ").read_bytes().split(b"\0")
            is_zombie = (path / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
        except OSError:
            continue
        if f"{MARK}={folder}".encode() in environment and not is_zombie:
            found.append(int(path.name))
    return found


def wait_until(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)
    return condition()


def test_sigterm_at_any_time_ends_the_training(tmp_path):
    # It does not stop early, and lasts longer than any of the times.
    trainer = {"type": "dts"}
    config = write_settings(tmp_path / "config.json", "dts", num_epochs=1000, trainer=trainer)
    folder = tmp_path / "out"
    statuses = []
    for tenths in range(2, 100, 7):
        process = start("train", config, "-s", folder, folder=folder)
        time.sleep(tenths / 10)
        assert process.poll() is None, (tmp_path / "out.log").read_text()
        process.terminate()
        statuses.append(process.wait(timeout=60))
        assert not [*tmp_path.glob("out/*.tmp"), *tmp_path.glob("out/*.partial")]
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{len(statuses)} times ended by SIGTERM, with the statuses {statuses}")
    assert set(statuses) <= {-signal.SIGTERM, 128 + signal.SIGTERM}


def write_distributed(path, devices, num_epochs=3):
    config = write_settings(path, "gradient_descent", num_epochs, distributed=devices)
    settings = json.loads(config.read_text())
    del settings["trainer"]["cuda_device"], settings["evaluate_on_test"]
    config.write_text(json.dumps(settings))
    return config


@pytest.fixture(scope="module")
def distributed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("distributed")
    config = write_distributed(folder / "config.json", {"cuda_devices": [-1, -1]})
    assert start("train", config, "-s", folder / "out", folder=folder / "out").wait() == 0
    return config, folder / "out"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("file", ["vocabulary", "training_state_e1_b0.th"])
def test_the_processes_of_a_distributed_training_end_with_their_parent(
    number, file, distributed, tmp_path
):
    config, undisturbed = distributed
    folder = tmp_path / "out"
    process = start("train", config, "-s", folder, folder=folder)
    assert wait_until((folder / file).exists, 120)
    process.send_signal(number)
    process.wait(timeout=60)
    # Those that have just been started notice it when they have imported what they need.
    assert wait_until(lambda: not processes_of(folder), 60)

    recovering = start("train", config, "-s", folder, "--recover", folder=folder)
    assert recovering.wait() == 0, (tmp_path / "out.log").read_text()
    found = differences(folder, undisturbed)
    assert [line for line in found if "out_worker" not in line] == []


def test_two_machines_recover_from_the_same_epoch(tmp_path):
    """Two trainings on this machine, each with a folder of its own, as on two machines."""
    devices = {"cuda_devices": [-1], "num_nodes": 2, "primary_address": "127.0.0.1"}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        devices["primary_port"] = free.getsockname()[1]
    # The others notice within a second that a machine is lost.
    config = write_distributed(tmp_path / "config.json", devices, num_epochs=60)
    folders = [tmp_path / "first", tmp_path / "second"]

    def run(*options, until=None):
        processes = [
            start("train", config, "-s", folder, "--node-rank", rank, *options, folder=folder)
            for rank, folder in enumerate(folders)
        ]
        if until is not None:
            assert wait_until((folders[1] / until).exists, 120)
            processes[1].kill()
        return [process.wait(timeout=120) for process in processes]

    def last_lines():
        return [Path(f"{folder}.log").read_text().splitlines()[-1] for folder in folders]

    assert run(until="training_state_e1_b0.th") == [1, -signal.SIGKILL]
    assert "another process of the distributed training" in last_lines()[0]
    for file in folders[1].glob("*state_e*"):
        file.unlink()
    assert run("--recover") == [2, 2]
    for line in last_lines():
        assert re.search(r"checkpoints of different epochs \([1-9], 0; 0 for none\)", line), line
    shutil.rmtree(folders[1])
    shutil.copytree(folders[0], folders[1])
    assert run("--recover") == [0, 0]
    assert [line for line in differences(*folders) if "out_worker" not in line] == []
    # AllenNLP keeps two by default.
    assert [len(list(folder.glob("training_state_*"))) for folder in folders] == [2, 2]


def several_trainings(verb, tmp_path):
    """A command that trains in processes of its own, and the folder of the only training."""
    config = write_settings(tmp_path / "config.json", "dts", num_epochs=3)
    if verb == "repeat":
        return [verb, config, "--seeds", "1", "-s"], "seed_1"
    if verb == "cross-validate":
        folds = tmp_path / "folds.jsonnet"
        folds.write_text("function(fold=0) import 'config.json'")
        return [verb, folds, "--folds", "4", "-s"], "fold_4"
    space = tmp_path / "space.json"
    space.write_text('{"model.dropout": {"type": "categorical", "choices": [0.3]}}')
    return [verb, config, space, "--trials", "1", "-s"], "trial_0"


@pytest.mark.parametrize("verb", ["repeat", "cross-validate"])
def test_several_trainings_are_recovered_after_any_operation_on_a_file(verb, tmp_path):
    words, name = several_trainings(verb, tmp_path)
    undisturbed = tmp_path / "undisturbed"
    assert command([*words, undisturbed], undisturbed) == 0
    for number in (0, 3, 8, 10, 12, 14):
        folder = tmp_path / f"out{number}"
        status = command([*words, folder], folder, kill_before=number)
        assert status == -signal.SIGKILL
        assert command([*words, folder], folder) == 0, Path(f"{folder}.log").read_text()
        assert differences(folder / name, undisturbed / name) == [], number
        assert not list(folder.rglob("*.tmp"))


@pytest.mark.parametrize("verb", ["repeat", "cross-validate", "tune"])
def test_several_trainings_end_with_their_parent_and_are_recovered(verb, tmp_path):
    words, name = several_trainings(verb, tmp_path)
    undisturbed = tmp_path / "undisturbed"
    assert command([*words, undisturbed], undisturbed) == 0
    # Until the first checkpoint, and after it.
    for file in ("vocabulary", "training_state_e1_b0.th"):
        folder = tmp_path / f"after_{file}"
        process = start(*words, folder, folder=folder)
        assert wait_until(lambda path=folder / name / file: path.exists(), 120)
        process.kill()
        process.wait()
        assert wait_until(lambda folder=folder: not processes_of(folder), 5)
        if verb == "tune":
            time.sleep(GRACE_SECONDS + 5)
        assert command([*words, folder], folder) == 0, Path(f"{folder}.log").read_text()
        assert differences(folder / name, undisturbed / name) == []


def test_two_threads_give_the_same_bits_each_time(tmp_path):
    config = write_settings(tmp_path / "config.json", "dts")
    for name in ("one", "two"):
        process = subprocess.run(
            [sys.executable, "-m", "dts_ee", "train", str(config), "-s", str(tmp_path / name)],
            env={**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "2"},
        )
        assert process.returncode == 0
    assert differences(tmp_path / "one", tmp_path / "two") == []


def test_what_is_left_of_a_killed_training_is_removed(tmp_path):
    config = write_settings(tmp_path / "config.json", "dts", num_epochs=1)
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "config.json.123.tmp").write_text("{")
    assert train(config, folder) == 0
    (folder / "model.tar.gz.partial").write_text("half")
    assert recover(config, folder) == 0
    assert not [*folder.glob("*.tmp"), *folder.glob("*.partial")]
