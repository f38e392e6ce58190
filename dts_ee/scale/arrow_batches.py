"""Predicts an Arrow batch: the one function that all engines call."""

import json
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, List, Optional, Sequence, Union

import pyarrow as pa

from dts_ee.document import Document, DocumentError
from dts_ee.predictors import DtsPredictor
from dts_ee.predictors.request_groups import PreparedRequests
from dts_ee.predictors.requests import Request
from dts_ee.scale.row_columns import (
    JSON_LINE,
    SOURCE_FILE,
    SOURCE_ROW,
    RowColumns,
    read_rows,
    row_inputs,
)
from dts_ee.scale.schema import PredictionColumns, output_schema, prediction_fields

_NUMBER = "row_number"


def predict_batch(
    predictor: DtsPredictor,
    batch: pa.RecordBatch,
    columns: RowColumns = RowColumns(),
    stop_on_error: bool = False,
) -> pa.RecordBatch:
    """
    Predicts the entities and relations of the rows of a batch.

    A row that cannot be read or predicted has an `error` in the output, and does not change the
    others.

    # Parameters

    predictor : `DtsPredictor`
        The predictor.
    batch : `pa.RecordBatch`
        The input: see `read_rows`.
    columns : `RowColumns`, optional (default = `RowColumns()`)
        The meaning of its columns.
    stop_on_error : `bool`, optional (default = `False`)
        Whether to raise the first error of a row.

    # Returns

    `pa.RecordBatch`
        As many rows in the same order, with the schema of `output_schema`.

    # Raises

    `DocumentError`
        If the batch has no column to predict, or, with `stop_on_error`, for the first row that
        cannot be predicted.
    """
    read = read_batch(predictor, batch, columns, stop_on_error)
    return predicted_batch(read, predict_rows(predictor, read), stop_on_error)


@dataclass(frozen=True)
class ReadBatch:
    """
    A batch whose rows are read. It can be pickled.

    # Parameters

    copied : `pa.RecordBatch`
        The columns that are copied to the output, and the number of the row.
    rows : `List[Union[Request, DocumentError]]`
        The input of each row, or why there is none.
    prepared : `List[PreparedRequests]`, optional (default = `None`)
        What `DtsPredictor.prepare` returned for the inputs, if it was called and did not fail.
    """

    copied: pa.RecordBatch
    rows: List[Union[Request, DocumentError]]
    prepared: Optional[List[PreparedRequests]] = None

    @property
    def requests(self) -> List[Request]:
        """The inputs, without the rows that have none."""
        return [row for row in self.rows if isinstance(row, Request)]


def read_batch(
    predictor: DtsPredictor,
    batch: pa.RecordBatch,
    columns: RowColumns = RowColumns(),
    stop_on_error: bool = False,
    prepare: bool = False,
) -> ReadBatch:
    """
    The part of `predict_batch` before the model: sentences and tokens.

    # Parameters

    predictor, batch, columns, stop_on_error
        See `predict_batch`.
    prepare : `bool`, optional (default = `False`)
        Whether to make the model's arguments too.
    """
    rows = list(read_rows(batch, columns))
    schema = output_schema(batch.schema, columns)
    fields = list(schema)[: -len(prediction_fields())]
    copied = [
        _from_json(rows, field.name)
        if JSON_LINE in batch.schema.names and field.name in columns.copied
        else batch.column(field.name)
        for field in fields
    ]
    ids = None if columns.id is None else copied[schema.names.index(columns.id)].is_valid()
    requests: List[Union[Request, DocumentError]] = []
    for i, row in enumerate(rows):
        try:
            if isinstance(row, DocumentError):
                raise row
            if ids is not None and not ids[i].as_py():
                raise DocumentError("there is no identifier", columns.id)
            requests.append(predictor.request(row_inputs(row, columns)))
        except DocumentError as error:
            if stop_on_error:
                raise _located(error, batch, i) from None
            requests.append(error)
    # There may be no other column, and a batch without columns has no rows.
    numbers = pa.array(range(len(rows)), pa.int64())
    with_numbers = pa.schema([*fields, pa.field(_NUMBER, pa.int64())])
    read = ReadBatch(pa.RecordBatch.from_arrays([*copied, numbers], schema=with_numbers), requests)
    if prepare:
        # What fails here fails again, for its row alone, in `predict_rows`.
        with suppress(Exception):
            return replace(read, prepared=predictor.prepare(read.requests))
    return read


Predicted = List[Union[List[Document], DocumentError]]
"""For each input, its predicted sentences, or why there are none."""


def predict_rows(predictor: DtsPredictor, read: ReadBatch) -> Predicted:
    """The part of `predict_batch` that needs the model."""
    if read.prepared is not None:
        with suppress(Exception):
            return list(predictor.predict_prepared(read.requests, read.prepared))
    return _predict(predictor, read.requests)


def predicted_batch(
    read: ReadBatch, predicted: Predicted, stop_on_error: bool = False
) -> pa.RecordBatch:
    """The part of `predict_batch` after the model: the columns."""
    output = PredictionColumns()
    found = iter(predicted)
    for i, row in enumerate(read.rows):
        result = row if isinstance(row, DocumentError) else next(found)
        if isinstance(result, DocumentError):
            if stop_on_error:
                raise _located(result, read.copied, i)
            output.add_error(str(DocumentError(result.problem, result.field)))
        else:
            assert isinstance(row, Request)
            output.add(result, row.warnings)
    copied = read.copied.drop_columns([_NUMBER])
    schema = pa.schema([*copied.schema, *prediction_fields()])
    return pa.RecordBatch.from_arrays([*copied.columns, *output.arrays()], schema=schema)


def _predict(predictor: DtsPredictor, requests: Sequence[Request]) -> Predicted:
    """Predicts requests together, or in halves if that fails, so that only one has the error."""
    if not requests:
        return []
    try:
        return list(predictor.predict_sentences(requests))
    except Exception as error:
        if len(requests) == 1:
            return [DocumentError(f"it cannot be predicted: {type(error).__name__}: {error}")]
    middle = len(requests) // 2
    return [*_predict(predictor, requests[:middle]), *_predict(predictor, requests[middle:])]


def _from_json(rows: Sequence[Any], name: str) -> pa.Array:
    """The values of a key, as strings; of other values, their JSON."""
    values = [None if isinstance(row, DocumentError) else row.get(name) for row in rows]
    return pa.array(
        [
            value if value is None or isinstance(value, str) else json.dumps(value)
            for value in values
        ],
        pa.string(),
    )


def _located(error: DocumentError, batch: pa.RecordBatch, row: int) -> DocumentError:
    place: List[Any] = [f"#{row + 1}", None]
    if SOURCE_FILE in batch.schema.names:
        place = [f"row {batch.column(SOURCE_ROW)[row]}", batch.column(SOURCE_FILE)[row].as_py()]
    return DocumentError(error.problem, error.field, *place)
