"""
A server on 127.0.0.1 with what huggingface_hub's client asks of the Hugging Face hub to upload and
download models.
"""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

TOKEN = "hf_token"


@dataclass
class Hub:
    """What the server has: repositories with branches with files, and uploaded large files."""

    url: str = ""
    repositories: dict[str, dict[str, dict[str, bytes]]] = field(default_factory=dict)
    private: set[str] = field(default_factory=set)
    large_files: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)


@contextmanager
def serve_hub(port: int = 0) -> Iterator[Hub]:
    """A server without repositories."""
    hub = Hub()
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler_of(hub))
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler_of(hub: Hub) -> type:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self._resolve()

        def do_GET(self) -> None:
            self._resolve()

        def do_PUT(self) -> None:
            content = self._content()
            oid = self.path.rpartition("/")[2]
            assert hashlib.sha256(content).hexdigest() == oid
            hub.large_files[oid] = content
            self._answer(200, b"")

        def do_POST(self) -> None:
            hub.requests.append(f"POST {self.path}")
            content = self._content()
            parts = unquote(self.path).strip("/").split("/")
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self._json({"error": "Invalid username or password."}, 401)
            elif parts[:2] == ["api", "repos"]:
                self._create(json.loads(content))
            elif parts[:2] == ["api", "validate-yaml"]:
                assert json.loads(content)["content"].startswith("---\n")
                self._json({"warnings": [], "errors": []})
            elif parts[:2] == ["api", "models"]:
                branches = hub.repositories["/".join(parts[2:4])]
                getattr(self, f"_{parts[4]}")(branches, parts[5], content)
            else:
                self._batch(json.loads(content))

        def _create(self, request: dict[str, Any]) -> None:
            name = f"{request['organization']}/{request['name']}"
            if name in hub.repositories:
                self._json({"error": "You already created this repo", "url": name}, 409)
                return
            hub.repositories[name] = {"main": {}}
            if request.get("private") or request.get("visibility") == "private":
                hub.private.add(name)
            self._json({"url": f"{hub.url}/{name}"})

        def _branch(self, branches: dict[str, Any], branch: str, content: bytes) -> None:
            exists = branch in branches
            branches.setdefault(branch, dict(branches["main"]))
            self._json({"error": "Reference exists"} if exists else {}, 409 if exists else 200)

        def _preupload(self, branches: dict[str, Any], branch: str, content: bytes) -> None:
            files = [
                {
                    "path": file["path"],
                    "uploadMode": "lfs" if file["path"].endswith(".gz") else "regular",
                    "shouldIgnore": False,
                }
                for file in json.loads(content)["files"]
            ]
            self._json({"files": files})

        def _batch(self, request: dict[str, Any]) -> None:
            objects = [
                {**item, "actions": {"upload": {"href": f"{hub.url}/large/{item['oid']}"}}}
                for item in request["objects"]
            ]
            self._json({"transfer": "basic", "objects": objects})

        def _commit(self, branches: dict[str, Any], branch: str, content: bytes) -> None:
            for line in map(json.loads, content.splitlines()):
                value = line["value"]
                if line["key"] == "file":
                    branches[branch][value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    branches[branch][value["path"]] = hub.large_files[value["oid"]]
            url = f"{hub.url}/{'/'.join(self.path.split('/')[3:5])}/commit/{'a' * 40}"
            self._json({"success": True, "commitUrl": url, "commitOid": "a" * 40})

        def _resolve(self) -> None:
            hub.requests.append(f"{self.command} {self.path}")
            parts = unquote(self.path).strip("/").split("/")
            name = "/".join(parts[:2])
            is_owner = self.headers.get("Authorization") == f"Bearer {TOKEN}"
            branches = hub.repositories.get(name)
            if branches is None or (name in hub.private and not is_owner):
                self._answer(404 if is_owner else 401, b"", {"X-Error-Code": "RepoNotFound"})
            elif parts[3] not in branches:
                self._answer(404, b"", {"X-Error-Code": "RevisionNotFound"})
            elif parts[4] not in branches[parts[3]]:
                self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
            else:
                content = branches[parts[3]][parts[4]]
                digest = hashlib.sha256(content).hexdigest()
                self._answer(200, content, {"ETag": f'"{digest}"', "X-Repo-Commit": digest[:40]})

        def _content(self) -> bytes:
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))

        def _json(self, value: Any, status: int = 200) -> None:
            self._answer(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

        def _answer(
            self, status: int, content: bytes, headers: dict[str, str] | None = None
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            pass

    return Handler
