import shutil

import pytest

from benchmarks import feature_cache
from benchmarks.measure import MissingResourceError, Row, Settings, Value
from dts_ee.modules.frozen_encoders.feature_file import FeatureFile


def _settings(folder, runs=1):
    return Settings(runs=runs, resources=folder / "resources", output=folder / "out")


def test_it_builds_and_reads_a_file_and_leaves_nothing(tmp_path):
    left = tmp_path / "out" / "feature_cache" / "large.lmdb"
    left.parent.mkdir(parents=True)
    left.write_text("what a run that was killed has left")
    tables = feature_cache.run(
        _settings(tmp_path, runs=2), num_sentences=64, num_batches=1, free_gib=0
    )
    rows = {row.name: row for table in tables for row in table.rows}
    assert all(table.topic == "feature_cache" for table in tables)
    assert len(rows) == sum(len(table.rows) for table in tables)
    values = {name: row.value for name, row in rows.items() if isinstance(row, Value)}
    assert values["found in the first epoch"] == 0
    assert values["found in the epochs of the next run"] == 100
    # 25 words on average, with two layers of 384 numbers of two bytes
    assert 30 < values["size of a sentence"] < 50
    built, read = rows["built"], rows["read in another order"]
    assert isinstance(built, Row) and isinstance(read, Row)
    assert (len(built.seconds), built.work) == (2, 32)
    assert (len(read.seconds), read.work) == (2, 64)
    for name in ("MiniLM", "MPNet"):
        from_file = rows[f"{name}, from file"]
        assert isinstance(from_file, Row)
        assert from_file.baseline == f"{name}, from memory"
        assert from_file.ratio_to(rows[from_file.baseline]) > 0  # type: ignore[arg-type]
    assert list((tmp_path / "out").iterdir()) == []


def test_a_cache_that_loses_what_it_was_given_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(FeatureFile, "read", lambda self, key, num_words: None)
    with pytest.raises(RuntimeError, match="not found"):
        feature_cache.run(_settings(tmp_path), num_sentences=32, num_batches=1, free_gib=0)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_disk_without_room_is_said(tmp_path, monkeypatch):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=7 << 30))
    with pytest.raises(MissingResourceError, match="less than 8 GiB are free"):
        feature_cache.run(_settings(tmp_path))
    assert list((tmp_path / "out").iterdir()) == []
