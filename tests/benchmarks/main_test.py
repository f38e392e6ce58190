import ast
import json
import shutil
import subprocess
import sys

import pytest

from benchmarks import __main__ as main_module
from benchmarks.__main__ import TOPICS, main
from benchmarks.environment import Environment
from benchmarks.measure import Row, Table
from benchmarks.results import TopicResult
from tests.paths import PROJECT

PACKAGE = PROJECT / "benchmarks"


def _result(topic):
    table = Table(topic, f"The title of {topic}", [Row("it", [1.0])])
    return TopicResult(topic, Environment.current(), 1.0, [table])


def test_every_topic_is_there_and_says_what_it_measures(capsys):
    with_run = {
        path.stem
        for path in PACKAGE.glob("*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name == "run"
    }
    assert set(TOPICS) == with_run
    assert len(set(TOPICS)) == len(TOPICS)
    with pytest.raises(SystemExit) as exit:
        main(["--help"])
    assert exit.value.code == 0
    text = capsys.readouterr().out
    for topic in TOPICS:
        sentence = ast.get_docstring(ast.parse((PACKAGE / f"{topic}.py").read_text()))
        assert sentence is not None and sentence.split()[0] in text
        assert f"  {topic} " in text


def test_what_is_no_topic_is_refused(capsys):
    for arguments in (["decodin"], ["--runs", "0"]):
        with pytest.raises(SystemExit) as exit:
            main(arguments)
        assert exit.value.code == 2
    assert "there is no topic decodin" in capsys.readouterr().err.replace("\n", " ")


def test_an_interruption_keeps_the_finished_topics(tmp_path, monkeypatch, capsys):
    def run_topic(topic, settings):
        if topic == TOPICS[2]:
            raise KeyboardInterrupt
        return _result(topic)

    monkeypatch.setattr(main_module, "run_topic", run_topic)
    assert main(["--output", str(tmp_path)]) == 130
    assert "Interrupted" in capsys.readouterr().err
    records = json.loads((tmp_path / "results.json").read_text())["topics"]
    assert [record["topic"] for record in records] == list(TOPICS[:2])
    assert f"The title of {TOPICS[1]}" in (tmp_path / "results.md").read_text()


def test_the_status_says_whether_everything_ran(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(main_module, "run_topic", lambda topic, settings: _result(topic))
    assert main(["--output", str(tmp_path)]) == 0
    assert capsys.readouterr().out == (tmp_path / "results.md").read_text()
    problem = TopicResult("lengths", Environment.current(), 0.1, problem="it is too late")
    monkeypatch.setattr(main_module, "run_topic", lambda topic, settings: problem)
    assert main(["lengths", "--output", str(tmp_path)]) == 1
    assert "it is too late" in capsys.readouterr().err


def test_topics_run_in_processes_and_what_is_missing_is_said(settings):
    shutil.rmtree(settings.resources / "minilm")
    output = settings.output
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "lengths", "decoding", "--runs", "1"]
        + ["--resources", str(settings.resources), "--output", str(output)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stderr
    assert "dts-ee fetch minilm" in done.stderr
    assert done.stdout == (output / "results.md").read_text()
    decoding, lengths = json.loads((output / "results.json").read_text())["topics"]
    assert decoding["problem"] is None
    assert decoding["tables"][0]["rows"][1]["ratio"] > 0
    assert "dts-ee fetch minilm" in lengths["problem"]
    assert lengths["tables"] == []
