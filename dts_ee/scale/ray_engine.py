"""The engine `ray`: Ray Data, on a cluster or on this machine."""

import json
import logging
import os
import pickle
import platform
import socket
import time
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple

import pyarrow as pa
import ray
import torch
from allennlp.common.checks import ConfigurationError

from dts_ee.document import DocumentError
from dts_ee.predictors import DtsPredictor
from dts_ee.runs.machine import available_cores
from dts_ee.scale.model_source import ModelSource
from dts_ee.scale.output_folder import Counts, OutputFolder
from dts_ee.scale.shard_work import Job
from dts_ee.scale.shards import Shard

SPARE_CPUS = 2
"""What the readers and writers need beside the actors. Without it, Ray waits for ever."""

_CPUS_OF_READERS = 0.25
_MAX_RETRIES = 2
"""How often a shard is tried again whose process ends."""

_SECONDS_TO_CONNECT = 10.0

Row = Dict[str, Any]


def predict_shards(
    job: Job,
    shards: Sequence[Shard],
    model: ModelSource,
    num_workers: Optional[int] = None,
    address: Optional[str] = None,
) -> Iterator[Tuple[Shard, Counts]]:
    """
    Predicts shards with Ray Data: tasks that read, actors with the model, tasks that write.

    # Parameters

    job : `Job`
        What has to be done.
    shards : `Sequence[Shard]`
        The shards that are not finished.
    model : `ModelSource`
        The model, which each actor loads.
    num_workers : `int`, optional (default = `None`)
        The number of actors, each with one CPU and, if the model is on a GPU, one GPU; `None` for
        as many as there is room for.
    address : `str`, optional (default = `None`)
        The address of a cluster; `None` for one on this machine, which ends with this process.

    # Returns

    `Iterator[Tuple[Shard, Counts]]`
        The shards as they are finished.

    # Raises

    `ConfigurationError`
        If there is no such cluster, or it has too few CPUs for the actors.
    `DocumentError`, `OSError`
        As `ShardWorker`.
    """
    with _connected(num_workers, address):
        num_actors = _num_actors(num_workers)
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        rows: Any = ray.data.from_items(
            [
                {"shard": number, "data": b"", "cpu_seconds": 0.0, "failure": b""}
                for number in range(len(shards))
            ],
            override_num_blocks=len(shards),
        )
        # A shard is one row of Ray's, which is never divided. One reader is quick enough for many
        # actors, and does not read a file again from its beginning for each shard.
        for function, arguments, options in (
            (_Reader, (job, shards), _few_cpus(1)),
            (_Predictor, (job, model), _one_cpu(num_actors, model.cuda_device >= 0)),
            (_Writer, (job, shards), _few_cpus(1)),
        ):
            rows = rows.map(function, fn_constructor_args=arguments, **options)
        for row in rows.iter_rows():
            if row["failure"]:
                raise pickle.loads(row["failure"])
            yield shards[row["shard"]], Counts(**json.loads(row["data"]))


def _few_cpus(size: int) -> Dict[str, Any]:
    compute = ray.data.ActorPoolStrategy(size=size)
    return {"compute": compute, "num_cpus": _CPUS_OF_READERS, "max_task_retries": _MAX_RETRIES}


def _one_cpu(size: int, has_gpu: bool) -> Dict[str, Any]:
    # With more tasks in flight, the last shards would wait for a busy actor while others are idle.
    compute = ray.data.ActorPoolStrategy(size=size, max_tasks_in_flight_per_actor=2)
    options = {"compute": compute, "num_cpus": 1, "max_task_retries": _MAX_RETRIES}
    return {**options, "num_gpus": 1} if has_gpu else options


