"""Requests per second and latencies of a server with micro-batches against one that has none."""

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
from benchmarks.timing import Timer

_SERVERS = {"one at a time": ["--batch-size", "1", "--batch-wait-ms", "0"], "micro-batches": []}
"""The options of each; the first is the one that the other is compared with."""


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
        ports = {name: wait_until_ready() for name, wait_until_ready in starting.items()}
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


@contextmanager
def _server(archive: Path, options: Sequence[str]) -> Iterator[Callable[[], int]]:
    """Starts a server, which ends with the block; call what it gives for the port, once ready."""
    # What was encoded once is to be encoded again.
    overrides = {"model.text_field_embedder.token_embedders.minilm.cache_dir": None}
    command = [sys.executable, "-m", "dts_ee", "serve-dts", str(archive), "--port", "0"]
    command += ["--overrides", json.dumps(overrides), *options]
    with (
        TemporaryFile("w+", encoding="utf-8") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):

        def wait_until_ready() -> int:
            assert process.stdout is not None
            # The second line says that the model is loaded. A server that fails prints no more.
            address = process.stdout.readline().strip().rpartition(" ")[2]
            if not process.stdout.readline():
                log.seek(0)
                raise RuntimeError(f"a server did not start: {log.read()[-2000:]}")
            while True:
                try:
                    with urllib.request.urlopen(f"{address}/health", timeout=60):
                        return int(address.rpartition(":")[2])
                except urllib.error.HTTPError:
                    # It has yet to answer once.
                    time.sleep(0.1)

        try:
            yield wait_until_ready
        finally:
            process.terminate()
