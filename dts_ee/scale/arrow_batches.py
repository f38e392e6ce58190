"""Predicts an Arrow batch: the one function that all engines call."""

import json
from typing import Any, List, Sequence, Union

import pyarrow as pa

from dts_ee.document import Document, DocumentError
from dts_ee.predictors import DtsPredictor
from dts_ee.predictors.requests import Request
from dts_ee.scale.row_columns import (
    JSON_LINE,
    SOURCE_FILE,
    SOURCE_ROW,
    RowColumns,
    read_rows,
    row_inputs,
)
from dts_ee.scale.schema import PredictionColumns, output_schema


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
    rows = list(read_rows(batch, columns))
    schema = output_schema(batch.schema, columns)
    output = PredictionColumns()
    copied = [
        _from_json(rows, name)
        if JSON_LINE in batch.schema.names and name in columns.copied
        else batch.column(name)
        for name in schema.names[: -len(output.names)]
    ]
    ids = None if columns.id is None else copied[schema.names.index(columns.id)].to_pylist()
    requests: List[Union[Request, DocumentError]] = []
    for i, row in enumerate(rows):
        try:
            if isinstance(row, DocumentError):
                raise row
            if ids is not None and ids[i] is None:
                raise DocumentError("there is no identifier", columns.id)
            requests.append(predictor.request(row_inputs(row, columns)))
        except DocumentError as error:
            if stop_on_error:
                raise _located(error, batch, i) from None
            requests.append(error)
    predicted = iter(_predict(predictor, [item for item in requests if isinstance(item, Request)]))
    for i, request in enumerate(requests):
        result = request if isinstance(request, DocumentError) else next(predicted)
        if isinstance(result, DocumentError):
            if stop_on_error:
                raise _located(result, batch, i)
            output.add_error(str(DocumentError(result.problem, result.field)))
        else:
            assert isinstance(request, Request)
            output.add(result, request.warnings)
    return pa.RecordBatch.from_arrays([*copied, *output.arrays()], schema=schema)


def _predict(
    predictor: DtsPredictor, requests: Sequence[Request]
) -> List[Union[List[Document], DocumentError]]:
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
