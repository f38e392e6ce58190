import json
import pickle
import types

import pyarrow as pa
import pytest

from dts_ee.dataset_readers.spert_reader import SpertReader
from dts_ee.document import Document, DocumentError, Entity, Relation
from dts_ee.metrics import EntityF1
from dts_ee.predictors import DtsPredictor
from dts_ee.scale.arrow_batches import (
    predict_batch,
    predict_rows,
    predicted_batch,
    read_batch,
)
from dts_ee.scale.row_columns import JSON_LINE, READ_ERROR, SOURCE_FILE, SOURCE_ROW, RowColumns
from dts_ee.scale.schema import PredictionColumns, documents_of_row, prediction_fields
from dts_ee.tasks import TASKS, Task
from tests.scale.rows import TEXTS, assert_like_predictor


def lines(*values):
    content = [
        value if isinstance(value, bytes) else json.dumps(value).encode() for value in values
    ]
    return pa.record_batch({JSON_LINE: pa.array(content, pa.binary())})


def test_a_batch_has_the_predictions_of_its_texts(predictor):
    batch = pa.record_batch({"text": TEXTS, "n": [1, 2, 3, 4, 5]})
    output = predict_batch(predictor, batch, RowColumns(keep=("n",)))
    rows = output.to_pylist()
    assert_like_predictor(rows, TEXTS, predictor)
    assert [row["n"] for row in rows] == [1, 2, 3, 4, 5]
    assert output.schema.field("n").type == pa.int64()
    assert sum(len(row["entities"]) for row in rows) > 2
    assert sum(len(row["relations"]) for row in rows) > 0


def test_the_columns_of_sentences():
    """Worked out by hand: indices count in the row, characters in its text."""
    text = "Bo left.  Ada met Bo in Rome."
    sentences = [
        Document(
            ("Bo", "left", "."),
            (Entity("Peop", 0, 1, 0.5),),
            text="Bo left.",
            token_offsets=((0, 2), (3, 7), (7, 8)),
            start_char=0,
        ),
        Document(
            ("Ada", "met", "Bo", "in", "Rome", "."),
            (Entity("Peop", 0, 1, 0.25), Entity("Loc", 4, 5, 1.0)),
            (Relation("Live_In", 0, 1, 0.75),),
            text="Ada met Bo in Rome.",
            token_offsets=((0, 3), (4, 7), (8, 10), (11, 13), (14, 18), (18, 19)),
            start_char=10,
        ),
    ]
    columns = PredictionColumns()
    columns.add(sentences, ["a warning"])
    columns.add_error("it is bad")
    columns.add([], [])
    batch = pa.RecordBatch.from_arrays(columns.arrays(), schema=pa.schema(prediction_fields()))
    batch.validate(full=True)
    row, bad, empty = batch.to_pylist()
    assert row["tokens"][3] == {"text": "Ada", "start_char": 10, "end_char": 13}
    assert row["tokens"][8] == {"text": ".", "start_char": 28, "end_char": 29}
    assert row["sentences"] == [
        {"start": 0, "end": 3, "start_char": 0, "end_char": 8},
        {"start": 3, "end": 9, "start_char": 10, "end_char": 29},
    ]
    keys = ("type", "start", "end", "start_char", "end_char", "text", "probability")
    assert [tuple(entity[key] for key in keys) for entity in row["entities"]] == [
        ("Peop", 0, 1, 0, 2, "Bo", 0.5),
        ("Peop", 3, 4, 10, 13, "Ada", 0.25),
        ("Loc", 7, 8, 24, 28, "Rome", 1.0),
    ]
    assert row["relations"] == [{"type": "Live_In", "head": 1, "tail": 2, "probability": 0.75}]
    assert (row["warnings"], row["error"]) == (["a warning"], None)
    lists = ("tokens", "sentences", "entities", "relations", "warnings")
    assert [bad[name] for name in lists] == [None] * 5
    assert bad["error"] == "it is bad"
    assert [empty[name] for name in lists] == [[]] * 5
    assert documents_of_row(row, text) == sentences
    assert [document.entities for document in documents_of_row(row)] == [
        document.entities for document in sentences
    ]


