import functools
import json

import pytest

from tests.commands.command_line import run_allennlp
from tests.documents import TINY_CASE_REPORTS, TINY_NEWS

PREDICTION = {
    "orig_id": "one",
    "sentence": "Ann left Rome.",
    "tokens": ["Ann", "left", "Rome", "."],
    "entities": [
        {"type": "Peop", "start": 0, "end": 1, "text": "Ann", "start_char": 0, "end_char": 3},
        {"type": "Loc", "start": 2, "end": 3, "text": "Rome", "start_char": 9, "end_char": 13},
    ],
    "relations": [{"type": "Live_In", "head": 0, "tail": 1, "probability": 0.984}],
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "predictions.jsonl").write_text(json.dumps(PREDICTION) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


run = functools.partial(run_allennlp, "render")


def test_predictions_become_a_page(folder, capsys):
    assert run("predictions.jsonl", "pages/predictions.html") == 0
    assert capsys.readouterr().out == "The page is pages/predictions.html\n"
    page = (folder / "pages" / "predictions.html").read_text(encoding="utf-8")
    assert "<title>Entities and relations of predictions.jsonl</title>" in page
    assert "Live_In 0.98" in page


@pytest.mark.parametrize("corpus", [TINY_NEWS, TINY_CASE_REPORTS])
def test_corpora_become_pages(folder, corpus):
    assert run(str(corpus), "corpus.html") == 0
    text = corpus.read_text(encoding="utf-8")
    page = (folder / "corpus.html").read_text(encoding="utf-8")
    assert page.count("<article ") == text.count('"tokens"') > 0


def test_page_of_before_is_replaced(folder):
    page = folder / "page.html"
    page.write_text("old")
    assert run("predictions.jsonl", "page.html") == 0
    assert "Live_In 0.98" in page.read_text(encoding="utf-8")
    assert {path.name for path in folder.iterdir()} == {"predictions.jsonl", "page.html"}


def test_bad_predictions_leave_the_page_of_before(folder, capsys):
    page = folder / "page.html"
    page.write_text("old")
    relations = [{"type": "Live_In", "head": 0, "tail": 2}]
    (folder / "bad.jsonl").write_text(json.dumps({**PREDICTION, "relations": relations}))
    assert run("bad.jsonl", "page.html") == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: file bad.jsonl, document one, field relations[0].tail: ")
    assert captured.out == ""
    assert page.read_text() == "old"

    assert run("missing.jsonl", "page.html") == 2
    assert capsys.readouterr().err == "error: file missing.jsonl: there is no such file\n"


def test_predictions_are_not_overwritten(folder, capsys):
    assert run("predictions.jsonl", "./predictions.jsonl") == 2
    assert "predictions.jsonl is the file of the documents" in capsys.readouterr().err
    assert json.loads((folder / "predictions.jsonl").read_text()) == PREDICTION


def test_page_that_cannot_be_written(folder, capsys):
    (folder / "taken").mkdir()
    assert run("predictions.jsonl", "taken") == 2
    assert "taken" in capsys.readouterr().err
    assert list((folder / "taken").iterdir()) == []
    assert {path.name for path in folder.iterdir()} == {"predictions.jsonl", "taken"}
