"""What `convert` does with records that cannot be read."""

import functools
import json
from pathlib import Path

import pytest

from dts_ee.corpora import read_documents
from tests.commands.command_line import run_allennlp
from tests.documents import FORMAT_FIXTURES

run = functools.partial(run_allennlp, "convert")

DOCUMENT = '{"tokens": ["Ann"], "entities": [], "orig_id": "a"}\n'
LATIN = '{"tokens": ["Zo\u00eb"], "entities": []}\n'.encode("latin-1")
NOT_UTF8 = "byte 15 of line 2 is not UTF-8 (invalid continuation byte)"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def converted(format, source, *words):
    """The exit status, and the identifiers of what was written."""
    Path("out.json").unlink(missing_ok=True)
    status = run("--from", format, source, "--to", "spert", "out.json", *words)
    written = Path("out.json").exists()
    return status, [item.id for item in read_documents("out.json")] if written else None


@pytest.mark.parametrize("format", ["spert", "jsonl"])
def test_lines_that_cannot_be_read(format, capsys):
    bad = b'{"tokens": ["b"], "entities": 3, "orig_id": "b"}\n{"tokens"\n'
    Path("in.jsonl").write_bytes(DOCUMENT.encode() + LATIN + bad + DOCUMENT.encode())
    for stop in ((), ("--on-error", "stop")):
        assert converted(format, "in.jsonl", *stop) == (2, None)
        assert capsys.readouterr().err == f"error: file in.jsonl: {NOT_UTF8}\n"
    words = ("--on-error", "skip", "--report", "report.jsonl")
    assert converted(format, "in.jsonl", *words) == (0, ["a", "a"])
    captured = capsys.readouterr()
    details = [
        f"file in.jsonl: {NOT_UTF8}",
        "file in.jsonl, document b, field entities: must be a list, but is a number",
        "file in.jsonl: invalid JSON in line 4, column 10: Expecting ':' delimiter; it seems to be "
        "cut off",
    ]
    lines = "".join(f"  {detail}\n" for detail in details)
    assert captured.err == (
        f"Lost: record that cannot be read (3).\n{lines}The whole list is report.jsonl\n"
    )
    assert "out.json: 2 documents, 0 entities" in captured.out
    report = [json.loads(line) for line in Path("report.jsonl").read_text().splitlines()]
    assert [(item["problem"], item["detail"], item["lost"]) for item in report] == [
        ("record that cannot be read", detail, True) for detail in details
    ]


def test_a_list_that_is_not_utf8_is_read_as_a_whole_or_not_at_all(capsys):
    Path("in.json").write_bytes(b"[\n" + DOCUMENT.encode() + b",\n" + LATIN + b"]")
    assert converted("spert", "in.json", "--on-error", "skip") == (2, None)
    error = capsys.readouterr().err
    assert "file in.json: byte 15 of line 4 is not UTF-8" in error


@pytest.mark.parametrize("name", ["dygie", "prodigy", "doccano", "gliner"])
def test_records_of_other_tools(name, capsys):
    source = FORMAT_FIXTURES / f"{name}.json{'' if name == 'gliner' else 'l'}"
    text = source.read_text(encoding="utf-8")
    records = json.loads(text) if name == "gliner" else list(map(json.loads, text.splitlines()))
    lines = [json.dumps(record).encode() + b"\n" for record in records]
    Path("good.jsonl").write_bytes(b"".join(lines))
    Path("bad.jsonl").write_bytes(b"3\n".join([b"", *lines]) + LATIN)
    status, expected = converted(name, "good.jsonl")
    assert status == 0 and expected
    assert converted(name, "bad.jsonl") == (2, None)
    capsys.readouterr()
    status, identifiers = converted(name, "bad.jsonl", "--on-error", "skip")
    assert status == 0
    assert len(identifiers or []) == len(expected)
    error = capsys.readouterr().err
    assert f"record that cannot be read ({len(lines) + 1})" in error
    assert "  file bad.jsonl, document line 1: must be an object, but is a number\n" in error
    assert f"  file bad.jsonl: byte 15 of line {2 * len(lines) + 1} is not UTF-8" in error


def test_tasks_of_label_studio(capsys):
    result = {
        "id": "e",
        "type": "labels",
        "value": {"start": 0, "end": 3, "labels": ["Peop"], "text": "Ann"},
    }
    task = {"data": {"text": "Ann left."}, "annotations": [{"result": [result]}]}
    # The first is refused when tasks are read, the second when its text is.
    bad = {"data": {"text": "Bo"}, "annotations": [{"result": [{"type": "labels", "value": 3}]}]}
    Path("in.json").write_text(json.dumps([3, bad, task]))
    assert converted("label-studio", "in.json") == (2, None)
    assert "document #1: must be an object" in capsys.readouterr().err
    assert converted("label-studio", "in.json", "--on-error", "skip") == (0, ["#3"])
    error = capsys.readouterr().err
    assert "record that cannot be read (2)" in error
    assert "  file in.json, document #1: must be an object" in error
    assert "  file in.json, document #2, field annotations[0].result[0]" in error


def test_texts_of_brat(capsys):
    Path("brat").mkdir()
    for name, text, annotation in (
        ("a", b"Zo\xeb left", "T1\tPeop 0 3\tZoe\n"),
        ("b", b"Ann left", "T1\tPeop 0 3\tAnn\n"),
        ("c", b"Bo left", "T1\tPeop\n"),
    ):
        Path(f"brat/{name}.txt").write_bytes(text)
        Path(f"brat/{name}.ann").write_text(annotation)
    assert converted("brat", "brat") == (2, None)
    assert capsys.readouterr().err.startswith("error: file brat/a.txt: byte 2 is not UTF-8")
    assert converted("brat", "brat", "--on-error", "skip") == (0, ["b"])
    error = capsys.readouterr().err
    assert "record that cannot be read (2)" in error
    assert "  file brat/a.txt: byte 2 is not UTF-8" in error
    assert "  file brat/c.ann: line 1: " in error


def test_a_file_of_which_no_record_can_be_read_is_an_error(capsys):
    Path("in.jsonl").write_text('{"tokens": 3}\n{"tokens": 4}\n')
    assert converted("jsonl", "in.jsonl", "--on-error", "skip") == (2, None)
    assert capsys.readouterr().err == (
        "error: file in.jsonl: none of the 2 records can be read; the first: file in.jsonl, "
        "document line 1, field tokens: must be a list, but is a number\n"
    )


def test_a_format_without_records_has_no_such_option(capsys):
    assert converted("conll", FORMAT_FIXTURES / "conll.txt", "--on-error", "skip") == (2, None)
    assert "conll has no option --on-error; it is one of spert, jsonl, brat" in (
        capsys.readouterr().err
    )


def test_no_hint_that_a_file_is_of_its_own_format(capsys):
    Path("in.jsonl").write_text('{"tokens": ["Ann"], "entities": 3}\n')
    assert converted("jsonl", "in.jsonl") == (2, None)
    assert "this looks like" not in capsys.readouterr().err
