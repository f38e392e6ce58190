"""Requests per second and latencies of servers with micro-batches against one that has none."""

import http.client
import json
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile

import numpy

from benchmarks.experiments import Folders, trained
from benchmarks.processes import last_children, memory_mib
from benchmarks.timing import Timer

_SERVERS = {
    "one at a time": ["--batch-size", "1", "--batch-wait-ms", "0"],
    "micro-batches": [],
    "two workers": ["--workers", "2"],
}
"""The options of each; the first is the one that the others are compared with."""


def measure_serving(
    timer: Timer,
    folders: Folders,
    num_clients: Sequence[int] = (1, 8, 32),
    num_requests: int = 288,
) -> None:
    """Each request is a sentence of CoNLL04's test split. Clients and servers share the machine."""
    folders.require("conll04", "glove-6b-50d", "minilm")
    bodies = [
        json.dumps({"tokens": document.tokens}).encode()
        for document in folders.conll04("test")[:num_requests]
    ]
    archive = trained("conll04_minilm", folders)
    latencies: dict[str, list[list[float]]] = {}
    with ExitStack() as stack:
        # All start at once, and one has nothing to do while another is measured.
        starting = {
            name: stack.enter_context(_server(archive, options))
            for name, options in _SERVERS.items()
        }
        processes = {name: wait_until_ready() for name, wait_until_ready in starting.items()}
        ports = {name: port for name, (port, _) in processes.items()}
        baseline = next(iter(ports))

        def load(name: str, number: int) -> None:
            latencies.setdefault(name, []).append(_ask_all(ports[name], bodies, number))

        for number in num_clients:
            latencies.clear()
            group = f"{len(bodies)} requests of one sentence by {number} clients"
            timer.time_in_turns(
                group,
                {name: partial(load, name, number) for name in ports},
                baseline=baseline,
                pieces=len(bodies),
                rate="requests",
            )
            for percentile in (50, 95, 99):
                # The first round was the warm-up.
                seconds = {
                    name: numpy.percentile(rounds[1:], percentile, axis=1).tolist()
                    for name, rounds in latencies.items()
                }
                timer.add(f"{group}: latency, {percentile}th percentile", seconds, baseline)
        for name, (_, pid) in processes.items():
            workers = [f"{own} and {shared}" for own, shared in map(memory_mib, last_children(pid))]
            if workers:
                timer.notes.append(
                    f"{name}: private and shared MiB of each worker: {', '.join(workers)}"
                )


def _ask_all(port: int, bodies: Sequence[bytes], num_clients: int) -> list[float]:
    """The seconds of each request; a client waits for an answer before it asks again."""
    own = threading.local()

    def connect() -> None:
        own.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(body: bytes) -> float:
        start = time.perf_counter()
        own.connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
        response = own.connection.getresponse()
        response.read()
        if response.status != 200:
            raise RuntimeError(f"a request was answered with {response.status}")
        return time.perf_counter() - start

    with ThreadPoolExecutor(num_clients, initializer=connect) as clients:
        return list(clients.map(ask, bodies))


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=60) as response:
            health = json.load(response)
    except urllib.error.HTTPError:
        # It has yet to answer once.
        return False
    return health["ready"] == health["workers"]


@contextmanager
def _server(archive: Path, options: Sequence[str]) -> Iterator[Callable[[], tuple[int, int]]]:
    """
    Starts a server, which ends with the block; call what it gives for its port and its process,
    once all workers are ready.
    """
    # What was encoded once is to be encoded again.
    overrides = {"model.text_field_embedder.token_embedders.minilm.cache_dir": None}
    command = [sys.executable, "-m", "dts_ee", "serve-dts", str(archive), "--port", "0"]
    command += ["--overrides", json.dumps(overrides), *options]
    with (
        TemporaryFile("w+", encoding="utf-8") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):

        def wait_until_ready() -> tuple[int, int]:
            assert process.stdout is not None
            address = process.stdout.readline().strip().rpartition(" ")[2]
            while (line := process.stdout.readline()) != "The model is loaded\n":
                # A server that fails prints no more.
                if not line:
                    log.seek(0)
                    raise RuntimeError(f"a server did not start: {log.read()[-2000:]}")
            while not _is_ready(address):
                time.sleep(0.1)
            return int(address.rpartition(":")[2]), process.pid

        try:
            yield wait_until_ready
        finally:
            process.terminate()
