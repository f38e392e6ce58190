"""What is done with a shard, by all engines: its rows are read, predicted and written."""

import json
import time
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List

import pyarrow as pa

from dts_ee.predictors import DtsPredictor
from dts_ee.scale.arrow_batches import ReadBatch, predict_batch, read_batch
from dts_ee.scale.file_rows import RowReader
from dts_ee.scale.output_folder import Counts, OutputFolder
from dts_ee.scale.schema import METADATA_KEY, output_schema
from dts_ee.scale.shards import Plan, Shard


@dataclass(frozen=True)
class Job:
    """
    What has to be done.

    # Parameters

    plan : `Plan`
        The input and its shards.
    output : `str`
        The folder of the output.
    settings : `Dict[str, Any]`
        The model's checksum and the options, which the schema's metadata has, too.
    batch_size : `int`
        How many rows are predicted at a time.
    stop_on_error : `bool`
        Whether a row that cannot be predicted ends everything.
    """

    plan: Plan
    output: str
    settings: Dict[str, Any]
    batch_size: int
    stop_on_error: bool

    def predict(self, predictor: DtsPredictor, rows: pa.Table) -> pa.Table:
        """
        Predicts the rows of a shard.

        # Raises

        `DocumentError`
            With `stop_on_error`, for the first row that cannot be predicted.
        """
        columns = self.plan.columns
        return self.table(
            predict_batch(predictor, batch, columns, self.stop_on_error)
            for batch in self._batches(rows)
        )

    def read(self, predictor: DtsPredictor, rows: pa.Table) -> List[ReadBatch]:
        """
        Does what `predict` does before the model. `predict_rows` and `predicted_batch` do the rest,
        in another process.

        # Raises

        `DocumentError`
            With `stop_on_error`, for the first row that cannot be read.
        """
        columns = self.plan.columns
        return [
            read_batch(predictor, batch, columns, self.stop_on_error, prepare=True)
            for batch in self._batches(rows)
        ]

    def table(self, batches: Iterable[pa.RecordBatch]) -> pa.Table:
        """The table of a shard, for its predicted batches."""
        schema = output_schema(self.plan.schema, self.plan.columns)
        metadata = {METADATA_KEY: json.dumps(self.settings)}
        return pa.Table.from_batches(batches, schema).replace_schema_metadata(metadata)

    def _batches(self, rows: pa.Table) -> List[pa.RecordBatch]:
        return rows.combine_chunks().to_batches(self.batch_size)


class ShardWorker:
    """
    Does a shard after another.

    # Parameters

    job : `Job`
        What has to be done.
    predictor : `DtsPredictor`
        The predictor.
    """

    def __init__(self, job: Job, predictor: DtsPredictor) -> None:
        self._job = job
        self._predictor = predictor
        self._reader: RowReader = job.plan.reader()
        self._output = OutputFolder(job.output)

    def __call__(self, shard: Shard) -> Counts:
        """
        Reads, predicts and writes a shard.

        # Raises

        `DocumentError`
            If it cannot be read, or, if errors end everything, predicted.
        `OSError`
            If it cannot be written.
        """
        start = time.process_time()
        table = self._job.predict(self._predictor, self._reader.read(shard.segments))
        counts = Counts.of(table, time.process_time() - start)
        self._output.write_shard(shard.name, table, counts)
        return counts
