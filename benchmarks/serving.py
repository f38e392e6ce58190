"""Requests a second and latencies of a server with micro-batches against one that has none."""

import http.client
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryFile

from benchmarks.experiments import trained
from benchmarks.measure import Row, Settings, Table, time_interleaved
from dts_ee.corpora.spert import read_documents

_EXPERIMENT = "conll04_minilm"
_ENCODER = "minilm"
_EPOCHS = 3
"""Enough for a model that finds about as many entities as there are."""

_SERVERS = {"one at a time": ["--batch-size", "1", "--batch-wait-ms", "0"], "micro-batches": []}
"""The options of each; the first is the one that the other is compared with."""

_PERCENTILES = (50, 95, 99)
_SECONDS_TO_START = 300


def run(
    settings: Settings,
    num_clients: Sequence[int] = (1, 8, 32),
    num_requests: int = 288,
    epochs: int = _EPOCHS,
) -> list[Table]:
    """
    Each request is a sentence of CoNLL04's test split, and each client waits for an answer before
    it asks again.

    # Raises

    `RuntimeError`
        If a server does not start, or does not answer a request.
    """
    settings.require("conll04", "glove-6b-50d", _ENCODER)
    documents = read_documents(settings.resources / "conll04" / "conll04_test.json")
    bodies = [
        json.dumps({"tokens": list(document.tokens)}).encode()
        for document in documents[:num_requests]
    ]
    archive = trained(_EXPERIMENT, settings, epochs)
    table = Table(
        "serving",
        f"{_EXPERIMENT}, trained for {epochs} epochs: {len(bodies)} sentences of CoNLL04's test "
        "split over HTTP, one in a request; clients and server on one machine",
    )
    with ExitStack() as stack:
        # All start at once, and one has nothing to do while another is measured.
        starting = {
            name: stack.enter_context(_server(archive, options))
            for name, options in _SERVERS.items()
        }
        ports = {name: wait_until_ready() for name, wait_until_ready in starting.items()}
        for number in num_clients:
            table.rows += _measure(ports, bodies, number, settings.runs)
    return [table]


def _measure(
    ports: dict[str, int], bodies: Sequence[bytes], num_clients: int, runs: int
) -> list[Row]:
    latencies: dict[str, list[list[float]]] = {name: [] for name in ports}

    def load(name: str) -> None:
        latencies[name].append(_ask_all(ports[name], bodies, num_clients))

    seconds = time_interleaved({name: partial(load, name) for name in ports}, runs)
    baseline = next(iter(ports))
    prefix = f"{num_clients} client{'' if num_clients == 1 else 's'}"
    rows = []
    for name in ports:
        compared = None if name == baseline else f"{prefix}, {baseline}"
        rows.append(
            Row(f"{prefix}, {name}", seconds[name], "requests/s", len(bodies), baseline=compared)
        )
        # The first was the warm-up.
        cuts = [quantiles(run, n=100, method="inclusive") for run in latencies[name][-runs:]]
        for percentile in _PERCENTILES:
            suffix = f": latency, p{percentile}"
            rows.append(
                Row(
                    f"{prefix}, {name}{suffix}",
                    [cut[percentile - 1] for cut in cuts],
                    "ms",
                    baseline=None if compared is None else f"{compared}{suffix}",
                )
            )
    return rows


def _ask_all(port: int, bodies: Sequence[bytes], num_clients: int) -> list[float]:
    """Asks everything with so many clients at once; the seconds of each request."""
    waiting = iter(bodies)
    lock = threading.Lock()

    def ask() -> list[float]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        seconds: list[float] = []
        try:
            while True:
                with lock:
                    body = next(waiting, None)
                if body is None:
                    return seconds
                start = time.perf_counter()
                connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                response.read()
                seconds.append(time.perf_counter() - start)
                if response.status != 200:
                    raise RuntimeError(f"a request was answered with {response.status}")
        finally:
            connection.close()

    with ThreadPoolExecutor(num_clients) as pool:
        clients = [pool.submit(ask) for _ in range(num_clients)]
        return [seconds for client in clients for seconds in client.result()]


@contextmanager
def _server(archive: Path, options: Sequence[str]) -> Iterator[Callable[[], int]]:
    """Starts a server, which ends with the block; call what it gives for the port, once ready."""
    encoder = f"model.text_field_embedder.token_embedders.{_ENCODER}"
    command = [sys.executable, "-m", "dts_ee", "serve-dts", str(archive), "--port", "0"]
    # What was encoded once is to be encoded again.
    command += ["--overrides", json.dumps({f"{encoder}.cache_dir": None}), *options]
    environment = {**os.environ, "ALLENNLP_LOG_LEVEL": "WARNING"}
    with (
        TemporaryFile("w+", encoding="utf-8") as log,
        subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):

        def wait_until_ready() -> int:
            assert process.stdout is not None
            # A server that fails ends, and what it would have said is empty.
            line = process.stdout.readline()
            deadline = time.monotonic() + _SECONDS_TO_START
            while line and process.poll() is None and time.monotonic() < deadline:
                if _is_ready(line.split()[-1]):
                    return int(line.rpartition(":")[2])
                time.sleep(0.2)
            log.seek(0)
            raise RuntimeError(f"a server did not start: {log.read()[-2000:]}")

        try:
            yield wait_until_ready
        finally:
            process.terminate()


def _is_ready(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=60):
            return True
    except OSError:
        # It is being loaded, or has just failed.
        return False
