"""A file server, a pip and a workspace that need no network."""

import hashlib
import json
import socket
import threading
import zipfile
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Optional

import pytest

from dts_ee.resources import KnownFile
from dts_ee.resources.download import Downloader
from dts_ee.resources.source import Workspace


@dataclass
class FileServer:
    """What a server on 127.0.0.1 offers, how it misbehaves, and what it was asked for."""

    url: str = ""
    files: Dict[str, bytes] = field(default_factory=dict)
    etags: Dict[str, str] = field(default_factory=dict)
    # Statuses to answer with before the files are given, one for each request.
    statuses: List[int] = field(default_factory=list)
    # After how many bytes to close the connection, one for each request.
    breaks: List[int] = field(default_factory=list)
    supports_ranges: bool = True
    is_silent: bool = False
    requests: List[Dict[str, str]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)


def _handler_of(server: FileServer) -> type:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.requests.append({"path": self.path, **self.headers})
            if server.is_silent:
                server.released.wait(10)
                return
            if server.statuses:
                self._answer(server.statuses.pop(0), b"<html>Sorry</html>")
                return
            name = self.path.lstrip("/")
            if name not in server.files:
                self._answer(404, b"<html>No such file</html>")
                return
            content = server.files[name]
            start = self._start(name)
            if start >= len(content) > 0:
                self._answer(416, b"", {"Content-Range": f"bytes */{len(content)}"})
                return
            extra = {"ETag": server.etags[name]} if name in server.etags else {}
            if start:
                extra["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            self._answer(206 if start else 200, content[start:], extra)

        def _start(self, name: str) -> int:
            wanted = self.headers.get("Range")
            condition = self.headers.get("If-Range")
            if wanted is None or not server.supports_ranges:
                return 0
            if condition is not None and condition != server.etags.get(name):
                return 0
            return int(wanted.removeprefix("bytes=").removesuffix("-"))

        def _answer(
            self, status: int, content: bytes, extra: Optional[Dict[str, str]] = None
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            for name, value in (extra or {}).items():
                self.send_header(name, value)
            self.end_headers()
            if status in (200, 206) and server.breaks:
                content = content[: server.breaks.pop(0)]
            self.wfile.write(content)
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Tests look at the requests, nobody at a log."""

    return Handler


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    # A proxy that the machine may need for the network must not be asked for 127.0.0.1.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    offer = FileServer()
    http = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(offer))
    offer.url = f"http://127.0.0.1:{http.server_port}/"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield offer
    offer.released.set()
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def downloader() -> Downloader:
    return Downloader(read_timeout=5.0, attempts=3, pause=0.0)


@pytest.fixture
def workspace(tmp_path: Path, downloader: Downloader) -> Workspace:
    folder = tmp_path / "workspace" / "example"
    folder.mkdir(parents=True)
    return Workspace(folder, downloader)


@pytest.fixture
def known() -> Callable[[str, bytes], KnownFile]:
    """Makes the `KnownFile` of some content."""
    return lambda name, content: KnownFile(name, len(content), hashlib.sha256(content).hexdigest())


@dataclass
class FakePip:
    """
    A module that takes pip's place in new processes: it copies wheels out of a folder.

    # Parameters

    index : `Path`
        Holds the wheels, by their file names.
    calls : `Path`
        A file with the arguments of each call, as a JSON list in each line.
    """

    index: Path
    calls: Path

    def add_wheel(self, name: str, members: Dict[str, bytes]) -> bytes:
        """Offer a wheel, and return its bytes."""
        path = self.index / name
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        return path.read_bytes()

    @property
    def arguments(self) -> List[List[str]]:
        """The arguments of all calls so far."""
        if not self.calls.exists():
            return []
        return [json.loads(line) for line in self.calls.read_text().splitlines()]


_FAKE_PIP = """
import json, pathlib, shutil, sys
index, calls = pathlib.Path({index!r}), pathlib.Path({calls!r})
with calls.open("a") as stream:
    print(json.dumps(sys.argv[1:]), file=stream)
options = dict(word.split("=", 1) for word in sys.argv if word.startswith("--") and "=" in word)
requirement = sys.argv[-2]
print("Looking for", requirement)
if "install" in sys.argv:
    shutil.copytree(index / "installable", options["--target"])
else:
    project, version = requirement.split("==")
    wheel = index / f"{{project.replace('-', '_')}}-{{version}}-py3-none-any.whl"
    if not wheel.exists():
        sys.exit("ERROR: No matching distribution found for " + requirement)
    shutil.copy(wheel, options["--dest"])
"""


@pytest.fixture
def fake_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakePip:
    modules = tmp_path / "modules"
    pip = FakePip(tmp_path / "index", tmp_path / "pip_calls")
    pip.index.mkdir()
    (modules / "pip").mkdir(parents=True)
    (modules / "pip" / "__init__.py").touch()
    (modules / "pip" / "__main__.py").write_text(
        _FAKE_PIP.format(index=str(pip.index), calls=str(pip.calls))
    )
    monkeypatch.setenv("PYTHONPATH", str(modules))
    return pip


@pytest.fixture
def unused_port(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
