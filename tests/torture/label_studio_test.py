"""
The annotation loop together with a Label Studio that runs: predict, annotate, train, predict again.

`LABEL_STUDIO` is the path of its program; `make label-studio-test` installs it.
"""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Optional

import pytest
import requests

from dts_ee.corpora.spert import read_documents
from dts_ee.document import Document
from tests.documents import TINY_NEWS
from tests.paths import FIXTURES, PROJECT

SECONDS = 600

GO_ON = {
    "dataset_reader": {"type": "spert"},
    "train_data_path": "of the experiment",
    "model": {"type": "dts"},
    "data_loader": {
        "batch_sampler": {"type": "bucket", "batch_size": 4, "sorting_keys": ["tokens"]}
    },
    "trainer": {"type": "dts", "num_epochs": 25, "optimizer": {"type": "adam", "lr": 0.01}},
}


def wait_for(condition: Callable[[], Any], process: subprocess.Popen) -> Any:
    """What a condition returns when that is true, while a process runs."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, "the process has ended"
        try:
            found = condition()
        except requests.ConnectionError:
            found = None
        if found:
            return found
        time.sleep(0.5)
    raise AssertionError("it takes too long")


class LabelStudio:
    """A Label Studio with one user, which sends nothing to anyone."""

    def __init__(self, program: str, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self._session = requests.Session()
        token = secrets.token_hex(20)
        self._session.headers["Authorization"] = f"Token {token}"
        user = ["--username", "a@example.org", "--password", secrets.token_hex(8)]
        with (folder / "label_studio.log").open("w") as log:
            self.process = subprocess.Popen(
                [program, "start", "--no-browser", "--internal-host", "127.0.0.1"]
                + ["--port", str(port), *user, "--user-token", token],
                cwd=folder,
                env={
                    **os.environ,
                    "LABEL_STUDIO_BASE_DATA_DIR": str(folder / "label_studio"),
                    "DJANGO_DB": "sqlite",
                    "COLLECT_ANALYTICS": "false",
                    "LATEST_VERSION_CHECK": "false",
                    "SENTRY_DSN": "",
                    "FRONTEND_SENTRY_DSN": "",
                    # Otherwise it refuses a backend on the same machine.
                    "USE_DEFAULT_BANNED_SUBNETS": "false",
                    # For this test; the backend has a personal token.
                    "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
                },
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_for(lambda: requests.get(f"{self.address}/health", timeout=60).ok, self.process)

    def call(self, method: str, path: str, value: Any = None) -> Any:
        """The answer to a request of its API."""
        response = self._session.request(method, f"{self.address}/api/{path}", json=value)
        assert response.ok, f"{path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    def tasks(self, project: int) -> list[dict[str, Any]]:
        """The tasks of a project, with all that they have."""
        return self.call("GET", f"tasks?project={project}&page_size=100&fields=all")["tasks"]

    def predict(self, project: int) -> list[dict[str, Any]]:
        """The newest prediction for each task of a project."""
        items = {"selectedItems": {"all": True, "excluded": []}, "project": str(project)}
        self.call("POST", f"dm/actions?id=retrieve_tasks_predictions&project={project}", items)
        return [max(task["predictions"], key=lambda p: p["id"]) for task in self.tasks(project)]


class Backend:
    """The command, as a user starts it."""

    def __init__(self, folder: Path, variables: dict[str, str], *arguments: object) -> None:
        command = [sys.executable, "-m", "dts_ee", "label-studio", *map(str, arguments)]
        with (folder / "backend.log").open("a") as log:
            self.process = subprocess.Popen(
                [*command, "--port", "0"],
                cwd=folder,
                env={
                    **os.environ,
                    "PYTHONPATH": str(PROJECT),
                    "OMP_NUM_THREADS": "1",
                    **variables,
                },
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        self.address = self.process.stdout.readline().split()[-1]
        lines = iter(self.process.stdout.readline, "</View>\n")
        printed = "".join(lines) + "</View>"
        self.label_config = printed[printed.index("<View>") :]

    def job(self) -> dict[str, Any]:
        """The state of the last training."""
        return requests.get(f"{self.address}/health", timeout=60).json()["training"]

    def stop(self) -> Optional[int]:
        """Ends it, and returns its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)