def test_a_bad_row_has_an_error_and_spoils_no_other(predictor):
    batch = lines(
        {"body": TEXTS[0], "key": 7, "tags": ["a"], "text": "another"},
        b"{",
        {"body": None, "key": "null"},
        {"body": "", "key": "empty"},
        b'"Zo\xeb"',
        {"body": TEXTS[2], "key": None},
        {"body": TEXTS[2], "key": "last"},
    )
    columns = RowColumns("body", "key", ("tags", "text"))
    rows = predict_batch(predictor, batch, columns).to_pylist()
    good = [rows[i] for i in (0, 3, 6)]
    assert_like_predictor(good, [TEXTS[0], "", TEXTS[2]], predictor)
    assert [row["error"] for row in rows if row["error"]] == [
        "invalid JSON: Expecting property name enclosed in double quotes (column 2)",
        "field body: it is null",
        "byte 3 of line 1 is not UTF-8 (invalid continuation byte)",
        "field key: there is no identifier",
    ]
    assert [row["key"] for row in rows] == ["7", None, "null", "empty", None, None, "last"]
    assert (rows[0]["tags"], rows[0]["text"]) == ('["a"]', "another")
    with pytest.raises(DocumentError, match="document #2: invalid JSON"):
        predict_batch(predictor, batch, columns, stop_on_error=True)


def test_the_column_that_is_named_is_the_text(predictor):
    others = {"sentence": "Nobody came.", "tokens": ["Nobody"], "text": "Nobody came."}
    batch = lines({**others, "body": "Marta writes."}, {"text": "Nobody came.", "n": 1})
    good, bad = predict_batch(predictor, batch, RowColumns("body")).to_pylist()
    assert_like_predictor([good], ["Marta writes."], predictor)
    assert bad["error"] == "field body: there is no such key, but text, n"
    # A text, which has two sentences, and no sentence.
    batch = lines({"sentence": "Nobody came. Marta writes."})
    (row,) = predict_batch(predictor, batch, RowColumns("sentence")).to_pylist()
    assert_like_predictor([row], ["Nobody came. Marta writes."], predictor)
    assert len(row["sentences"]) == 2


def test_values_that_no_column_can_have(predictor):
    batch = lines(
        {"text": "a", "id": "\ud83d", "n": 1},
        {"text": "a", "id": "b", "n": "\ud83d"},
        {"tokens": ["a"], "id": "c", "start_char": 2**30 + 1},
        {"tokens": ["a"], "id": "d", "start_char": 2**30},
    )
    rows = predict_batch(predictor, batch, RowColumns(id="id", keep=("n",))).to_pylist()
    assert [(row["id"], row["error"]) for row in rows] == [
        (None, "field id: holds half of a surrogate pair: '\\ud83d'"),
        (None, "field n: holds half of a surrogate pair: '\\ud83d'"),
        ("c", "field start_char: 1073741825 is above 1073741824"),
        ("d", None),
    ]
    assert rows[3]["tokens"] == [{"text": "a", "start_char": 2**30, "end_char": 2**30 + 1}]


def test_bytes_that_are_no_text(predictor):
    offsets = pa.py_buffer(pa.array([0, 2, 15], pa.int32()).buffers()[1])
    data = pa.py_buffer(b"a\xffMarta writes.")
    texts = pa.Array.from_buffers(pa.string(), 2, [None, offsets, data])
    bad, good = predict_batch(predictor, pa.record_batch({"text": texts})).to_pylist()
    assert bad["error"] == "field text: byte 1 is not UTF-8 (invalid start byte)"
    assert_like_predictor([good], ["Marta writes."], predictor)
    # The number is that of the line in its file.
    batch = lines(b'"a"', b'"\xff"').append_column(SOURCE_ROW, pa.array([7, 9]))
    errors = [row["error"] for row in predict_batch(predictor, batch).to_pylist()]
    assert errors == [None, "byte 1 of line 9 is not UTF-8 (invalid start byte)"]


