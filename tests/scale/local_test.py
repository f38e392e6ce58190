"""The engine `local`, and what is left after faults."""

import errno
import json
import multiprocessing
import os
import signal
import time
from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from allennlp.common.checks import ConfigurationError
from pyarrow import fs

from dts_ee.document import DocumentError
from dts_ee.scale import found_files, local, output_folder, run, shard_work
from dts_ee.scale.forked import call_in_fork
from dts_ee.scale.local import LostShardsError
from dts_ee.scale.model_source import ModelSource
from dts_ee.scale.output_folder import MANIFEST_NAME
from dts_ee.scale.row_columns import RowColumns
from dts_ee.scale.run import Task
from tests.scale.rows import TEXTS, assert_like_predictor, read_output, write_lines

pytestmark = pytest.mark.usefixtures("small_shards")

LINES = [{"text": text, "id": str(i)} for i, text in enumerate(TEXTS)]
ALL = [*LINES[:3], {"text": None, "id": "null"}, "{", *LINES[3:]]
"""Four shards of two rows; the text with the number 3 is empty."""


@pytest.fixture
def loaded(model, predictor, monkeypatch):
    """The model, which is loaded already."""
    monkeypatch.setattr(ModelSource, "load", lambda self: predictor)
    return model


@pytest.fixture
def task(loaded, tmp_path):
    source = write_lines(tmp_path / "in.jsonl", *ALL)
    return Task(loaded, str(source), str(tmp_path / "out"), RowColumns(id="id"), workers=2)


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out"


def assert_complete(output, predictor):
    """Asserts that no row is lost, none is there twice, and good ones are the predictor's."""
    rows = sorted(read_output(output), key=lambda row: row["source_row"])
    assert [row["source_row"] for row in rows] == list(range(1, len(ALL) + 1))
    good = [row for row in rows if row["error"] is None]
    assert [row["id"] for row in good] == [line["id"] for line in LINES]
    assert_like_predictor(good, TEXTS, predictor)
    assert [row["id"] for row in rows if row["error"] is not None] == ["null", None]
    names = sorted(path.name for path in output.iterdir())
    assert names == [MANIFEST_NAME, *(f"part-00000{i}.parquet" for i in range(4))]
    manifest = json.loads((output / MANIFEST_NAME).read_text())
    assert (manifest["complete"], manifest["rows"], manifest["errors"]) == (True, len(ALL), 2)
    sentences = sum(len(row["sentences"] or ()) for row in rows)
    assert manifest["sentences"] == sentences == 7


def watch_batches(monkeypatch, watch):
    """Has a function called before each batch, in the process that predicts it."""
    predict = shard_work.predict_batch

    def watched(predictor, batch, *args):
        watch(batch.column("source_row").to_pylist())
        return predict(predictor, batch, *args)

    monkeypatch.setattr(shard_work, "predict_batch", watched)


def test_everything_is_predicted_once(task, output, predictor, monkeypatch):
    manifest = task.run()
    assert_complete(output, predictor)
    assert manifest["last_call"]["rows"] == len(ALL)
    schema = pq.read_schema(output / "part-000001.parquet")
    metadata = json.loads(schema.metadata[b"dts_ee"])
    assert metadata["model"] == manifest["settings"]["model"]
    assert metadata["counts"]["errors"] == 1
    # What is finished is not begun again.
    before = {path: path.stat().st_mtime_ns for path in output.glob("*.parquet")}
    (output / "part-000002.parquet").unlink()
    again = task.run()
    assert again["last_call"]["rows"] == 2
    assert {**manifest, "last_call": 0, "cpu_seconds": 0, "sentences_per_cpu_second": 0} == {
        **again,
        "last_call": 0,
        "cpu_seconds": 0,
        "sentences_per_cpu_second": 0,
    }
    after = {path: path.stat().st_mtime_ns for path in output.glob("*.parquet")}
    assert sum(before[path] != after[path] for path in before) == 1
    monkeypatch.setattr(ModelSource, "load", None)
    assert task.run()["last_call"]["rows"] == 0


