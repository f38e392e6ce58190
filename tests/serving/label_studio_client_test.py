import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from allennlp.common.checks import ConfigurationError

from dts_ee.serving.label_studio_client import LabelStudioClient

PERSONAL, FORMER = "head.payload.signature", "0123456789abcdef"
TASKS = [{"id": 1, "data": {"text": "Ann"}, "annotations": []}]


class LabelStudio(BaseHTTPRequestHandler):
    """Answers as Label Studio 1.23 does."""

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        is_known = self.path == "/api/token/refresh" and body == {"refresh": PERSONAL}
        self.answer(200 if is_known else 401, {"access": "short"})

    def do_GET(self):
        if self.headers["Authorization"] not in ("Bearer short", f"Token {FORMER}"):
            self.answer(401, {"detail": "Invalid token."})
        elif self.path == "/api/projects/7/export?exportType=JSON":
            self.answer(200, TASKS)
        elif self.path.startswith("/api/projects/8/"):
            self.answer(200, {})
        else:
            self.answer(404, {"detail": "Not found."})

    def answer(self, status, content):
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def address():
    with ThreadingHTTPServer(("127.0.0.1", 0), LabelStudio) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("token", [PERSONAL, FORMER])
@pytest.mark.parametrize("end", ["", "/"])
def test_tasks_are_fetched_with_both_kinds_of_tokens(address, token, end):
    assert LabelStudioClient(address + end, token).annotated_tasks(7) == TASKS


@pytest.mark.parametrize(
    ("token", "project", "message"),
    [
        ("a.wrong.one", 7, "/api/token/refresh answers 401 Unauthorized: set LABEL_STUDIO_API_KEY"),
        ("wrong", 7, "/api/projects/7/export answers 401 Unauthorized: set LABEL_STUDIO_API_KEY"),
        (FORMER, 8, "/api/projects/8/export has no list of tasks"),
        (FORMER, 9, "/api/projects/9/export answers 404 Not Found$"),
    ],
)
def test_refusals_are_explained(address, token, project, message):
    with pytest.raises(ConfigurationError, match=message):
        LabelStudioClient(address, token).annotated_tasks(project)


def test_an_address_without_label_studio():
    with pytest.raises(ConfigurationError, match="cannot be reached .*: set LABEL_STUDIO_URL"):
        LabelStudioClient("http://127.0.0.1:1", FORMER).annotated_tasks(7)
