"""The engine `ray`: Ray Data, on a cluster or on this machine."""

import json
import logging
import os
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

_OWN_ERRORS = (ConfigurationError, DocumentError, OSError)

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
            [{"shard": number} for number in range(len(shards))], override_num_blocks=len(shards)
        )
        # A shard is one row of Ray's, which is never divided. One reader is quick enough for many
        # actors, and does not read a file again from its beginning for each shard.
        for function, arguments, options in (
            (_Reader, (job, shards), _few_cpus(1)),
            (_Predictor, (job, model), _one_cpu(num_actors, model.cuda_device >= 0)),
            (_Writer, (job, shards), _few_cpus(1)),
        ):
            rows = rows.map(function, fn_constructor_args=arguments, **options)
        try:
            for row in rows.iter_rows():
                yield shards[row["shard"]], Counts(**json.loads(row["counts"]))
        except Exception as error:
            raise _cause(error) from None


def _few_cpus(size: int) -> Dict[str, Any]:
    compute = ray.data.ActorPoolStrategy(size=size)
    return {"compute": compute, "num_cpus": _CPUS_OF_READERS, "max_task_retries": _MAX_RETRIES}


def _one_cpu(size: int, has_gpu: bool) -> Dict[str, Any]:
    # With more tasks in flight, the last shards would wait for a busy actor while others are idle.
    compute = ray.data.ActorPoolStrategy(size=size, max_tasks_in_flight_per_actor=2)
    options = {"compute": compute, "num_cpus": 1, "max_task_retries": _MAX_RETRIES}
    return {**options, "num_gpus": 1} if has_gpu else options


class _Reader:
    """Reads the rows of a shard."""

    def __init__(self, job: Job, shards: Sequence[Shard]) -> None:
        self._reader = job.plan.reader()
        self._shards = shards

    def __call__(self, row: Row) -> Row:
        start = time.process_time()
        rows = _to_bytes(self._reader.read(self._shards[row["shard"]].segments))
        return {"shard": row["shard"], "rows": rows, "cpu_seconds": time.process_time() - start}


class _Predictor:
    """Predicts the rows of a shard."""

    def __init__(self, job: Job, model: ModelSource) -> None:
        if model.checksum() != job.settings["model"]["sha256"]:
            raise ConfigurationError(f"{model.model}: it is another model on {platform.node()}")
        torch.set_num_threads(1)
        self._job = job
        self._predictor = model.load()

    def __call__(self, row: Row) -> Row:
        start = time.process_time()
        table = self._job.predict(self._predictor, _from_bytes(row["rows"]))
        seconds = row["cpu_seconds"] + time.process_time() - start
        return {"shard": row["shard"], "rows": _to_bytes(table), "cpu_seconds": seconds}


class _Writer:
    """Writes a shard."""

    def __init__(self, job: Job, shards: Sequence[Shard]) -> None:
        self._output = OutputFolder(job.output)
        self._shards = shards

    def __call__(self, row: Row) -> Row:
        table = _from_bytes(row["rows"])
        counts = Counts.of(table, row["cpu_seconds"])
        self._output.write_shard(self._shards[row["shard"]].name, table, counts)
        return {"shard": row["shard"], "counts": json.dumps(asdict(counts))}


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
        num_actors = num_workers or len(os.sched_getaffinity(0))
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


def _cause(error: BaseException) -> BaseException:
    """What a function raised, in another process, inside Ray's errors."""
    cause: Optional[BaseException] = error
    while cause is not None:
        for inner in (cause, getattr(cause, "cause", None)):
            if type(inner) in _OWN_ERRORS or isinstance(inner, OSError):
                return inner
        cause = cause.__cause__
    return error
