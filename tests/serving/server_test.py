import http.client
import json
import logging
import multiprocessing
import os
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.serving import ServingSettings
from dts_ee.serving.server import address_of, check_packages, listen, serve

SETTINGS = ServingSettings(max_body_bytes=1000)


class ServerProcess:
    """
    A server in a process of its own, of a model that is held at the input `{"tokens": ["hold"]}`.
    """

    def __init__(self, log):
        # A fork has all modules already.
        context = multiprocessing.get_context("fork")
        self.held, self.free = context.Event(), context.Event()
        self._log = log
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
            serve(lambda: self._predict, listener, SETTINGS)
        except KeyboardInterrupt:
            # Not `sys.exit`, which in a fork would end what belongs to the tests.
            os._exit(7)
        os._exit(0)

    def _predict(self, inputs):
        if inputs[0] == {"tokens": ["hold"]}:
            self.held.set()
            assert self.free.wait(60)
        return [{**item, "entities": [], "relations": []} for item in inputs]

    def ask(self, method, path, value=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            body = None if value is None else json.dumps(value)
            connection.request(method, path, body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, response.read().decode()
        finally:
            connection.close()

    def wait_for(self, state):
        while json.loads(self.ask("GET", "/health")[1])["status"] != state:
            assert self.process.is_alive()

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
    with ThreadPoolExecutor() as pool:
        accepted = [pool.submit(server.ask, "POST", "/predict", {"tokens": ["hold"]})]
        assert server.held.wait(60)
        accepted.append(pool.submit(server.ask, "POST", "/predict", {"tokens": ["Xanthippe"]}))
        while "dts_ee_pending_inputs 2.0" not in server.ask("GET", "/metrics")[1]:
            assert server.process.is_alive()
        server.signal(signal.SIGTERM)
        server.wait_for("stopping")
        status, body = server.ask("POST", "/predict", {"tokens": ["late"]})
        assert status == 503
        assert json.loads(body)["error"]["type"] == "stopping"
        server.free.set()
        statuses = [future.result()[0] for future in accepted]
    assert statuses == [200, 200]
    assert server.status() == 0
    with pytest.raises(ConnectionRefusedError):
        server.ask("GET", "/health")
    log = (tmp_path / "log").read_text()
    assert "POST /predict 200" in log
    assert "Xanthippe" not in log


def test_a_second_signal_ends_it_at_once(server):
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(server.ask, "POST", "/predict", {"tokens": ["hold"]})
        assert server.held.wait(60)
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
