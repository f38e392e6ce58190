"""Reads the rows of files as Arrow batches."""

import io
import json
import re
from contextlib import closing
from itertools import islice
from typing import Any, Generator, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from dts_ee.corpora.lines import numbered_lines
from dts_ee.document import DocumentError
from dts_ee.predictors.requests import is_token_list
from dts_ee.scale.found_files import LINES, PARQUET, TEXTS, FoundFile, FoundFiles
from dts_ee.scale.row_columns import JSON_LINE, READ_ERROR, SOURCE_FILE, SOURCE_ROW, RowColumns

_LINES_AT_A_TIME = 1024
_ZSTD_START = re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18")
"""The first bytes of a frame, also of one that is skipped, as pzstd writes."""

_LARGE_WINDOW = "requires too much memory"
"""A part of libzstd's message for a window that it does not decompress by default."""
_SOURCE = [pa.field(SOURCE_FILE, pa.string()), pa.field(SOURCE_ROW, pa.int64())]
_TEXT_TYPES = {pa.string(), pa.large_string(), pa.string_view(), pa.null()}


class Segment(NamedTuple):
    """Rows of a file, from `first` to `last` (exclusive), counted from 0 without blank lines."""

    file: int
    first: int
    last: int


def input_schema(found: FoundFiles, file: FoundFile, columns: RowColumns) -> pa.Schema:
    """
    The schema of the batches that are read from a file.

    # Raises

    `DocumentError`
        If it cannot be read, or has not the columns.
    """
    if found.kind == LINES:
        return pa.schema([*_SOURCE, pa.field(JSON_LINE, pa.binary())])
    if found.kind == TEXTS:
        if columns.copied:
            raise DocumentError(
                f".txt files have no column {columns.copied[0]!r}: their names are in the column "
                f"{SOURCE_FILE!r}"
            )
        return pa.schema([*_SOURCE, pa.field(columns.text, pa.string()), (READ_ERROR, pa.string())])
    with _open_parquet(found.file_system(), file) as parquet:
        schema = parquet.schema_arrow
    try:
        fields = _fields(schema, columns)
    except DocumentError as error:
        raise error.located(None, file.name) from None
    return pa.schema([*_SOURCE, *fields])


def _fields(schema: pa.Schema, columns: RowColumns) -> List[pa.Field]:
    """The fields of a table that are read."""
    inputs = columns.of_input(schema.names)
    names = dict.fromkeys([*inputs, *columns.copied])
    for name in names:
        number = schema.names.count(name)
        if number == 0:
            raise DocumentError(f"there is no column {name!r}, but {', '.join(schema.names)}")
        if number > 1:
            raise DocumentError(f"there are {number} columns {name!r}: rename all but one")
    for name in {columns.text, "sentence"}.intersection(inputs):
        type = schema.field(name).type
        if (type.value_type if pa.types.is_dictionary(type) else type) not in _TEXT_TYPES:
            raise DocumentError(f"its type is {type}, not string: cast it", name)
    return [schema.field(name) for name in names]


def common_schema(found: FoundFiles, schemas: Sequence[pa.Schema]) -> pa.Schema:
    """
    The schema that the batches of all files can be cast to.

    # Raises

    `DocumentError`
        If the files have other columns, or types that have none in common.
    """
    common = schemas[0]
    first = found.files[0].name
    for file, schema in zip(found.files, schemas):
        if schema.equals(common):
            continue
        names, others = (set(item.names[len(_SOURCE) :]) for item in (schema, common))
        if names != others:
            read, read_first = (", ".join(sorted(items)) for items in (names, others))
            problem = f"of it, the columns {read} would be read, but of {first} {read_first}"
            raise DocumentError(f"{problem}: give all files the same columns", path=file.name)
        fields = []
        for field in common:
            try:
                pair = [pa.schema([field]), pa.schema([schema.field(field.name)])]
                fields += pa.unify_schemas(pair, promote_options="permissive")
            except pa.ArrowException:
                raise DocumentError(
                    f"its type is {schema.field(field.name).type}, but {field.type} in {first}",
                    field.name,
                    path=file.name,
                ) from None
        common = pa.schema(fields)
    return common


def count_rows(found: FoundFiles, file: FoundFile) -> int:
    """
    The number of rows of a file.

    # Raises

    `DocumentError`
        If it cannot be read, or is one JSON list.
    """
    system = found.file_system()
    if found.kind == PARQUET:
        with _open_parquet(system, file) as parquet:
            return parquet.metadata.num_rows
    if found.kind == TEXTS:
        return 1
    with closing(_numbered_lines(system, file)) as lines:
        first = next(lines, None)
        if first is None:
            return 0
        _check_no_list(first[1], file)
        return 1 + sum(1 for _ in lines)


