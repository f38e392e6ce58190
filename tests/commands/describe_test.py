import functools
import json

import pytest

from dts_ee.corpora.spert import document_to_json, read_documents, write_documents
from tests.commands.command_line import run_allennlp
from tests.documents import TINY_CASE_REPORTS, TINY_NEWS

ENTITY = {"type": "Peop", "start": 0, "end": 1}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    news = read_documents(TINY_NEWS)
    write_documents(tmp_path / "train.json", news)
    write_documents(tmp_path / "test.jsonl", news[:2])
    monkeypatch.chdir(tmp_path)
    return tmp_path


run = functools.partial(run_allennlp, "describe")


def test_splits_are_described_side_by_side(folder, capsys):
    assert run("train.json", "test.jsonl", "train.json") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "# train.json, test.jsonl"
    assert "## Problems" not in lines
    assert "|  | train.json | test.jsonl | all |" in lines
    assert "| documents | 8 | 2 | 10 |" in lines
    assert "| entities | 21 | 8 | 29 |" in lines
    assert "| test.jsonl | train.json | 2 | 0 |" in lines
    assert {path.name for path in folder.iterdir()} == {"train.json", "test.jsonl"}


def test_every_problem_of_every_file_at_once(folder, capsys):
    good = document_to_json(read_documents(TINY_NEWS)[0])
    records = [
        good,
        {"tokens": ["a"], "entities": [{**ENTITY, "end": 5}, {**ENTITY, "type": None}]},
        {"orig_id": "two", "tokens": ["a"], "entities": [ENTITY, {**ENTITY, "end": 0}]},
    ]
    (folder / "bad.json").write_text(json.dumps(records))
    (folder / "bad.jsonl").write_text(f"{json.dumps(good)}\n{{\n")
    files = ("bad.json", "missing.json", "bad.jsonl", "train.json")
    assert run(*files, "--json", "out/description.json") == 1
    captured = capsys.readouterr()
    problems = [line for line in captured.out.splitlines() if line.startswith("- file ")]
    assert problems == [
        "- file bad.json, document #2, field entities[1].type: must be a string, but is null",
        "- file bad.json, document #2, field entities[0]: tokens 0 to 5 (exclusive) are not a span "
        "in a sentence of 1 tokens",
        "- file bad.json, document two, field entities[1]: tokens 0 to 0 (exclusive) are not a "
        "span in a sentence of 1 tokens",
        "- file missing.json: there is no such file",
        "- file bad.jsonl: invalid JSON in line 2, column 2: Expecting property name enclosed in "
        "double quotes; it seems to be cut off",
    ]
    # The documents that can be read are described all the same.
    assert "| documents | 1 | 0 | 1 | 8 | 10 |" in captured.out
    record = json.loads((folder / "out" / "description.json").read_text())
    assert [problem["file"] for problem in record["problems"]] == [
        "bad.json",
        "bad.json",
        "bad.json",
        "missing.json",
        "bad.jsonl",
    ]
    assert record["problems"][0]["field"] == "entities[1].type"
    assert record["problems"][2]["document"] == "two"


def test_repeated_entities_are_listed(folder, capsys):
    record = {"orig_id": "two", "tokens": ["a"], "entities": [ENTITY] * 8}
    (folder / "twice.json").write_text(json.dumps([record]))
    assert run("twice.json") == 0
    out = capsys.readouterr().out
    assert "- twice.json: entity is there twice: 7\n" in out
    assert "  - document two, entities[1]: entity is there twice: Peop, tokens 0 to 1 " in out
    assert "  - and 2 more (--json has all)\n" in out
    assert "| entities | 1 |" in out


def test_json_has_all_numbers(folder):
    (folder / "new").mkdir()
    (folder / "train.json").rename(folder / "new" / "train.json")
    assert run("new/train.json", "test.jsonl", "--json", "out.json") == 0
    record = json.loads((folder / "out.json").read_text())
    assert record["paths"] == {"train.json": "new/train.json", "test.jsonl": "test.jsonl"}
    assert record["problems"] == record["remarks"] == []
    train, test = record["files"]
    assert train["counts"]["documents"] == 8
    assert test["name"] == "test.jsonl"
    assert record["whole"]["counts"]["documents"] == 10
    assert set(train["lengths"]["tokens in a sentence"]) == {
        "minimum",
        "median",
        "percentile_95",
        "maximum",
    }
    assert record["repetitions"][-1] == {
        "file": "test.jsonl",
        "within": "train.json",
        "duplicates": 2,
        "near_duplicates": 0,
    }
    assert [location["file"] for location in record["duplicates"][0]["places"]] == [
        "train.json",
        "test.jsonl",
    ]


def test_files_of_one_name_keep_their_folders(folder, capsys):
    (folder / "other").mkdir()
    write_documents(folder / "other" / "train.json", read_documents(TINY_CASE_REPORTS))
    assert run("train.json", "other/train.json") == 0
    printed = capsys.readouterr().out
    assert "|  | train.json | other/train.json | all |" in printed
    assert "pairs that overlap" in printed


def test_other_formats_and_their_remarks(folder, capsys):
    (folder / "brat").mkdir()
    (folder / "brat" / "a.txt").write_text("Ann lives in Rome. Bo sleeps.")
    (folder / "brat" / "a.ann").write_text(
        "T1\tPeop 0 3\tAnn\nT2\tLoc 13 17\tRome\nR1\tLive_In Arg1:T1 Arg2:T2\nA1\tOld T1\n"
    )
    assert run("brat", "--format", "brat") == 0
    lines = capsys.readouterr().out.splitlines()
    assert "- brat: attribute: 1, lost" in lines
    assert "| documents | 2 |" in lines
    assert "| Peop | Loc | 1 | 1 (100.0 %) | Live_In 1 |" in lines
    assert run("brat", "--format", "brat", "--sentences", "whole") == 0
    assert "| documents | 1 |" in capsys.readouterr().out
    (folder / "brat" / "a.ann").write_text("nonsense\n")
    assert run("brat", "--format", "brat") == 1
    assert "a.ann: line 1: 'nonsense' is not an annotation" in capsys.readouterr().out


def test_similarity_decides_what_is_nearly_the_same(folder, capsys):
    news = read_documents(TINY_NEWS)[0]
    changed = document_to_json(news)
    changed["tokens"][-1] = "!"
    del changed["entities"], changed["relations"]
    changed.pop("sentence", None)
    (folder / "other.json").write_text(json.dumps([{**changed, "entities": []}]))
    for similarity, number in (("0.9", 1), ("1", 0)):
        assert run("train.json", "other.json", "--similarity", similarity) == 0
        assert f"| other.json | train.json | 0 | {number} |" in capsys.readouterr().out
    assert run("train.json", "--similarity", "0") == 2
    assert "'0' is not a number above 0 and at most 1" in capsys.readouterr().err


def test_json_that_cannot_be_written(folder, capsys):
    (folder / "taken").mkdir()
    assert run("train.json", "--json", "taken") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "taken" in captured.err
