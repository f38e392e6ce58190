import http.client
import json
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.serving import ServingSettings
from dts_ee.serving.server import address_of, check_packages, listen, serve
from tests.serving.serving import FACTS, StubPredictor

SETTINGS = ServingSettings(max_body_bytes=1000, read_timeout=0.5)


class HeldPredictor(StubPredictor):
    """Waits at the word `hold`; its process ends at `end`, as if there were no more memory."""

    def __init__(self, held, free):
        super().__init__()
        self._held, self._go_on = held, free

    def predict_sentences(self, requests):
        words = [word for request in requests for word in request.sentences[0].tokens]
        if "hold" in words:
            self._held.release()
            # An `Event` would wait for those that were killed.
            assert self._go_on.acquire(timeout=60)
            self._go_on.release()
        if "end" in words:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().predict_sentences(requests)


class ServerProcess:
    """A server in a process of its own, of a `HeldPredictor`."""

    def __init__(self, log, workers=1):
        # A fork has all modules already.
        context = multiprocessing.get_context("fork")
        self.held, self.free = context.Semaphore(0), context.Semaphore(0)
        self._log = log
        self._settings = replace(SETTINGS, workers=workers)
        listener = listen("127.0.0.1", 0)
        self.port = listener.getsockname()[1]
        self.process = context.Process(target=self._serve, args=(listener,))
        self.process.start()
        listener.close()

    def _serve(self, listener):
        logging.disable(logging.NOTSET)
        logging.basicConfig(filename=self._log, level=logging.INFO, force=True)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            serve(self._load, listener, self._settings)
        except KeyboardInterrupt:
            # Not `sys.exit`, which in a fork would end what belongs to the tests.
            os._exit(7)
        os._exit(0)

    def _load(self):
        return HeldPredictor(self.held, self.free), FACTS

    def ask(self, method, path, value=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            body = None if value is None else json.dumps(value)
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def wait_for(self, state, ready=None):
        while True:
            health = json.loads(self.ask("GET", "/health")[1])
            if health["status"] == state and ready in (None, health["ready"]):
                return
            assert self.process.is_alive()
            time.sleep(0.001)

    def wait_for_pending(self, number):
        self.wait_for_metric("dts_ee_pending_inputs", number)

    def wait_for_metric(self, name, value):
        while f"{name} {value}.0" not in self.ask("GET", "/metrics")[1]:
            assert self.process.is_alive()

    def workers(self):
        """Their processes, by the levels of forks."""
        (starter,) = children_of(self.process.pid)
        (loader,) = children_of(starter)
        return loader, children_of(loader)

    def signal(self, number):
        assert self.process.pid is not None
        os.kill(self.process.pid, number)

    def status(self):
        self.process.join(60)
        return self.process.exitcode


@pytest.fixture
def server(tmp_path):
    server = ServerProcess(tmp_path / "log")
    try:
        server.wait_for("ready")
        yield server
    finally:
        server.process.kill()
        server.process.join()


def test_at_sigterm_what_was_accepted_is_answered_and_the_rest_refused(server, tmp_path):
    with ThreadPoolExecutor(16) as pool:
        accepted = [pool.submit(server.ask, "POST", "/predict", {"tokens": ["hold"]})]
        assert server.held.acquire(timeout=60)
        accepted.append(pool.submit(server.ask, "POST", "/predict", {"tokens": ["Xanthippe"]}))
        server.wait_for_pending(2)
        server.signal(signal.SIGTERM)
        server.wait_for("stopping")
        # This one was on its way.
        accepted.append(pool.submit(server.ask, "POST", "/predict", {"tokens": ["third"]}))
        server.wait_for_pending(3)
        time.sleep(0.6)
        status, body = server.ask("POST", "/predict", {"tokens": ["late"]})
        assert status == 503
        assert json.loads(body)["error"]["type"] == "stopping"
        server.free.release()
        statuses = [future.result()[0] for future in accepted]
    assert statuses == [200, 200, 200]
    assert server.status() == 0
    with pytest.raises(ConnectionRefusedError):
        server.ask("GET", "/health")
    log = (tmp_path / "log").read_text()
    assert "POST /predict 200" in log
    assert "Xanthippe" not in log


def test_a_second_signal_ends_it_at_once(server):
    with ThreadPoolExecutor(16) as pool:
        waiting = pool.submit(server.ask, "POST", "/predict", {"tokens": ["hold"]})
        assert server.held.acquire(timeout=60)
        server.signal(signal.SIGINT)
        server.wait_for("stopping")
        server.signal(signal.SIGINT)
        assert server.status() == 7
        # It is cut off, or told that it failed; it is not answered.
        error = waiting.exception()
        assert error is not None or waiting.result()[0] in (500, 503)


def test_a_body_that_is_too_large_is_refused_before_it_is_sent(server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000000000\r\n\r\n"
        )
        answer = b""
        while chunk := connection.recv(4096):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["type"] == "body_too_large"
    assert server.ask("POST", "/predict", {"tokens": ["next"]})[0] == 200


def test_a_model_whose_process_ends_is_started_again(server, tmp_path):
    with ThreadPoolExecutor(16) as pool:
        first = pool.submit(server.ask, "POST", "/predict", {"tokens": ["hold"]})
        assert server.held.acquire(timeout=60)
        innocent = [pool.submit(server.ask, "POST", "/predict", ["a", str(n)]) for n in range(8)]
        ending = pool.submit(server.ask, "POST", "/predict", {"tokens": ["end"]})
        server.wait_for_pending(10)
        # The model is at work, and the server answers.
        start = time.monotonic()
        assert server.ask("GET", "/health")[0] == 200
        assert time.monotonic() - start < 1
        server.free.release()
        assert first.result()[0] == 200
        assert [future.result()[0] for future in innocent] == 8 * [200]
        assert ending.result()[0] == 500
    server.wait_for("ready")
    log = (tmp_path / "log").read_text()
    assert log.count("Worker 1 ended") == 2
    assert log.count("Worker 1 is ready again") == 2


def test_the_processes_of_a_server_that_was_killed_end(server):
    with ThreadPoolExecutor(16) as pool:
        waiting = pool.submit(server.ask, "POST", "/predict", {"tokens": ["hold"]})
        assert server.held.acquire(timeout=60)
        parent = server.process.pid
        children = processes_below(parent)
        assert len(children) == 3
        server.signal(signal.SIGKILL)
        assert waiting.exception() is not None
        server.free.release()
    for child in children:
        wait_for_end(child)


def wait_for_end(pid):
    for _ in range(600):
        if not is_running(pid):
            return
        time.sleep(0.1)
    raise AssertionError(f"{pid} is running")


def is_running(pid):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def children_of(pid):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, fields = stat.read_text().rpartition(")")
        except OSError:
            continue
        if int(fields.split()[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def processes_below(pid):
    """The processes that a process has started, and those that they have."""
    children = children_of(pid)
    return [*children, *(found for child in children for found in processes_below(child))]


def test_workers_that_are_killed_are_replaced_and_nothing_is_lost(tmp_path):
    server = ServerProcess(tmp_path / "log", workers=2)
    try:
        server.wait_for("ready", 2)
        loader, workers = server.workers()
        # One that waits.
        os.kill(workers[0], signal.SIGKILL)
        server.wait_for_metric("dts_ee_worker_ends_total", 1)
        server.wait_for("ready", 2)
        _, workers = server.workers()
        assert len(workers) == 2
        with ThreadPoolExecutor(16) as pool:
            held = [pool.submit(server.ask, "POST", "/predict", ["hold"]) for _ in range(2)]
            for _ in held:
                assert server.held.acquire(timeout=60)
            others = [pool.submit(server.ask, "POST", "/predict", ["a", str(n)]) for n in range(8)]
            server.wait_for_pending(10)
            # One that predicts, and what they are forked from.
            for pid in (workers[0], loader):
                os.kill(pid, signal.SIGKILL)
                wait_for_end(pid)
            # What it had is with a new one.
            assert server.held.acquire(timeout=60)
            server.signal(signal.SIGTERM)
            server.wait_for("stopping", 2)
            server.free.release()
            answers = [future.result() for future in (*held, *others)]
        assert [status for status, _ in answers] == 10 * [200]
        assert [json.loads(body)["tokens"] for _, body in answers[2:]] == [
            ["a", str(n)] for n in range(8)
        ]
        children = processes_below(server.process.pid)
        assert server.status() == 0
        for pid in (*workers, *children):
            wait_for_end(pid)
    finally:
        server.process.kill()
        server.process.join()
    log = (tmp_path / "log").read_text()
    assert log.count(" ended") == log.count("is ready again") == 2


def send_for_ever(connection, data):
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with suppress(TimeoutError):
            connection.sendall(data)


def test_a_client_that_does_not_read_its_answer_is_not_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "SETTINGS", replace(SETTINGS, timeout=1.0))
    server = ServerProcess(tmp_path / "log")
    try:
        server.wait_for("ready")
        with socket.socket() as connection:
            # The system takes little of the answers, of 60 kB each.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", server.port))
            connection.settimeout(0.2)
            with pytest.raises(ConnectionError):
                send_for_ever(connection, b"GET /openapi.json HTTP/1.1\r\nHost: test\r\n\r\n")
        assert server.ask("POST", "/predict", ["next"])[0] == 200
    finally:
        server.process.kill()
        server.process.join()


@pytest.mark.parametrize("part", [b"", b"POST /predict HTTP/1.1\r\nHost: te"])
def test_heads_that_do_not_come_are_not_waited_for(server, part):
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(part)
        # Bytes that come one by one do not help.
        connection.settimeout(0.1)
        start = time.monotonic()
        closed = False
        while not closed and time.monotonic() - start < 30:
            try:
                if part:
                    connection.sendall(b"s")
                closed = connection.recv(1) == b""
            except TimeoutError:
                continue
            except ConnectionError:
                closed = True
    assert closed
    assert time.monotonic() - start > 0.3


def test_a_connection_serves_more_requests_later(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    for _ in range(2):
        connection.request("GET", "/health")
        assert connection.getresponse().read() == b'{"status":"ready","workers":1,"ready":1}'
        # Longer than a head may take.
        time.sleep(0.7)
    connection.close()


def test_clients_that_leave_are_no_errors(server, tmp_path):
    with ThreadPoolExecutor(16) as pool:
        waiting = pool.submit(server.ask, "POST", "/predict", {"tokens": ["hold"]})
        assert server.held.acquire(timeout=60)
        for _ in range(30):
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                connection.sendall(
                    b"POST /predict HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
                    b'Content-Length: 5\r\n\r\n["a"]'
                )
        server.wait_for_pending(1)
        server.free.release()
        assert waiting.result()[0] == 200
    server.signal(signal.SIGTERM)
    assert server.status() == 0
    log = (tmp_path / "log").read_text()
    assert "ERROR" not in log and "never retrieved" not in log and "Traceback" not in log


def test_a_model_that_cannot_be_loaded_ends_the_server():
    listener = listen("127.0.0.1", 0)

    def load():
        raise FileNotFoundError("there is no model")

    with pytest.raises(FileNotFoundError, match="there is no model"):
        serve(load, listener, SETTINGS)
    # Whoever closed it gave the address back.
    assert listener.fileno() == -1


def test_answers_do_not_wait_for_acknowledgements():
    with (
        listen("127.0.0.1", 0) as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as connection,
    ):
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_addresses():
    with listen("localhost", 0) as listener:
        port = listener.getsockname()[1]
        assert address_of(listener) == f"http://127.0.0.1:{port}"
        with pytest.raises(OSError, match=f"cannot listen at 127.0.0.1, port {port}: .*in use"):
            listen("127.0.0.1", port)
    for host, port in (("no such host", 0), ("127.0.0.1", 70_000)):
        with pytest.raises(OSError, match=f"cannot listen at {host}, port {port}"):
            listen(host, port)


def test_packages_that_are_missing_are_named(monkeypatch):
    check_packages()
    for name in ("fastapi", "uvicorn"):
        monkeypatch.setitem(sys.modules, name, None)
    message = r"serving needs fastapi, uvicorn: pip install 'dts_ee\[serve\]'"
    with pytest.raises(ConfigurationError, match=message):
        check_packages()
