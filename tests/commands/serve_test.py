import argparse
import functools
import inspect
import json
import logging
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from typing import Any

import pytest
import torch
from allennlp.commands import parse_args
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor, SentenceTaggerPredictor

from dts_ee.commands.serve import _num_threads, serve_from_args
from dts_ee.commands.server_arguments import add_server_arguments
from dts_ee.serving.server import listen
from tests.commands.command_line import run_allennlp
from tests.paths import PROJECT

TEXT = "Marta Lindqvist grew up in Tarnby and now writes for the Harbour Gazette."


run = functools.partial(run_allennlp, "serve-dts")


def ask(address, body=None, content_type="application/json"):
    request = urllib.request.Request(address, body, {"Content-Type": content_type})
    with urllib.request.urlopen(request, timeout=120) as response:
        return response.read().decode()


def is_ready(address):
    try:
        return json.loads(ask(f"{address}/health"))["status"] == "ready"
    except urllib.error.HTTPError:
        return False


def test_an_archive_is_served_until_sigterm(news_archive, tmp_path):
    thresholds = {"entity_threshold": "Org=1", "relation_threshold": "0"}
    predictor = Predictor.from_archive(load_archive(news_archive), extra_args=thresholds)
    inputs: list[dict[str, Any]] = [
        {"sentence": TEXT, "relation_threshold": {"Work_For": 1.0}},
        {"tokens": TEXT[:-1].split()},
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "dts_ee", "serve-dts", str(news_archive), "--port", "0"]
        + ["--workers", "2", "--max-items", "2", "--predictor-args", '{"max_batch_tokens": 50}']
        + ["--entity-threshold", "Org=1", "--relation-threshold", "0"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(PROJECT), "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("Listening at http://127.0.0.1:")
        address = line.split()[-1]
        assert process.stdout.readline().startswith(
            "2 workers, each with 1 of torch's threads, on "
        )
        assert process.stdout.readline() == "The model is loaded\n"
        # It has yet to answer once.
        while not is_ready(address):
            assert process.poll() is None
        answers = json.loads(ask(f"{address}/predict", json.dumps(inputs).encode()))
        for answer, expected in zip(answers, predictor.predict_batch_json(inputs), strict=True):
            assert answer["tokens"] == expected["tokens"]
            assert len(answer["entities"]) == len(expected["entities"])
            assert len(answer["relations"]) == len(expected["relations"])
            for one, other in zip(answer["entities"], expected["entities"], strict=True):
                assert one == {
                    **other,
                    "probability": pytest.approx(other["probability"], abs=1e-4),
                }
        assert any(answer["entities"] for answer in answers)
        assert "Org" not in {item["type"] for answer in answers for item in answer["entities"]}
        types = json.loads(ask(f"{address}/types"))
        assert types["model"]["name"] == news_archive.parent.name
        assert types["model"]["training_data"] == ["news.json"]
        assert types["entity_threshold"]["Org"] == 1 and types["entity_threshold"]["Loc"] == 0
        assert set(types["relation_threshold"].values()) == {0}
        assert types["relation_types"] == list(types["relation_threshold"])
        wrong = json.dumps({"sentence": TEXT, "entity_threshold": "Ogr=1"}).encode()
        with pytest.raises(urllib.error.HTTPError) as raised:
            ask(f"{address}/predict", wrong)
        error = json.loads(raised.value.read())["error"]
        assert (error["status"], error["field"]) == (422, "entity_threshold")
        assert "'Ogr'; did you mean Org?" in error["message"]
        with pytest.raises(urllib.error.HTTPError, match="422"):
            ask(f"{address}/predict", json.dumps([*inputs, *inputs]).encode())
        page = ask(f"{address}/", b"text=Tarnby", "application/x-www-form-urlencoded")
        assert "Tarnby</textarea>" in page
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0, log
    assert "POST /predict 200" in log
    assert "Lindqvist" not in log and "Tarnby" not in log
    assert "Traceback" not in log


def test_a_missing_archive_ends_the_command(tmp_path, capsys):
    assert run(tmp_path / "model.tar.gz", "--port", 0) == 2
    captured = capsys.readouterr()
    assert "model.tar.gz" in captured.err
    assert "The model is loaded" not in captured.out


@pytest.mark.parametrize("port", ["99999", "65536", "-1", "http", "8_000"])
def test_a_port_that_is_none_is_a_mistake(tmp_path, capsys, port):
    assert run(tmp_path / "model.tar.gz", f"--port={port}") == 2
    assert f"--port: '{port}' is no port: it should be 0 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a*b", "*.", "", "a.org:80", "[::1]:80", "http://a.org", "a b"])