class RowReader:
    """
    Reads segments of files. Those of one file are read the quicker the more they are in order: a
    file stays open between them.

    # Parameters

    found : `FoundFiles`
        The files.
    schema : `pa.Schema`
        What `common_schema` returned.
    """

    def __init__(self, found: FoundFiles, schema: pa.Schema) -> None:
        self._found = found
        self._schema = schema
        self._system = found.file_system()
        self._file: Optional[int] = None
        self._batches: Iterator[pa.RecordBatch] = iter(())
        self._batch = pa.RecordBatch.from_pylist([], schema)
        self._start = 0

    def read(self, segments: Sequence[Segment]) -> pa.Table:
        """
        The rows of segments.

        # Raises

        `DocumentError`
            If a file cannot be read, or is shorter than it was.
        """
        batches = [batch for segment in segments for batch in self._read(segment)]
        return pa.Table.from_batches(batches, self._schema)

    def _read(self, segment: Segment) -> List[pa.RecordBatch]:
        if segment.first == segment.last:
            return []
        file = self._found.files[segment.file]
        if self._found.kind == TEXTS:
            return [self._text(file)]
        return self._read_in_order(segment, file)

    def _read_in_order(self, segment: Segment, file: FoundFile) -> List[pa.RecordBatch]:
        if segment.file != self._file or segment.first < self._start:
            self._file = segment.file
            self._start, self._batches = self._open(file, segment.first)
            self._batch = self._batch.slice(0, 0)
        found: List[pa.RecordBatch] = []
        position = segment.first
        while position < segment.last:
            end = self._start + len(self._batch)
            if position < end:
                part = self._batch.slice(position - self._start, segment.last - position)
                found.append(part)
                position += len(part)
                continue
            self._start = end
            try:
                self._batch = next(self._batches)
            except StopIteration:
                self._file = None
                raise DocumentError(
                    f"it has no row {position + 1} any more", path=file.name
                ) from None
            except (OSError, pa.ArrowException) as error:
                raise DocumentError(f"cannot be read: {error}", path=file.name) from error
        return found

    def _open(self, file: FoundFile, first: int) -> Tuple[int, Iterator[pa.RecordBatch]]:
        """Batches of a file, beginning with a row at `first` or before it, and that row."""
        if self._found.kind == LINES:
            return 0, self._line_batches(file)
        return _parquet_batches(self._system, file, self._schema, first)

    def _line_batches(self, file: FoundFile) -> Iterator[pa.RecordBatch]:
        lines = _numbered_lines(self._system, file)
        while group := list(islice(lines, _LINES_AT_A_TIME)):
            content = [line.encode("utf-8", "surrogateescape") for _, line in group]
            columns = ([file.name] * len(group), [number for number, _ in group], content)
            yield pa.RecordBatch.from_arrays(_arrays(columns, self._schema), schema=self._schema)

    def _text(self, file: FoundFile) -> pa.RecordBatch:
        text: Optional[str] = None
        problem = None
        try:
            with self._system.open_input_stream(file.path, compression=None) as stream:
                text = stream.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            problem = f"byte {error.start} is not UTF-8 ({error.reason})"
        except OSError as error:
            problem = f"cannot be read: {error.strerror or error}"
        arrays = _arrays([[file.name], [1], [text], [problem]], self._schema)
        return pa.RecordBatch.from_arrays(arrays, schema=self._schema)


def _arrays(columns: Sequence[Any], schema: pa.Schema) -> List[pa.Array]:
    return [pa.array(values, field.type) for values, field in zip(columns, schema)]


def _numbered_lines(
    system: fs.FileSystem, file: FoundFile
) -> Generator[Tuple[int, str], None, None]:
    try:
        stream = system.open_input_stream(file.path, compression=None)
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror or error}", path=file.name) from None
    with io.BufferedReader(stream, 1 << 20) as reader:
        # Gzip is decompressed by `numbered_lines`, which says where it is cut off.
        if not _ZSTD_START.match(reader.peek(4)):
            yield from numbered_lines(reader, file.name, "surrogateescape")
            return
        with io.BufferedReader(pa.CompressedInputStream(reader, "zstd"), 1 << 20) as lines:
            try:
                yield from numbered_lines(lines, file.name, "surrogateescape")
            except DocumentError as error:
                if _LARGE_WINDOW not in str(error):
                    raise
                raise DocumentError(
                    "its zstd window is larger than 128 MiB: decompress it, or compress it again "
                    "without --long",
                    path=file.name,
                ) from error


def _check_no_list(line: str, file: FoundFile) -> None:
    if not line.lstrip().startswith("["):
        return
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        values = None
    if not is_token_list(values):
        raise DocumentError(
            "this is one JSON list, which cannot be divided: write JSON Lines, or predict it with "
            "--output-file",
            path=file.name,
        )


def _open_parquet(system: fs.FileSystem, file: FoundFile) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(system.open_input_file(file.path))
    except (OSError, pa.ArrowException) as error:
        raise DocumentError(f"this is no Parquet file: {error}", path=file.name) from None


def _parquet_batches(
    system: fs.FileSystem, file: FoundFile, schema: pa.Schema, first: int
) -> Tuple[int, Iterator[pa.RecordBatch]]:
    """The batches from the row group that has the row `first`, and that group's first row."""
    parquet = _open_parquet(system, file)
    metadata = parquet.metadata
    start, group = 0, 0
    while group < metadata.num_row_groups - 1:
        rows = metadata.row_group(group).num_rows
        if first < start + rows:
            break
        start, group = start + rows, group + 1

    def batches() -> Iterator[pa.RecordBatch]:
        names = schema.names[len(_SOURCE) :]
        position = start
        with parquet:
            groups = list(range(group, metadata.num_row_groups))
            for batch in parquet.iter_batches(_LINES_AT_A_TIME, groups, names, use_threads=False):
                numbers = range(position + 1, position + 1 + len(batch))
                source = _arrays([[file.name] * len(batch), numbers], schema)
                arrays = [*source, *(_cast(batch.column(name), schema, name) for name in names)]
                position += len(batch)
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return start, batches()


def _cast(column: pa.Array, schema: pa.Schema, name: str) -> pa.Array:
    type = schema.field(name).type
    return column if column.type == type else column.cast(type)
