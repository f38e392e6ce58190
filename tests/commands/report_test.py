import functools
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from dts_ee.corpora.spert import read_documents, write_documents
from dts_ee.runs.evaluation import evaluate_archive, predict_candidates
from tests.archive_members import read_members, write_members
from tests.commands.command_line import run_allennlp
from tests.documents import TINY_CASE_REPORTS, TINY_NEWS
from tests.pages.report_page_test import Page


@pytest.fixture(scope="module")
def training(news_training, tmp_path_factory):
    """A training whose relations have the probability of their entities, too."""
    folder = shutil.copytree(news_training, tmp_path_factory.mktemp("training") / "out")
    config = json.loads((folder / "config.json").read_text())
    config["model"] |= {"relation_threshold": 0.3, "relation_score": "joint"}
    members = read_members(folder / "model.tar.gz")
    # The new one has no manifest.
    del members["manifest.json"]
    members["config.json"] = json.dumps(config).encode()
    write_members(folder / "model.tar.gz", members)
    (folder / "config.json").write_bytes(members["config.json"])
    return folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


run = functools.partial(run_allennlp, "report")


def test_the_page_has_the_figures_of_evaluate(training, folder, capsys):
    # With other annotation than the model was trained on, so that there are errors.
    first, second, *others = read_documents(TINY_NEWS)
    renamed = (replace(second.entities[0], type="Other"), *second.entities[1:])
    gold = [replace(first, relations=first.relations[:1]), replace(second, entities=renamed)]
    gold += others
    write_documents("gold.json", gold)
    assert run(training, "gold.json", "-o", "pages/report.html", "--json", "report.json") == 0
    assert capsys.readouterr().out == "The page is pages/report.html\n"
    page = Page(Path("pages/report.html").read_text(encoding="utf-8"))
    metrics, predictions = evaluate_archive(training / "model.tar.gz", gold)
    assert 0 < metrics["relation_f1"] < 1
    assert 0 < metrics["entity_f1"] < 1
    expected = {name.lstrip("_"): f"{100 * value:.1f}" for name, value in metrics.items()}
    rows = page.rows()
    headings = [rows.index([name]) for name in ("Entities", "Relations")]
    names = {
        ("strict", "micro"): "",
        ("strict", "macro"): "macro_",
        ("boundaries", "micro"): "boundaries_",
        ("boundaries", "macro"): "boundaries_macro_",
        ("gold pairs", "micro"): "gold_pairs_",
        ("gold pairs", "macro"): "gold_pairs_macro_",
    }
    seen = 0
    for task, start, number in (("entity", headings[0], 3), ("relation", headings[1], 6)):
        for protocol, average, *figures in rows[start + 1 : start + 1 + number]:
            prefix = f"{task}_{names[protocol, average]}"
            parts = ("precision", "recall", "f1")
            assert figures == [expected[f"{prefix}{part}"] for part in parts]
            seen += 1
    assert seen == 9
    record = json.loads(Path("report.json").read_text(encoding="utf-8"))
    assert (record["model"], record["documents"]) == (str(training), 8)
    for task, name in (("entity", "entities"), ("relation", "relations")):
        of_task = record["tasks"][task]
        micro = of_task["scores"]["strict"]["micro"]
        assert [f"{100 * micro[part]:.1f}" for part in ("precision", "recall", "f1")] == [
            expected[f"{task}_{part}"] for part in ("precision", "recall", "f1")
        ]
        number = sum(len(getattr(document, name)) for document in gold)
        assert sum(of_type["gold"] for of_type in of_task["types"]) == number
        assert sum(map(sum, of_task["confusion"]["counts"])) >= number
    shown = page.data["documents"]
    assert [document["id"] for document in shown] == [p.gold.id for p in predictions]
    assert [len(document["predicted"]["relations"]) for document in shown] == [
        len(prediction.predicted.relations) for prediction in predictions
    ]
    assert [text for _, text in page.all("dd")][0] == str(training)
    assert "0.3" in [text for _, text in page.all("dd")]
    assert [text for _, text in page.all("figcaption")][-2:] == [
        "Strict micro F1, development",
        "Loss",
    ]


def test_candidates_include_what_the_model_predicts(training):
    documents = read_documents(TINY_NEWS)
    _, predictions = evaluate_archive(training, documents)
    candidates, threshold = predict_candidates(training, str(TINY_NEWS), 0.0)
    assert threshold == 0.3
    assert sum(len(prediction.predicted.relations) for prediction in predictions) > 0
    types = {relation.type for document in documents for relation in document.relations}
    for candidate, prediction in zip(candidates, predictions, strict=True):
        found = candidate.predicted
        assert found.entities == prediction.predicted.entities
        number = len(found.entities)
        assert len(found.relations) == len(types) * number * (number - 1)
        kept = [
            relation for relation in found.relations if (relation.probability or 0.0) >= threshold
        ]
        assert replace(found, relations=tuple(kept)) == prediction.predicted
    # A threshold above the model's own changes nothing.
    same, _ = predict_candidates(training, str(TINY_NEWS), 0.9)
    assert same == predictions


def test_an_archive_has_no_learning_curves(training, folder):
    assert run(training / "model.tar.gz", TINY_NEWS, "-o", "report.html") == 0
    page = Page(Path("report.html").read_text(encoding="utf-8"))
    assert "learning" not in [attrs["id"] for attrs, _ in page.all("section")]


def test_what_cannot_be_reported_on(training, folder, capsys):
    (folder / "report.html").write_text("old")
    (folder / "empty").mkdir()
    cases = [
        ("missing", TINY_NEWS, "missing: there is no such file or folder"),
        (
            "empty",
            TINY_NEWS,
            "empty is not the folder of a training: there is no config.json in it",
        ),
        (training, "missing.json", "file missing.json: there is no such file"),
        # The reader refuses overlapping entities.
        (training, TINY_CASE_REPORTS, f"file {TINY_CASE_REPORTS}, document "),
    ]
    for model, data, message in cases:
        assert run(model, data, "-o", "report.html") == 2
        captured = capsys.readouterr()
        assert message in captured.err
        assert captured.out == ""
        assert (folder / "report.html").read_text() == "old"
    data = folder / "news.json"
    data.write_bytes(TINY_NEWS.read_bytes())
    assert run(training, data, "-o", data) == 2
    assert "is the file of the documents" in capsys.readouterr().err
    assert data.read_bytes() == TINY_NEWS.read_bytes()
