"""Divides an input into shards, each of which becomes one file of the output."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Dict, Iterator, List, Sequence, Tuple

import pyarrow as pa
from allennlp.common.checks import ConfigurationError

from dts_ee.document import DocumentError
from dts_ee.predictors.requests import inputs_from_line
from dts_ee.scale.file_rows import RowReader, Segment, common_schema, count_rows, input_schema
from dts_ee.scale.found_files import FoundFile, FoundFiles, find_files, partition_columns
from dts_ee.scale.row_columns import (
    JSON_LINE,
    SOURCE_FILE,
    SOURCE_ROW,
    RowColumns,
)
from dts_ee.scale.schema import output_schema
from dts_ee.scale.unique_ids import UniqueIds

_ROWS_OF_SHARD = (256, 16384)
"""The least and the most rows of a shard, if there are enough."""

_NUM_SHARDS = 1024
"""The number of shards between these: enough for many workers."""

_READERS = 16
"""Threads that wait for the answers of a cloud."""


@dataclass(frozen=True)
class Shard:
    """
    Some rows of the input.

    # Parameters

    name : `str`
        The file of the output, with the folders of its Hive partition.
    segments : `Tuple[Segment, ...]`
        Its rows.
    """

    name: str
    segments: Tuple[Segment, ...]

    @property
    def num_rows(self) -> int:
        """The number of its rows."""
        return sum(segment.last - segment.first for segment in self.segments)


@dataclass(frozen=True)
class Plan:
    """
    An input and its shards, which are always the same for the same files.

    # Parameters

    found : `FoundFiles`
        The files.
    schema : `pa.Schema`
        The schema of the batches that are read.
    columns : `RowColumns`
        The meaning of the columns.
    shards : `Tuple[Shard, ...]`
        The shards; one without rows, if there are none.
    checksum : `str`
        Of the files' names, sizes, times and rows, and of the shards.
    """

    found: FoundFiles
    schema: pa.Schema
    columns: RowColumns
    shards: Tuple[Shard, ...]
    checksum: str

    @property
    def num_rows(self) -> int:
        """The number of rows of the input."""
        return sum(shard.num_rows for shard in self.shards)

    def reader(self) -> RowReader:
        """A reader of the shards' rows."""
        return RowReader(self.found, self.schema)

    def check_ids(self) -> None:
        """
        Reads all identifiers, if rows have them, and checks that none occurs twice. It does not
        matter here that a row has none.

        # Raises

        `DocumentError`
            If one does; it names both rows.
        """
        if self.columns.id is None:
            return
        ids = UniqueIds()
        for table in self._id_tables():
            ids.add(_ids(table, self.columns.id))
        suspects = ids.suspects()
        if suspects:
            for table in self._id_tables():
                files, rows = (table.column(name).to_pylist() for name in (SOURCE_FILE, SOURCE_ROW))
                for place in zip(_ids(table, self.columns.id), zip(files, rows)):
                    suspects.check(*place)

    def _id_tables(self) -> Iterator[pa.Table]:
        reader = RowReader(self.found, _with_id_only(self.schema, self.columns))
        for shard in self.shards:
            yield reader.read(shard.segments)


def make_plan(uri: str, columns: RowColumns) -> Plan:
    """
    Finds the files of an input, counts their rows and divides them into shards.

    Small files are put together; a shard has the rows of one Hive partition.

    # Parameters

    uri : `str`
        See `find_files`.
    columns : `RowColumns`
        The meaning of the columns.

    # Raises

    `ConfigurationError`
        If there are no such files, or the output would have two columns of the same name.
    `DocumentError`
        If a file cannot be read or has not the columns.
    """
    found = find_files(uri)
    _check_names(found, input_schema(found, found.files[0], columns), columns)

    def look_at(file: FoundFile) -> Tuple[int, pa.Schema]:
        return count_rows(found, file), input_schema(found, file, columns)

    # Threads make no local file quicker to read.
    with ThreadPoolExecutor(_READERS if "://" in uri else 1) as executor:
        num_rows, schemas = zip(*executor.map(look_at, found.files))
    digest = hashlib.sha256()
    for file, number in zip(found.files, num_rows):
        digest.update(json.dumps([file.name, file.size, file.modified, number]).encode())
    divided = tuple(_shards(found, num_rows))
    for shard in divided:
        digest.update(json.dumps([shard.name, shard.segments]).encode())
    return Plan(found, common_schema(found, schemas), columns, divided, digest.hexdigest())


def rows_of_shard(num_rows: int) -> int:
    """The number of rows of a shard, for the rows of an input."""
    least, most = _ROWS_OF_SHARD
    return max(least, min(most, -(-num_rows // _NUM_SHARDS)))


def _shards(found: FoundFiles, num_rows: Sequence[int]) -> Iterator[Shard]:
    size = rows_of_shard(sum(num_rows))
    number = 0
    by_partition = groupby(range(len(num_rows)), lambda i: found.files[i].partition)
    for partition, files in by_partition:
        folder = f"{partition}/" if partition else ""
        for segments in _groups({file: num_rows[file] for file in files}, size):
            yield Shard(f"{folder}part-{number:06d}.parquet", tuple(segments))
            number += 1
    if number == 0:
        yield Shard(f"part-{number:06d}.parquet", ())


def _groups(num_rows: Dict[int, int], size: int) -> Iterator[List[Segment]]:
    """Groups of segments that have `size` rows together, and a last one with the rest."""
    group: List[Segment] = []
    room = size
    for file, number in num_rows.items():
        first = 0
        while first < number:
            last = min(number, first + room)
            group.append(Segment(file, first, last))
            room -= last - first
            first = last
            if room == 0:
                yield group
                group, room = [], size
    if group:
        yield group


def _check_names(found: FoundFiles, schema: pa.Schema, columns: RowColumns) -> None:
    names = [*output_schema(schema, columns).names, *partition_columns(found)]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(
                f"the output would have two columns {name!r}: give the input's another name, or "
                "leave it out of --id-column and --keep-columns"
            )


def _with_id_only(schema: pa.Schema, columns: RowColumns) -> pa.Schema:
    if JSON_LINE in schema.names:
        return schema
    return pa.schema([schema.field(name) for name in (SOURCE_FILE, SOURCE_ROW, columns.id)])


def _ids(table: pa.Table, name: str) -> Iterator[Any]:
    if JSON_LINE not in table.schema.names:
        try:
            yield from table.column(name).to_pylist()
        except (pa.ArrowException, OverflowError, ValueError) as error:
            # A time that Python has not, or bytes that are not UTF-8.
            row, file = (table.column(column)[0].as_py() for column in (SOURCE_ROW, SOURCE_FILE))
            problem = f"an identifier from row {row} on cannot be read: {error}"
            raise DocumentError(problem, name, path=file) from None
        return
    for line in table.column(JSON_LINE).to_pylist():
        try:
            yield inputs_from_line(line.decode("utf-8", "surrogateescape")).get(name)
        except DocumentError:
            yield None
