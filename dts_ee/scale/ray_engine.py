"""The engine `ray`: Ray Data, on a cluster or on this machine."""

import json
import logging
import os
import pickle
import platform
import socket
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import pyarrow as pa
import ray
import torch
from allennlp.common.checks import ConfigurationError

from dts_ee.document import DocumentError
from dts_ee.predictors import DtsPredictor
from dts_ee.runs.machine import available_cores
from dts_ee.scale.arrow_batches import ReadBatch, predict_rows, predicted_batch
from dts_ee.scale.model_source import ModelSource
from dts_ee.scale.output_folder import Counts, OutputFolder
from dts_ee.scale.shard_work import Job
from dts_ee.scale.shards import Shard

SPARE_CPUS = 2
"""What the readers and writers need beside the actors. Without it, Ray waits for ever."""

_FEW_CPUS = {"num_cpus": 0.25}
_ONE_CPU = {"num_cpus": 1.0}
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
    Predicts shards with Ray Data. If the model is on a GPU, the actors that call it do nothing
    else: others, on CPUs, find sentences, tokens and indices before them.

    # Parameters

    job : `Job`
        What has to be done.
    shards : `Sequence[Shard]`
        The shards that are not finished.
    model : `ModelSource`
        The model, which each actor loads.
    num_workers : `int`, optional (default = `None`)
        The number of actors that call the model, each with one CPU and, if the model is on a GPU,
        one GPU; `None` for as many as there is room for. With GPUs, the actors that read and index
        tokens take the other CPUs.
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
    with _connected(_cpus_of_this_machine(num_workers, model), address):
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
        for function, arguments, size, options in (
            (_Reader, (job, shards), 1, _FEW_CPUS),
            *_model_stages(job, model, num_workers),
            (_Writer, (job, shards), 1, _FEW_CPUS),
        ):
            # With more tasks in flight, the last shards would wait for a busy actor while others
            # have nothing to do.
            compute = ray.data.ActorPoolStrategy(size=size, max_tasks_in_flight_per_actor=2)
            rows = rows.map(
                function,
                fn_constructor_args=arguments,
                compute=compute,
                max_task_retries=_MAX_RETRIES,
                **options,
            )
        for row in rows.iter_rows():
            if row["failure"]:
                raise pickle.loads(row["failure"])
            yield shards[row["shard"]], Counts(**json.loads(row["data"]))


def _model_stages(job: Job, model: ModelSource, num_workers: Optional[int]) -> List[Tuple]:
    """The steps between reading and writing, with their arguments, actors and resources."""
    if not _is_on_gpu(model):
        num_actors = _num_actors(num_workers, 0)
        return [(_Predictor, (job, model), num_actors, _ONE_CPU)]
    num_gpus = int(ray.cluster_resources().get("GPU", 0))
    if num_gpus < (num_workers or 1):
        raise ConfigurationError(
            f"the Ray cluster has {num_gpus} GPUs, too few for --workers {num_workers or 1}"
        )
    num_forward = num_workers or num_gpus
    num_actors = _num_actors(None, num_forward)
    return [
        (_Preparer, (job, replace(model, cuda_device=-1)), num_actors, _ONE_CPU),
        # Ray shows an actor only its own GPU, which is number 0 there.
        (_Forward, (job, replace(model, cuda_device=0)), num_forward, {**_ONE_CPU, "num_gpus": 1}),
        (_Finisher, (job,), 1, _FEW_CPUS),
    ]


def _is_on_gpu(model: ModelSource) -> bool:
    return model.cuda_device >= 0


class _Stage(ABC):
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

    @abstractmethod
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


class _Reader(_Stage):
    """Reads the rows of a shard."""

    def __init__(self, job: Job, shards: Sequence[Shard]) -> None:
        self._reader = job.plan.reader()
        self._shards = shards

    def work(self, shard: int, data: bytes, cpu_seconds: float) -> bytes:
        return _to_bytes(self._reader.read(self._shards[shard].segments))


class _ModelStage(_Stage):
    """A step with the predictor, which is loaded for the first shard."""

    def __init__(self, job: Job, model: ModelSource) -> None:
        self._job = job
        self._model = model
        self._loaded: Optional[DtsPredictor] = None
        torch.set_num_threads(1)

    @property
    def predictor(self) -> DtsPredictor:
        """The predictor."""
        if self._loaded is None:
            if self._model.checksum() != self._job.settings["model"]["sha256"]:
                problem = f"it is another model on the node {platform.node()}"
                raise ConfigurationError(f"{self._model.model}: {problem}")
            self._loaded = self._model.load()
        return self._loaded


class _Predictor(_ModelStage):
    """Predicts the rows of a shard."""

    def work(self, shard: int, data: bytes, cpu_seconds: float) -> bytes:
        return _to_bytes(self._job.predict(self.predictor, _from_bytes(data)))


class _Preparer(_ModelStage):
    """Makes the arguments of the model of the rows of a shard."""

    def work(self, shard: int, data: bytes, cpu_seconds: float) -> bytes:
        return pickle.dumps(self._job.read(self.predictor, _from_bytes(data)))


class _Forward(_ModelStage):
    """Calls the model, and nothing else."""

    def work(self, shard: int, data: bytes, cpu_seconds: float) -> bytes:
        batches: List[ReadBatch] = pickle.loads(data)
        return pickle.dumps(
            [
                (replace(batch, prepared=None), predict_rows(self.predictor, batch))
                for batch in batches
            ]
        )


class _Finisher(_Stage):
    """Makes the columns of the output."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def work(self, shard: int, data: bytes, cpu_seconds: float) -> bytes:
        stop = self._job.stop_on_error
        batches = [predicted_batch(read, found, stop) for read, found in pickle.loads(data)]
        return _to_bytes(self._job.table(batches))


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


def _cpus_of_this_machine(num_workers: Optional[int], model: ModelSource) -> int:
    """
    How many CPUs Ray is told that this machine has. They only say what may run at the same time,
    and reading and writing take little.
    """
    cores = available_cores()
    return SPARE_CPUS + (num_workers or cores) + (cores if _is_on_gpu(model) else 0)


@contextmanager
def _connected(num_cpus: int, address: Optional[str]) -> Iterator[None]:
    """Connects to a cluster, or starts one on this machine, which ends at the end."""
    if ray.is_initialized():
        yield
        return
    options: Dict[str, Any] = {"address": "local", "num_cpus": num_cpus}
    if address is not None:
        _check_address(address)
        options = {"address": address}
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


def _num_actors(num_workers: Optional[int], num_others: int) -> int:
    """The number of actors with a CPU each, beside others."""
    cpus = int(ray.cluster_resources().get("CPU", 0))
    room = cpus - SPARE_CPUS - num_others
    if room < 1 or (num_workers is not None and num_workers > room):
        wanted = "its actors" if num_workers is None else f"--workers {num_workers}"
        beside = f" beside {num_others} with a GPU" if num_others else ""
        raise ConfigurationError(
            f"the Ray cluster has {cpus} CPUs, too few for {wanted}{beside}: an actor takes one, "
            f"and {SPARE_CPUS} are left for reading and writing. "
            + (f"--workers {room} fits" if room > 0 else "Start Ray with a larger --num-cpus")
        )
    return num_workers or room