def test_a_worker_that_is_killed_loses_nothing(task, output, predictor, monkeypatch, tmp_path):
    def kill_once(rows):
        if 3 in rows and not (tmp_path / "killed").exists():
            (tmp_path / "killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)

    watch_batches(monkeypatch, kill_once)
    task.run()
    assert (tmp_path / "killed").exists()
    assert_complete(output, predictor)


def test_a_shard_whose_workers_are_always_killed(task, output, predictor, monkeypatch, tmp_path):
    def kill(rows):
        if 3 in rows:
            with open(tmp_path / "kills", "a") as file:
                file.write(".")
            os.kill(os.getpid(), signal.SIGKILL)

    with monkeypatch.context() as context:
        watch_batches(context, kill)
        message = r"part-000001.parquet \(it was killed, perhaps for lack of memory\)"
        with pytest.raises(LostShardsError, match=message):
            task.run()
    assert (tmp_path / "kills").read_text() == "." * local.MAX_ATTEMPTS
    assert len(list(output.glob("*.parquet"))) == 3
    assert not json.loads((output / MANIFEST_NAME).read_text())["complete"]
    assert task.run()["last_call"]["rows"] == 2
    assert_complete(output, predictor)


def test_a_call_that_is_killed_goes_on(task, output, predictor, monkeypatch):
    with monkeypatch.context() as context:
        watch_batches(context, lambda rows: time.sleep(0.3 if 1 in rows else 60))
        context.setattr(output_folder, "_LOCK_SECONDS", 0.0)
        parent = multiprocessing.get_context("fork").Process(target=task.run)
        parent.start()
        while not list(output.glob("*.parquet")):
            time.sleep(0.05)
        with pytest.raises(ConfigurationError, match="out: another process is writing to it"):
            task.run()
    assert parent.pid is not None
    os.kill(parent.pid, signal.SIGKILL)
    parent.join()
    # As it is left by a process that is killed while it writes.
    (output / "part-000001.parquet.123.tmp").write_bytes(b"PAR1")
    assert task.run()["last_call"]["rows"] == len(ALL) - 2
    assert_complete(output, predictor)


def test_a_full_disk(task, output, predictor, monkeypatch):
    write = output_folder.open_bytes_atomically

    def write_until_full(path, durable):
        if path.endswith("2.parquet"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), path)
        return write(path, durable)

    with monkeypatch.context() as context:
        context.setattr(output_folder, "open_bytes_atomically", write_until_full)
        with pytest.raises(OSError, match="No space left") as caught:
            task.run()
    assert caught.value.filename == str(output / "part-000002.parquet")
    task.run()
    assert_complete(output, predictor)


def test_errors_can_end_everything(loaded, tmp_path, output):
    source = write_lines(tmp_path / "in.jsonl", *ALL)
    task = Task(loaded, str(source), str(output), workers=1, stop_on_error=True)
    with pytest.raises(DocumentError, match="file in.jsonl, document row 4, field text: it is "):
        task.run()
    assert not json.loads((output / MANIFEST_NAME).read_text())["complete"]


def test_other_models_options_and_inputs_are_refused(task, output, model, tmp_path):
    task.run()
    other = tmp_path / "other.tar.gz"
    other.write_bytes(b"another model")
    same: Any = {"input": task.input, "output": task.output, "columns": task.columns}
    for changed, message in (
        (Task(ModelSource(str(other), model.predictor_args), **same), "another model, "),
        (
            Task(ModelSource(model.model, {"relation_threshold": 0.5}), **same),
            "with relation_threshold 0, and this is relation_threshold 0.5: name another",
        ),
        (
            Task(model, task.input, task.output),
            "with id_column id, and this is id_column None: name another --output-dir",
        ),
    ):
        with pytest.raises(ConfigurationError, match=message):
            changed.run()
    write_lines(tmp_path / "in.jsonl", *ALL, {"text": "a"})
    with pytest.raises(ConfigurationError, match=r"\(1 files with 7 rows\); this is 1 files wit"):
        task.run()


def test_outputs_that_are_refused(task, loaded, output, tmp_path):
    output.mkdir()
    (output / "notes.txt").touch()
    with pytest.raises(ConfigurationError, match="the folder is not empty, and has no _manifest"):
        task.run()
    for source in (tmp_path, f"{tmp_path}/**/*.parquet", output):
        with pytest.raises(ConfigurationError, match="--output-dir is where the input is read fro"):
            Task(loaded, str(source), str(output)).run()
    with pytest.raises(NotADirectoryError):
        Task(loaded, f"{tmp_path}/*.jsonl", str(output / "notes.txt" / "out")).run()
    # Nothing is left of a call that had nothing to do.
    with pytest.raises(ConfigurationError, match="there is no such file"):
        Task(loaded, str(tmp_path / "missing"), str(tmp_path / "new")).run()
    assert not (tmp_path / "new").exists()