def test_tokens_and_given_entities_of_a_table(predictor):
    tokens = [["Ada", "left", "Rome"], None, ["Bo"], ["Ada", ""]]
    span = pa.struct([("type", pa.string()), ("start", pa.int64()), ("end_char", pa.int64())])
    entities = pa.array([[{"type": "Ship"}], None, None, None], pa.list_(span))
    source = {SOURCE_FILE: ["a"] * 4, SOURCE_ROW: [1, 2, 3, 4]}
    batch = pa.record_batch({**source, "tokens": tokens, "entities": entities})
    rows = predict_batch(predictor, batch).to_pylist()
    assert [row[SOURCE_ROW] for row in rows] == [1, 2, 3, 4]
    assert rows[0]["error"].startswith("field entities[0].type: the model does not know the type")
    assert rows[1]["error"] == "field tokens: it is null"
    assert [token["text"] for token in rows[2]["tokens"]] == ["Bo"]
    assert rows[3]["error"] == "field tokens[1]: the token is empty"
    with pytest.raises(DocumentError, match="file a, document row 1, field entities"):
        predict_batch(predictor, batch, stop_on_error=True)
    with pytest.raises(DocumentError, match="there is no column 'text', but other: name"):
        predict_batch(predictor, pa.record_batch({"other": ["a"]}))


def test_files_that_could_not_be_read(predictor):
    batch = pa.record_batch({"text": [TEXTS[1], None], READ_ERROR: [None, "it is gone"]})
    rows = predict_batch(predictor, batch).to_pylist()
    assert_like_predictor(rows[:1], TEXTS[1:2], predictor)
    assert rows[1]["error"] == "it is gone"
    assert READ_ERROR not in rows[0]


def test_what_the_model_cannot_predict_is_found_among_the_others(predictor, monkeypatch):
    predict = DtsPredictor.predict_sentences
    sizes = []

    def fail(self, requests):
        sizes.append(len(requests))
        if any("1987" in request.text for request in requests):
            raise RuntimeError("out of memory")
        return predict(self, requests)

    texts = [TEXTS[1], TEXTS[2], TEXTS[4], TEXTS[0]]
    with monkeypatch.context() as context:
        context.setattr(DtsPredictor, "predict_sentences", fail)
        rows = predict_batch(predictor, pa.record_batch({"text": texts})).to_pylist()
    assert sizes == [4, 2, 2, 1, 1]
    assert_like_predictor(rows[:3], texts[:3], predictor)
    assert rows[3]["error"] == "it cannot be predicted: RuntimeError: out of memory"


def test_the_model_can_be_called_in_another_process(predictor, monkeypatch):
    batch = lines({"text": TEXTS[0], "id": "a"}, b"{", *({"text": text} for text in TEXTS))
    columns = RowColumns(keep=("id",))
    expected = predict_batch(predictor, batch, columns)
    read = pickle.loads(pickle.dumps(read_batch(predictor, batch, columns, prepare=True)))
    with monkeypatch.context() as context:
        # What comes before the model was done.
        context.setattr(DtsPredictor, "request", None)
        context.setattr(SpertReader, "text_to_instance", None)
        predicted = predict_rows(predictor, read)
    assert predicted_batch(read, predicted).equals(expected)
    # What cannot be prepared together is predicted one by one.
    with monkeypatch.context() as context:
        context.setattr(DtsPredictor, "prepare", None)
        read = read_batch(predictor, batch, columns, prepare=True)
    assert read.prepared is None
    assert predicted_batch(read, predict_rows(predictor, read)).equals(expected)


def test_further_tasks_have_columns(monkeypatch):
    metric = types.new_class("SizeF1", (EntityF1,), {}, lambda names: names.update(name="size"))
    monkeypatch.setitem(TASKS, "size", Task(metric, "size", "sizes", key="size"))
    columns = PredictionColumns()
    sentence = Document(("Bo",), extra={"size": "small"}, start_char=0)
    columns.add([sentence], [])
    columns.add_error("it is bad")
    batch = pa.RecordBatch.from_arrays(columns.arrays(), schema=pa.schema(prediction_fields()))
    assert [row["size"] for row in batch.to_pylist()] == [['"small"'], None]
    assert documents_of_row(batch.to_pylist()[0]) == [sentence]
