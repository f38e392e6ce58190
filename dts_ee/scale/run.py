"""Predicts an input of any size into a folder, and goes on where an earlier call ended."""

import os
import time
from dataclasses import asdict, dataclass
from typing import Any, Dict, Iterable, Optional, Tuple

from allennlp.common.checks import ConfigurationError

from dts_ee.console import say
from dts_ee.runs.machine import available_cores
from dts_ee.scale import local
from dts_ee.scale.forked import call_in_fork
from dts_ee.scale.found_files import would_find
from dts_ee.scale.model_source import ModelSource
from dts_ee.scale.output_folder import Counts, OutputFolder, locked_folder
from dts_ee.scale.row_columns import RowColumns
from dts_ee.scale.shard_work import Job
from dts_ee.scale.shards import Plan, Shard, make_plan
from dts_ee.training.epoch_line import duration
from dts_ee.version import VERSION

_SECONDS_BETWEEN_LINES = 10.0


@dataclass(frozen=True)
class Task:
    """
    An input, and where and how it is predicted.

    # Parameters

    model : `ModelSource`
        The model.
    input : `str`
        See `find_files`.
    output : `str`
        The folder of the output: a path, or an address of one of pyarrow's file systems.
    columns : `RowColumns`, optional (default = `RowColumns()`)
        The meaning of the input's columns.
    engine : `str`, optional (default = `"local"`)
        `"local"` or `"ray"`.
    workers : `int`, optional (default = `None`)
        The number of processes or actors with the model; `None` for as many as there is room for.
    address : `str`, optional (default = `None`)
        The address of a Ray cluster; `None` for one on this machine, which ends with the call.
    batch_size : `int`, optional (default = `256`)
        How many rows are predicted at a time.
    stop_on_error : `bool`, optional (default = `False`)
        Whether a row that cannot be predicted ends everything.
    silent : `bool`, optional (default = `False`)
        Whether to print no progress.
    """

    model: ModelSource
    input: str
    output: str
    columns: RowColumns = RowColumns()
    engine: str = "local"
    workers: Optional[int] = None
    address: Optional[str] = None
    batch_size: int = 256
    stop_on_error: bool = False
    silent: bool = False

    def run(self) -> Dict[str, Any]:
        """
        Predicts everything that is not predicted yet.

        # Returns

        `Dict[str, Any]`
            The manifest.

        # Raises

        `ConfigurationError`
            If there is no such input, or the output is of another model, input or options.
        `DocumentError`
            If a file of the input cannot be read, an identifier occurs twice, or, with
            `stop_on_error`, a row cannot be predicted.
        `OSError`
            If the output cannot be written.
        """
        if would_find(self.input, self.output):
            raise ConfigurationError(
                f"{self.output}: --output-dir is where the input is read from, and the next call "
                "would read it"
            )
        with locked_folder(self.output):
            return self._run_locked()

    def _run_locked(self) -> Dict[str, Any]:
        start = time.perf_counter()
        # Clients of clouds do not survive a fork, so this process, which forks others, has none.
        plan, settings, finished, counts = call_in_fork(self._begin)
        job = Job(plan, self.output, settings, self.batch_size, self.stop_on_error)
        shards = [shard for shard in plan.shards if shard.name not in finished]
        progress = _Progress(plan.num_rows, counts, self.silent)
        this_run = Counts()
        for _, own in self._predict(job, shards) if shards else ():
            counts.add(own)
            this_run.add(own)
            progress.update(own)
        manifest = _manifest(plan, settings, counts, True)
        seconds = time.perf_counter() - start
        manifest["last_call"] = {
            "engine": self.engine,
            **asdict(this_run),
            "seconds": round(seconds, 3),
            "sentences_per_second": round(this_run.sentences / seconds, 2),
        }
        call_in_fork(lambda: OutputFolder(self.output).write_manifest(manifest))
        return manifest

    def _begin(self) -> Tuple[Plan, Dict[str, Any], Iterable[str], Counts]:
        """The plan, and what is finished of it, with its counts."""
        plan = make_plan(self.input, self.columns)
        settings = self._settings(plan)
        output = OutputFolder(self.output)
        output.prepare()
        before = output.read_settings()
        if before is None:
            plan.check_ids()
            output.write_manifest(_manifest(plan, settings, Counts(), False))
        else:
            _check_settings(settings, before, self.output)
        counts = Counts()
        finished = output.finished()
        for name in sorted(finished - {shard.name for shard in plan.shards}):
            raise ConfigurationError(
                f"{self.output}/{name}: this is none of the output's files: move it elsewhere"
            )
        for name in finished:
            counts.add(output.counts_of(name))
        return plan, settings, finished, counts

    def _settings(self, plan: Plan) -> Dict[str, Any]:
        """What all shards have in common."""
        columns = {
            "text_column": self.columns.text,
            "id_column": self.columns.id,
            "keep_columns": list(self.columns.keep),
        }
        return {
            "model": {"name": self.model.model, "sha256": self.model.checksum()},
            "options": {**self.model.options(), **columns},
            "input": {
                "name": self.input,
                "files": len(plan.found.files),
                "rows": plan.num_rows,
                "sha256": plan.checksum,
            },
        }

    def _predict(self, job: Job, shards: Any) -> Iterable[Tuple[Shard, Counts]]:
        if self.engine == "ray":
            # Ray is imported only where it is used.
            from dts_ee.scale import ray_engine

            return ray_engine.predict_shards(job, shards, self.model, self.workers, self.address)
        load = self.model.load
        if self.model.cuda_device < 0:
            # Workers are forked, and a fork lacks the threads of tokenizers.
            os.environ["TOKENIZERS_PARALLELISM"] = "false"
            predictor = load()
            load = lambda: predictor  # noqa: E731
        workers = self.workers or available_cores()
        return local.predict_shards(job, shards, load, min(workers, len(shards)))