@pytest.fixture(scope="module")
def label_studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabelStudio]:
    program = os.environ.get("LABEL_STUDIO")
    if program is None:
        pytest.skip("LABEL_STUDIO, the path of the program, is not set")
    studio = LabelStudio(program, tmp_path_factory.mktemp("label_studio"))
    yield studio
    studio.process.terminate()
    studio.process.wait(60)


def result_of(document: Document) -> list[dict[str, Any]]:
    """An annotation, as an annotator submits it."""
    result: list[dict[str, Any]] = []
    for i, entity in enumerate(document.entities):
        start, end = document.character_span(*entity.span)
        value = {"start": start, "end": end, "text": document.entity_text(entity)}
        names = {"from_name": "label", "to_name": "text", "type": "labels"}
        result.append({"id": f"r{i}", **names, "value": {**value, "labels": [entity.type]}})
    for relation in document.relations:
        ends = {"from_id": f"r{relation.head}", "to_id": f"r{relation.tail}"}
        labels = [relation.type]
        result.append({"type": "relation", **ends, "direction": "right", "labels": labels})
    return result


def labels(predictions: list[dict[str, Any]], kind: str) -> set[str]:
    """The labels of all entities (`labels`) or relations (`relation`)."""
    results = (item for prediction in predictions for item in prediction["result"])
    return {
        label
        for item in results
        if item["type"] == kind
        for label in (item["value"] if kind == "labels" else item)["labels"]
    }


def test_predict_annotate_train_and_predict_again(
    label_studio: LabelStudio, news_archive: Path, tmp_path: Path
) -> None:
    sample = FIXTURES / "sample"
    news = read_documents(sample / "news_train.json")[:10]
    reports = read_documents(sample / "case_reports_train.json")[:10]
    (tmp_path / "go_on.json").write_text(json.dumps(GO_ON))
    token = label_studio.call("POST", "token/")["token"]
    variables = {"LABEL_STUDIO_URL": label_studio.address, "LABEL_STUDIO_API_KEY": token}
    arguments = [news_archive, "--train", "go_on.json", "-s", "loop", "--train-data", TINY_NEWS]
    backend = Backend(tmp_path, variables, *arguments)
    config = backend.label_config.replace(
        "  </Labels>", '    <Label value="Drug"/><Label value="Adverse-Effect"/>\n  </Labels>'
    ).replace("  </Relations>", '    <Relation value="Adverse-Effect"/>\n  </Relations>')
    try:
        project = label_studio.call("POST", "projects", {"label_config": config})["id"]
        texts = [{"text": " ".join(document.tokens)} for document in (*news, *reports)]
        label_studio.call("POST", f"projects/{project}/import", texts)
        model = label_studio.call("POST", "ml", {"url": backend.address, "project": project})
        assert model["state"] == "CO"

        before = label_studio.predict(project)
        assert {prediction["model_version"] for prediction in before} == {model["model_version"]}
        assert labels(before, "labels") <= {"Loc", "Org", "Other", "Peop"}

        for task, document in zip(label_studio.tasks(project), (*news, *reports), strict=True):
            annotation = {"result": result_of(document)}
            label_studio.call("POST", f"tasks/{task['id']}/annotations", annotation)
        label_studio.call("POST", f"ml/{model['id']}/train")
        wait_for(lambda: backend.job()["status"] != "running", backend.process)
        assert backend.job() == {"number": 1, "status": "finished"}

        after = label_studio.predict(project)
        [later] = {prediction["model_version"] for prediction in after}
        assert later != model["model_version"]
        [connected] = label_studio.call("GET", f"ml?project={project}")
        assert (connected["state"], connected["model_version"]) == ("CO", later)
        assert {"Peop", "Drug", "Adverse-Effect"} <= labels(after, "labels")
        assert "Adverse-Effect" in labels(after, "relation")

        label_studio.call("POST", f"ml/{model['id']}/train")
        partial = tmp_path / "loop" / "training_2.partial"
        wait_for((partial / "log.txt").exists, backend.process)
    finally:
        status = backend.stop()
    assert status == 143
    left = {path.name for path in (tmp_path / "loop").iterdir()}
    assert left - {".lock"} == {"training_1", "training_1.jsonl"}

    backend = Backend(tmp_path, variables, *arguments)
    served = requests.get(f"{backend.address}/health", timeout=60).json()["model_version"]
    backend.stop()
    assert served == later