class _Stage:
    """
    A step of the work, in a process of Ray. What it raises is given to the next one as data, as
    Ray's own errors only have its text.
    """

    def __call__(self, row: Row) -> Row:
        if row["failure"]:
            return row
        start = time.process_time()
        try:
            data = self.work(row["shard"], row["data"], row["cpu_seconds"])
        except (ConfigurationError, DocumentError, OSError) as error:
            return {**row, "data": b"", "failure": pickle.dumps(error)}
        seconds = row["cpu_seconds"] + time.process_time() - start
        return {**row, "data": data, "cpu_seconds": seconds}

    def work(self, shard: int, data: bytes, cpu_seconds: float) -> bytes:
        """
        Does the step.

        # Parameters

        shard : `int`
            The index of the shard.
        data : `bytes`
            What the step before has returned.
        cpu_seconds : `float`
            The processor time of the steps before.
        """
        raise NotImplementedError


class _Reader(_Stage):
    """Reads the rows of a shard."""

    def __init__(self, job: Job, shards: Sequence[Shard]) -> None:
        self._reader = job.plan.reader()
        self._shards = shards

    def work(self, shard: int, data: bytes, cpu_seconds: float) -> bytes:
        return _to_bytes(self._reader.read(self._shards[shard].segments))


class _Predictor(_Stage):
    """Predicts the rows of a shard."""

    def __init__(self, job: Job, model: ModelSource) -> None:
        self._job = job
        self._model = model
        self._predictor: Optional[DtsPredictor] = None
        torch.set_num_threads(1)

    def work(self, shard: int, data: bytes, cpu_seconds: float) -> bytes:
        if self._predictor is None:
            if self._model.checksum() != self._job.settings["model"]["sha256"]:
                problem = f"it is another model on the node {platform.node()}"
                raise ConfigurationError(f"{self._model.model}: {problem}")
            self._predictor = self._model.load()
        return _to_bytes(self._job.predict(self._predictor, _from_bytes(data)))


class _Writer(_Stage):
    """Writes a shard."""

    def __init__(self, job: Job, shards: Sequence[Shard]) -> None:
        self._output = OutputFolder(job.output)
        self._shards = shards

    def work(self, shard: int, data: bytes, cpu_seconds: float) -> bytes:
        table = _from_bytes(data)
        counts = Counts.of(table, cpu_seconds)
        self._output.write_shard(self._shards[shard].name, table, counts)
        return json.dumps(asdict(counts)).encode()


def _to_bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _from_bytes(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()


@contextmanager
def _connected(num_workers: Optional[int], address: Optional[str]) -> Iterator[None]:
    """Connects to a cluster, or starts one on this machine, which ends at the end."""
    if ray.is_initialized():
        yield
        return
    options: Dict[str, Any] = {"address": address}
    if address is not None:
        _check_address(address)
    else:
        num_actors = num_workers or available_cores()
        # Readers and writers take little; Ray's CPUs only count what may run at the same time.
        options = {"address": "local", "num_cpus": num_actors + SPARE_CPUS}
    # Ray's log is in its own folder; errors are raised.
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    for handler in logging.getLogger("ray.data").handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.setLevel(logging.CRITICAL)
    try:
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
    except (ConnectionError, ValueError) as error:
        raise ConfigurationError(f"--address {address}: there is no Ray cluster: {error}") from None
    try:
        yield
    finally:
        ray.shutdown()


def _check_address(address: str) -> None:
    """Checks that somebody listens at an address; Ray itself tries it for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=_SECONDS_TO_CONNECT).close()
    except OSError as error:
        raise ConfigurationError(f"--address {address}: {error.strerror or error}") from None


def _num_actors(num_workers: Optional[int]) -> int:
    cpus = int(ray.cluster_resources().get("CPU", 0))
    room = cpus - SPARE_CPUS
    if room < 1 or (num_workers is not None and num_workers > room):
        wanted = f"--workers {num_workers}" if num_workers is not None else "an actor"
        raise ConfigurationError(
            f"the Ray cluster has {cpus} CPUs, too few for {wanted}: each takes one, and "
            f"{SPARE_CPUS} are left for reading and writing. "
            + (f"--workers {room} fits" if room > 0 else "Start Ray with --num-cpus 3 or more")
        )
    return num_workers or room