def _manifest(
    plan: Plan, settings: Dict[str, Any], counts: Counts, complete: bool
) -> Dict[str, Any]:
    rate = round(counts.sentences / counts.cpu_seconds, 2) if counts.cpu_seconds else 0.0
    return {
        "complete": complete,
        "shards": len(plan.shards),
        **asdict(counts),
        "sentences_per_cpu_second": rate,
        "version": VERSION,
        "settings": settings,
    }


def _check_settings(settings: Dict[str, Any], before: Dict[str, Any], output: str) -> None:
    """Checks that the folder is of the same model, options and input."""
    if settings["model"]["sha256"] != before["model"]["sha256"]:
        problem = f"with another model, {before['model']['name']}"
    elif settings["options"] != before["options"]:
        names = sorted(settings["options"].keys() | before["options"].keys())
        changed = [n for n in names if settings["options"].get(n) != before["options"].get(n)]
        old, new = (
            ", ".join(f"{name} {options.get(name, 'unset')}" for name in changed)
            for options in (before["options"], settings["options"])
        )
        problem = f"with {old}, and this is {new}"
    elif settings["input"]["sha256"] != before["input"]["sha256"]:
        old, new = (
            f"{item['files']:,} files with {item['rows']:,} rows"
            for item in (before["input"], settings["input"])
        )
        problem = f"for other input, {before['input']['name']} ({old}); this is {new}"
    else:
        return
    raise ConfigurationError(f"{output}: it was written {problem}: name another --output-dir")


class _Progress:
    """Prints a line now and then."""

    def __init__(self, num_rows: int, done: Counts, silent: bool) -> None:
        self._num_rows = num_rows
        self._done = done.rows
        self._silent = silent
        self._this_call = Counts()
        self._start = self._last = time.monotonic()

    def update(self, counts: Counts) -> None:
        self._done += counts.rows
        self._this_call.add(counts)
        now = time.monotonic()
        if self._silent or now - self._last < _SECONDS_BETWEEN_LINES:
            return
        self._last = now
        seconds = now - self._start
        left = seconds / max(1, self._this_call.rows) * (self._num_rows - self._done)
        errors = f", {self._this_call.errors:,} with an error" if self._this_call.errors else ""
        say(
            f"{self._done:,} of {self._num_rows:,} rows{errors}, "
            f"{self._this_call.sentences / seconds:,.0f} sentences/s, {duration(left)} to go"
        )
