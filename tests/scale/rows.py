"""Rows for tests."""

import json
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from dts_ee.corpora.spert import prediction_to_json
from dts_ee.scale.schema import documents_of_row

TEXTS = [
    "Ilse Brandt left Velmouth for Tarnby in 1987. Nobody came.",
    "Marta writes.",
    "Marta Lindqvist lives in Tarnby and works for the Harbour Gazette.",
    "",
    "Nobody came. Ilse Brandt lives in Velmouth. Marta writes for Tarnby.",
]


def write_lines(path: Path, *values: Any) -> Path:
    """Writes values as JSON Lines, strings as they are."""
    lines = [value if isinstance(value, str) else json.dumps(value) for value in values]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def read_output(folder: Path) -> list[dict[str, Any]]:
    """The rows of an output."""
    return ds.dataset(folder, format="parquet", partitioning="hive").to_table().to_pylist()


def sentences_as_json(row: dict[str, Any], text: str) -> list[dict[str, Any]]:
    """The sentences of a row as `predict` writes them, but for what only its input has."""
    return [without_ids(prediction_to_json(item)) for item in documents_of_row(row, text)]


def without_ids(sentence: dict[str, Any]) -> dict[str, Any]:
    """A sentence that `predict` has written, without the keys that the output has not."""
    return {key: value for key, value in sentence.items() if key not in ("orig_id", "tokenizer")}


def assert_like_predictor(rows: list[dict[str, Any]], texts: list[str], predictor: Any) -> None:
    """Asserts that the rows have what the predictor finds in their texts."""
    outputs = predictor.predict_batch_json([{"text": text} for text in texts])
    for row, text, output in zip(rows, texts, outputs, strict=True):
        assert row["error"] is None
        found = sentences_as_json(row, text)
        expected = [without_ids(sentence) for sentence in output["sentences"]]
        assert rounded(found) == rounded(expected)


def rounded(value: Any) -> Any:
    """A value of JSON whose numbers are compared but for rounding, as batches differ."""
    if isinstance(value, float):
        return pytest.approx(value, abs=1e-4)
    if isinstance(value, list):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return value