def test_an_output_that_was_changed(task, output):
    task.run()
    shard, manifest = output / "part-000000.parquet", output / "_manifest.json"
    other = shard.rename(output / "other.parquet")
    with pytest.raises(ConfigurationError, match="out/other.parquet: this is none of the output's"):
        task.run()
    other.rename(shard).write_bytes(b"PAR1")
    with pytest.raises(ConfigurationError, match="out/part-000000.parquet: this is damaged, or no"):
        task.run()
    shard.unlink()
    for content in ("{", "[]", "{}", '{"settings": {}}'):
        manifest.write_text(content)
        with pytest.raises(ConfigurationError, match="out/_manifest.json: this is damaged: name"):
            task.run()


def test_identifiers_are_checked_before_anything_is_predicted(loaded, tmp_path, output):
    source = write_lines(tmp_path / "in.jsonl", *LINES, LINES[0])
    with pytest.raises(DocumentError, match="row 6: the identifier '0' is that of row 1 of in"):
        Task(loaded, str(source), str(output), RowColumns(id="id")).run()
    assert not output.exists()


def test_partitions_are_kept(loaded, tmp_path, output, predictor):
    table = pa.table({"text": TEXTS, "lang": ["de", "en", "de", "en", "de"]})
    pq.write_to_dataset(table, tmp_path / "in", partition_cols=["lang"])
    Task(loaded, str(tmp_path / "in"), f"file://{output}").run()
    rows = read_output(output)
    assert Counter(row["lang"] for row in rows) == {"de": 3, "en": 2}
    assert_like_predictor([row for row in rows if row["lang"] == "en"], TEXTS[1::2], predictor)
    assert {path.parent.name for path in output.glob("*/*.parquet")} == {"lang=de", "lang=en"}


def test_a_folder_in_a_cloud(loaded, tmp_path, monkeypatch, predictor):
    cloud = fs.SubTreeFileSystem(str(tmp_path), fs.LocalFileSystem())
    for module in (found_files, output_folder):
        monkeypatch.setattr(
            module, "open_file_system", lambda uri: (cloud, uri.removeprefix("cloud://"))
        )
    (tmp_path / "in" / "lang=de").mkdir(parents=True)
    write_lines(tmp_path / "in" / "lang=de" / "a.jsonl", *LINES)
    task = Task(loaded, "cloud://in/**/*.jsonl", "cloud://out")
    assert task.run()["last_call"]["rows"] == len(LINES)
    assert_like_predictor(read_output(tmp_path / "out"), TEXTS, predictor)
    assert len(list((tmp_path / "out" / "lang=de").iterdir())) == 3
    assert task.run()["last_call"]["rows"] == 0
    with pytest.raises(ConfigurationError, match="--output-dir is where the input is read from"):
        Task(loaded, "cloud://in?region=a", "cloud://in/out?region=a").run()


def test_a_folder_of_a_training_is_a_model(archive, tmp_path):
    folder = archive.removesuffix("/model.tar.gz")
    checksum = ModelSource(folder).checksum()
    assert checksum == ModelSource(folder).checksum() != ModelSource(archive).checksum()


def test_progress(task, monkeypatch, capsys):
    monkeypatch.setattr(run, "_SECONDS_BETWEEN_LINES", 0.0)
    task.run()
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" of ")[0] for line in lines] == ["2", "4", "6", "7"] or len(lines) == 4
    assert lines[-1].startswith("7 of 7 rows, 2 with an error, ")
    assert lines[-1].endswith(" sentences/s, 0:00:00 to go")


def test_what_a_process_raises_is_raised_here():
    class UnknownError(Exception):
        pass

    def fail():
        raise UnknownError("only here")

    with pytest.raises(RuntimeError, match="UnknownError: only here"):
        call_in_fork(fail)
    assert call_in_fork(lambda: os.getppid()) == os.getpid()
