"""Reads the predictor's inputs from the rows of an Arrow batch."""

from dataclasses import dataclass
from itertools import repeat
from typing import Any, Iterator, List, Optional, Sequence, Tuple, Union

import pyarrow as pa
from allennlp.common.util import JsonDict

from dts_ee.corpora.json_values import as_string
from dts_ee.corpora.lines import check_utf8
from dts_ee.document import DocumentError
from dts_ee.predictors.requests import inputs_from_line

SOURCE_FILE = "source_file"
SOURCE_ROW = "source_row"

JSON_LINE = "json_line"
"""The column with the lines of JSON Lines, as bytes."""

READ_ERROR = "read_error"
"""The column with what is wrong with a file that could not be read; null for the others."""

_SENTENCE = ("tokens", "sentence")
_FURTHER = ("entities", "entity_threshold", "relation_threshold")
"""Keys of an input beside its text, see `docs/predict.md`."""

_MAX_START = 1 << 30
"""The columns of characters have 32 bits."""


@dataclass(frozen=True)
class RowColumns:
    """
    The meaning of the columns of a table, or of the keys of JSON Lines.

    # Parameters

    text : `str`, optional (default = `"text"`)
        The text of a row. A table without this column has `tokens` or `sentence` instead. In
        either case `entities`, `entity_threshold` and `relation_threshold` are used if they exist.
    id : `str`, optional (default = `None`)
        The identifier of a row, which is copied to the output.
    keep : `Tuple[str, ...]`, optional (default = `()`)
        Further columns that are copied to the output.
    """

    text: str = "text"
    id: Optional[str] = None
    keep: Tuple[str, ...] = ()

    @property
    def copied(self) -> Tuple[str, ...]:
        """The columns that are copied to the output, each once."""
        return tuple(dict.fromkeys(filter(None, (self.id, *self.keep))))

    def of_input(self, names: Sequence[str]) -> List[str]:
        """
        The columns of a table that make the inputs of the predictor.

        # Raises

        `DocumentError`
            If the table has neither a text nor sentences.
        """
        first = [self.text] if self.text in names else [n for n in _SENTENCE if n in names]
        if not first:
            raise DocumentError(
                f"there is no column {self.text!r}, but {', '.join(names)}: name the column with "
                "the text by --text-column"
            )
        return [*first, *(name for name in _FURTHER if name in names)]


Row = Union[JsonDict, DocumentError]
"""The values of a row by their names, or why it cannot be read."""


def read_rows(batch: pa.RecordBatch, columns: RowColumns) -> Iterator[Row]:
    """
    The rows of a batch.

    # Parameters

    batch : `pa.RecordBatch`
        Has a column `JSON_LINE`, or the columns of `RowColumns.of_input`; and, if some rows could
        not be read, `READ_ERROR`.
    columns : `RowColumns`
        The meaning of the columns.

    # Raises

    `DocumentError`
        If the batch has neither a text nor sentences.
    """
    names = batch.schema.names
    if JSON_LINE in names:
        numbers = batch.column(SOURCE_ROW).to_pylist() if SOURCE_ROW in names else repeat(1)
        for number, line in zip(numbers, batch.column(JSON_LINE).to_pylist()):
            try:
                text = line.decode("utf-8", "surrogateescape")
                values = inputs_from_line(text)
                check_utf8(text, number)
                for name in columns.copied:
                    if isinstance(values.get(name), str):
                        as_string(values[name], (name,))
                yield values
            except DocumentError as error:
                yield error
        return
    used = columns.of_input(names)
    problems = batch.column(READ_ERROR).to_pylist() if READ_ERROR in names else [None] * len(batch)
    for problem, *row in zip(problems, *(_values(batch, name) for name in used)):
        bad = next((value for value in row if isinstance(value, DocumentError)), None)
        values = {name: _without_nulls(value) for name, value in zip(used, row)}
        yield DocumentError(problem) if problem is not None else bad or values


def _values(batch: pa.RecordBatch, name: str) -> List[Any]:
    """The values of a column; Parquet files may have bytes there that are no string."""

    def value_of(scalar: pa.Scalar) -> Any:
        try:
            return scalar.as_py()
        except UnicodeDecodeError as error:
            return DocumentError(f"byte {error.start} is not UTF-8 ({error.reason})", name)

    try:
        return batch.column(name).to_pylist()
    except UnicodeDecodeError:
        return [value_of(scalar) for scalar in batch.column(name)]


def row_inputs(row: JsonDict, columns: RowColumns) -> JsonDict:
    """
    The predictor's inputs for a row.

    # Raises

    `DocumentError`
        If its text, or its sentence, is null, its text has the wrong name, or its
        start is too large.
    """
    inputs = {key: value for key, value in row.items() if value is not None}
    start = inputs.get("start_char")
    if isinstance(start, int) and start > _MAX_START:
        raise DocumentError(f"{start} is above {_MAX_START}", "start_char")
    if columns.text in row:
        if columns.text not in inputs:
            raise DocumentError("it is null", columns.text)
        inputs["text"] = inputs[columns.text]
        if columns.text != "text":
            # The predictor would prefer these; a table's are not read either.
            inputs = {key: value for key, value in inputs.items() if key not in _SENTENCE}
        return inputs
    if columns.text != "text" and inputs.pop("text", None) is not None:
        if not inputs.keys() & {*_SENTENCE}:
            raise DocumentError(f"there is no such key, but {', '.join(row)}", columns.text)
    elif not inputs.keys() & {"text", *_SENTENCE}:
        nulls = [name for name in _SENTENCE if name in row]
        if nulls:
            raise DocumentError("it is null", nulls[0])
    return inputs


def _without_nulls(value: Any) -> Any:
    """A list or struct without its fields that are null; in Arrow, structs have all fields."""
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if item is not None}
    return value
