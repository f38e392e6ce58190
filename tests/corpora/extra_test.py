"""
What further tasks know of a sentence: `Document.extra`.
"""

import json

import pytest

from dts_ee.commands.convert import convert
from dts_ee.corpora import document_from_json, document_to_json, spert
from dts_ee.corpora.json_values import as_string
from dts_ee.corpora.predictions import Prediction, are_of, read_predictions, write_predictions
from dts_ee.document import Document, DocumentError
from dts_ee.tokenizers import text_reading, tokenizer_of

READING = text_reading(tokenizer_of("whitespace"))

RECORD = {"tokens": ["Ann", "won"], "entities": [], "relations": [], "topic": "sports", "other": 1}


@pytest.fixture(autouse=True)
def topic(monkeypatch):
    monkeypatch.setattr(spert, "_EXTRA_KEYS", {})
    spert.register_extra_key("topic", as_string)


def test_a_registered_key_is_read_and_written():
    document = document_from_json(RECORD)
    assert document.extra == {"topic": "sports"}
    assert document_to_json(document)["topic"] == "sports"
    assert document_from_json({**RECORD, "tokens": ["a"]}).extra == document.extra
    assert hash(document) == hash(Document(("Ann", "won")))
    without = {key: value for key, value in RECORD.items() if key != "topic"}
    assert document_from_json(without).extra == {}


def test_a_wrong_value_is_named():
    with pytest.raises(DocumentError, match="document #3, field topic: must be a string, but is a"):
        document_from_json({**RECORD, "topic": 7}, "#3")


@pytest.mark.parametrize("key", ["tokens", "gold", "topic"])
def test_a_key_with_another_meaning_is_refused(key):
    with pytest.raises(ValueError, match=f"the key '{key}' of a document has a meaning already"):
        spert.register_extra_key(key, as_string)


@pytest.mark.parametrize("gold", [{"topic": "travel"}, {}])
def test_predictions_keep_gold_and_predicted_apart(tmp_path, gold):
    tokens = ("Ann", "won")
    prediction = Prediction(
        Document(tokens, id="1", extra={"topic": "sports"}), Document(tokens, id="1", extra=gold)
    )
    write_predictions(tmp_path / "p.jsonl", [prediction])
    (found,) = read_predictions(tmp_path / "p.jsonl")
    assert found.predicted.extra == {"topic": "sports"}
    assert found.gold.extra == gold
    assert are_of([found], [Document(tokens, extra=gold)])
    assert not are_of([found], [Document(tokens, extra={"topic": "news"})])


def test_a_format_without_it_says_so(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([RECORD]))
    _, remarks = convert("spert", tmp_path / "a.json", "jsonl", tmp_path / "a.jsonl", READING)
    assert remarks == []
    _, remarks = convert("spert", tmp_path / "a.json", "multihead", tmp_path / "a.txt", READING)
    assert [(remark.problem, remark.lost) for remark in remarks] == [
        ("topic has no place in the format", True)
    ]
