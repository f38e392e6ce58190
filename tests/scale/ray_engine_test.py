"""The engine `ray`, where it is installed; each test starts a cluster on this machine."""

import json
import multiprocessing
import os
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.document import DocumentError
from dts_ee.scale import shards
from dts_ee.scale.output_folder import MANIFEST_NAME
from dts_ee.scale.row_columns import RowColumns
from dts_ee.scale.run import Task
from tests.scale.rows import TEXTS, assert_like_predictor, read_output, write_lines

pytest.importorskip("ray", reason="Ray is not installed: pip install 'dts_ee[ray]'")

NUM_ROWS = 600
ROWS: list[dict[str, Any]] = [
    {"text": f"{TEXTS[i % 5]} {TEXTS[2]}", "id": str(i)} for i in range(NUM_ROWS)
]
LINES = [*ROWS, {"text": None, "id": "null"}, {"text": "", "id": "empty"}]


@pytest.fixture
def task(model, tmp_path, monkeypatch):
    monkeypatch.setattr(shards, "_ROWS_OF_SHARD", (20, 20))
    # Shards have rows of two files.
    for part in range(7):
        (tmp_path / "in").mkdir(exist_ok=True)
        write_lines(tmp_path / "in" / f"{part}.jsonl", *LINES[part::7])
    source, output = str(tmp_path / "in"), str(tmp_path / "out")
    return Task(model, source, output, RowColumns(id="id"), "ray", workers=1, batch_size=20)


def assert_complete(task, predictor):
    """Asserts that no row is lost, none is there twice, and good ones are the predictor's."""
    found = read_output(Path(task.output))
    rows = {row["id"]: row for row in found}
    assert len(found) == len(LINES)
    assert rows.keys() == {line["id"] for line in LINES}
    assert rows["null"]["error"] == "field text: it is null"
    assert (rows["empty"]["error"], rows["empty"]["sentences"]) == (None, [])
    good = [line for line in LINES if line["text"] is not None]
    assert_like_predictor(
        [rows[line["id"]] for line in good], [line["text"] for line in good], predictor
    )
    assert json.loads((Path(task.output) / MANIFEST_NAME).read_text())["complete"]
    assert len(list(Path(task.output).glob("*.parquet"))) == -(-len(LINES) // 20)


def start(task):
    """A process that runs the task, after its first shard."""
    process = multiprocessing.get_context("fork").Process(target=task.run)
    process.start()
    while not list(Path(task.output).glob("*.parquet")):
        assert process.is_alive()
        time.sleep(0.02)
    return process


def actors():
    """The processes of the actors that predict."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = path.read_bytes()
        except OSError:
            continue
        if command.startswith(b"ray::") and b"_Predictor" in command:
            found.append(int(path.parent.name))
    return found


def test_an_actor_that_is_killed_loses_nothing(task, predictor):
    process = start(task)
    (actor,) = actors()
    os.kill(actor, signal.SIGKILL)
    num_finished = len(list(Path(task.output).glob("*.parquet")))
    process.join()
    assert process.exitcode == 0
    assert num_finished < 25
    assert_complete(task, predictor)


def test_a_driver_that_is_killed_goes_on(task, predictor):
    process = start(task)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    # Its actors end with it.
    deadline = time.monotonic() + 60
    while actors():
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert 0 < task.run()["last_call"]["rows"] < len(LINES)
    assert_complete(task, predictor)


def test_errors_of_other_processes_are_raised_here(model, tmp_path):
    source = write_lines(tmp_path / "in.jsonl", *LINES[-3:])
    task = Task(
        model, str(source), str(tmp_path / "out"), engine="ray", workers=1, stop_on_error=True
    )
    with pytest.raises(DocumentError, match="file in.jsonl, document row 2, field text: it is nul"):
        task.run()


@pytest.fixture
def cluster(monkeypatch):
    """A cluster of four CPUs, with a GPU as far as Ray knows."""
    import ray

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    ray.init(num_cpus=4, num_gpus=1, log_to_driver=False)
    yield
    ray.shutdown()


def test_too_few_cpus_or_gpus_are_refused(task, cluster, monkeypatch):
    from dts_ee.scale import ray_engine

    with pytest.raises(ConfigurationError, match="has 4 CPUs, too few for --workers 3: an actor t"):
        replace(task, workers=3).run()
    assert ray_engine._num_actors(2, 0) == ray_engine._num_actors(None, 0) == 2
    assert ray_engine._num_actors(None, 1) == 1
    monkeypatch.setattr(ray_engine, "available_cores", lambda: 8)
    on_gpu = replace(task.model, cuda_device=0)
    assert ray_engine._cpus_of_this_machine(None, task.model) == 8 + 2
    assert ray_engine._cpus_of_this_machine(3, task.model) == 3 + 2
    assert ray_engine._cpus_of_this_machine(2, on_gpu) == 2 + 8 + 2
    with pytest.raises(ConfigurationError, match="for its actors beside 2 with a GPU: .* larger"):
        ray_engine._num_actors(None, 2)
    monkeypatch.setattr(ray_engine, "_is_on_gpu", lambda model: True)
    with pytest.raises(ConfigurationError, match="has 1 GPUs, too few for --workers 2"):
        replace(task, workers=2).run()
    assert not Path(task.output, "part-000000.parquet").exists()


def test_the_model_alone_is_called_on_a_gpu(task, predictor, cluster, monkeypatch):
    """On the CPU: Ray believes in a GPU."""
    from dts_ee.scale import ray_engine

    monkeypatch.setattr(ray_engine, "_is_on_gpu", lambda model: True)
    stages = ray_engine._model_stages

    def on_cpu(job, model, num_workers):
        preparer, (function, _, size, options), finisher = stages(job, model, num_workers)
        assert options == {"num_cpus": 1, "num_gpus": 1}
        return [preparer, (function, (job, model), size, options), finisher]

    monkeypatch.setattr(ray_engine, "_model_stages", on_cpu)
    task.run()
    assert_complete(task, predictor)


def test_there_is_no_cluster(task):
    from dts_ee.scale.ray_engine import _check_address

    with pytest.raises(ConfigurationError, match="--address 127.0.0.1:9: Connection refused"):
        _check_address("127.0.0.1:9")