def test_a_host_that_is_no_name_is_a_mistake(tmp_path, capsys, name):
    assert run(tmp_path / "model.tar.gz", f"--allowed-host={name}") == 2
    assert f"--allowed-host: '{name}' is no name" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a.org", "*.a.org", "*", "[::1]", "::1", "10.0.0.1"])
def test_names_of_hosts(name):
    parser = argparse.ArgumentParser()
    add_server_arguments(parser, 8000)
    assert parser.parse_args(["--allowed-host", name]).allowed_host == [name]


def test_an_address_in_use_ends_the_command(tmp_path, capsys):
    with listen("127.0.0.1", 0) as other:
        port = other.getsockname()[1]
        assert run(tmp_path / "model.tar.gz", "--port", port) == 1
    assert f"cannot listen at 127.0.0.1, port {port}" in capsys.readouterr().err
    # What logs requests is gone with the command.
    assert logging.getLogger("dts_ee.serving").handlers == []
    assert logging.getLogger("dts_ee.serving").propagate


def test_threads_of_workers(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 8)
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    assert _num_threads(3) == 8
    monkeypatch.delenv("OMP_NUM_THREADS")
    assert [_num_threads(workers) for workers in (1, 2, 3, 8, 9)] == [8, 4, 2, 1, 1]


def test_limits_that_make_no_sense_end_the_command(tmp_path, capsys):
    assert run(tmp_path / "model.tar.gz", "--queue-size", 10) == 2
    assert "queue_size is 10, less than max_items, 64" in capsys.readouterr().err


def test_without_the_extra_the_command_says_what_to_install(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert run(tmp_path / "model.tar.gz") == 2
    error = capsys.readouterr().err
    assert "serving needs uvicorn: pip install 'dts_ee[serve]'" in error


def test_another_models_archive_is_refused(news_archive, capsys, monkeypatch):
    other = object.__new__(SentenceTaggerPredictor)
    monkeypatch.setattr(Predictor, "from_archive", lambda *args, **kwargs: other)
    assert run(news_archive, "--port", 0) == 2
    assert "has the predictor SentenceTaggerPredictor" in capsys.readouterr().err


def test_the_image_runs_the_command_and_asks_where_it_listens(monkeypatch):
    lines = (PROJECT / "Dockerfile").read_text().splitlines()
    (entry,) = (json.loads(line[11:]) for line in lines if line.startswith("ENTRYPOINT "))
    assert entry[0] == "dts-ee"
    monkeypatch.setattr(sys, "argv", entry)
    _, args = parse_args("dts-ee")
    assert inspect.unwrap(args.func) is serve_from_args
    assert (args.archive_file, args.host) == ("/model.tar.gz", "0.0.0.0")
    assert f"EXPOSE {args.port}" in lines
    (check,) = (json.loads(line.strip()[4:]) for line in lines if line.strip().startswith("CMD "))
    assert f"http://127.0.0.1:{args.port}/health" in check[-1]


def test_the_image_gets_all_that_is_installed():
    kept = {
        line[1:]
        for line in (PROJECT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    assert all((PROJECT / name).exists() for name in kept)
    assert {"dts_ee", "setup.py", "requirements", "scripts"} <= kept
    assert {path.name for path in PROJECT.glob("dts_ee_*")} <= kept


def test_what_allennlps_own_server_calls(news_archive):
    # Without `--predictor` it passes nothing.
    predictor = Predictor.from_path(str(news_archive), predictor_name=None)  # type: ignore[arg-type]
    one = predictor.predict_json({"sentence": TEXT})
    assert json.loads(json.dumps(one))["sentence"] == TEXT
    assert len(predictor.predict_batch_json([{"sentence": TEXT}, {"tokens": ["Tarnby"]}])) == 2
