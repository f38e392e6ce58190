import json
from dataclasses import replace

import pytest

from dts_ee.corpora.predictions import (
    Prediction,
    are_of,
    read_predictions,
    write_predictions,
)
from dts_ee.corpora.spert import read_documents
from dts_ee.document import DocumentError
from tests.documents import TINY_CASE_REPORTS, TINY_NEWS, document
from tests.runs.examples import lines_of


@pytest.mark.parametrize("corpus", [TINY_NEWS, TINY_CASE_REPORTS])
def test_gold_is_kept_whole(tmp_path, corpus):
    path = tmp_path / "predictions.jsonl"
    gold = read_documents(corpus)
    write_predictions(
        path, [Prediction(replace(document, relations=()), document) for document in gold]
    )
    read = read_predictions(path)
    assert are_of(read, gold)
    assert not are_of(read, gold[1:])
    assert not are_of(read, [replace(gold[0], relations=(), entities=()), *gold[1:]])
    assert all(prediction.predicted.relations == () for prediction in read)
    # Without the gold annotation, it is a file of documents.
    assert [document.entities for document in read_documents(path)] == [
        document.entities for document in gold
    ]


def test_a_line_is_a_prediction_with_gold_beside_it(tmp_path):
    path = tmp_path / "predictions.jsonl"
    gold = document("[Ann|Peop] left [Rome|Loc]", [("Live_In", 0, 1)], id="one")
    write_predictions(path, [Prediction(replace(gold, entities=(), relations=()), gold)])
    (line,) = lines_of(path)
    assert line["orig_id"] == "one"
    assert line["sentence"] == "Ann left Rome"
    assert line["entities"] == line["relations"] == []
    assert line["gold"]["relations"] == [{"type": "Live_In", "head": 0, "tail": 1}]
    assert [entity["text"] for entity in line["gold"]["entities"]] == ["Ann", "Rome"]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"tokens": ["a"], "entities": []}',
        '{"tokens": ["a"], "entities": [], "gold": 1}',
    ],
)
def test_a_bad_line_is_named(tmp_path, line):
    path = tmp_path / "predictions.jsonl"
    good = {"tokens": ["a"], "entities": [], "gold": {"entities": [], "relations": []}}
    path.write_text(f"{json.dumps(good)}\n{line}\n")
    with pytest.raises(DocumentError, match=r"predictions\.jsonl, document line 2"):
        read_predictions(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DocumentError, match="there is no such file"):
        read_predictions(tmp_path / "missing.jsonl")
