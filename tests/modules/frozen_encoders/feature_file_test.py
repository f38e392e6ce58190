import logging
import os
import re
import resource
import shutil
from typing import Optional

import lmdb
import pytest
import torch

from dts_ee.modules.frozen_encoders import feature_file
from dts_ee.modules.frozen_encoders.feature_file import FeatureFile, open_feature_file

LAYERS, DIM = 3, 4


def _features(num_words, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(LAYERS, num_words, DIM, generator=generator).half()


def _key(i):
    return i.to_bytes(16, "big")


def _is(features: Optional[torch.Tensor], expected: torch.Tensor) -> bool:
    return features is not None and torch.equal(features, expected)


def _write_and_close(path, num_entries=300):
    file = FeatureFile(path, LAYERS, DIM)
    file.write({_key(i): _features(20, i) for i in range(num_entries)})
    assert len(file) == num_entries
    del file


def test_what_was_written_is_read_by_the_next_run(tmp_path):
    path = tmp_path / "features.lmdb"
    _write_and_close(path)
    file = FeatureFile(path, LAYERS, DIM)
    assert _is(file.read(_key(7), num_words=20), _features(20, 7))
    assert file.read(_key(1000), num_words=20) is None


def test_the_file_has_nothing_else_that_was_in_memory(tmp_path):
    # LMDB could write memory that the process has given back, in what a page does not use.
    freed = [bytearray(b"a secret" * (500 + i)) for i in range(200)]
    del freed
    _write_and_close(tmp_path / "features.lmdb", num_entries=1)
    assert b"a secret" not in (tmp_path / "features.lmdb").read_bytes()


def test_a_fork_reads_with_a_file_of_its_own(tmp_path):
    path = tmp_path / "features.lmdb"
    _write_and_close(path)
    file = FeatureFile(path, LAYERS, DIM)
    inherited = file._environment
    if (pid := os.fork()) == 0:
        try:
            is_right = _is(file.read(_key(7), num_words=20), _features(20, 7))
            environment = file._environment
            assert environment is not None
            is_right &= environment is not inherited
            # LMDB lists the processes that read.
            with environment.begin():
                is_right &= str(os.getpid()) in environment.readers()
            os._exit(0 if is_right else 1)
        finally:
            os._exit(2)
    assert os.waitpid(pid, 0)[1] == 0
    assert _is(file.read(_key(8), num_words=20), _features(20, 8))
    assert file._environment is inherited


def test_numbers_that_do_not_fill_the_last_word_are_kept(tmp_path):
    file = FeatureFile(tmp_path / "features.lmdb", num_layers=1, dim=3)
    entries = {_key(n): torch.randn(1, n, 3).half() for n in range(1, 9)}
    assert file.write(entries)
    for n in range(1, 9):
        assert _is(file.read(_key(n), num_words=n), entries[_key(n)])


def test_its_size_is_logged_when_it_is_opened(tmp_path, caplog):
    path = tmp_path / "features.lmdb"
    _write_and_close(path)
    with caplog.at_level(logging.INFO):
        file = FeatureFile(path, LAYERS, DIM)
    assert re.search(rf"{re.escape(str(path))}: 300 sentences, \d+K", caplog.text)
    assert str(file) in caplog.text


def test_what_was_read_can_be_changed_without_the_file(tmp_path):
    path = tmp_path / "features.lmdb"
    file = FeatureFile(path, LAYERS, DIM)
    file.write({_key(0): _features(2)})
    features = file.read(_key(0), num_words=2)
    assert features is not None
    features.zero_()
    assert _is(file.read(_key(0), num_words=2), _features(2))


def test_one_path_is_opened_once(tmp_path):
    path = tmp_path / "made" / "features.lmdb"
    first = open_feature_file(path, LAYERS, DIM)
    first.write({_key(0): _features(2)})
    second = open_feature_file(tmp_path / "made" / ".." / "made" / "features.lmdb", LAYERS, DIM)
    assert second is first
    del first, second
    assert len(open_feature_file(path, LAYERS, DIM)) == 1


def test_an_entry_of_another_size_is_taken_for_none(tmp_path, caplog):
    file = FeatureFile(tmp_path / "features.lmdb", LAYERS, DIM)
    file.write({_key(0): _features(2)})
    with caplog.at_level(logging.WARNING):
        assert file.read(_key(0), num_words=3) is None
    assert "damaged" in caplog.text


@pytest.mark.parametrize("damage", ["a flipped bit", "zeros", "zeros and no checksum"])
def test_a_damaged_entry_is_taken_for_none(tmp_path, caplog, damage):
    path = tmp_path / "features.lmdb"
    _write_and_close(path, num_entries=1)
    content = bytearray(path.read_bytes())
    numbers = _features(20, 0).numpy().tobytes()
    start = content.index(numbers)
    end = start + len(numbers)
    if damage == "a flipped bit":
        content[start + 77] ^= 1
    else:
        start -= 8 if damage == "zeros and no checksum" else 0
        content[start:end] = bytes(end - start)
    path.write_bytes(content)
    file = FeatureFile(path, LAYERS, DIM)
    with caplog.at_level(logging.WARNING):
        assert file.read(_key(0), num_words=20) is None
        assert file.read(_key(0), num_words=20) is None
    assert caplog.text.count("is damaged") == 1
    assert file.write({_key(0): _features(20, 0)})
    assert _is(file.read(_key(0), num_words=20), _features(20, 0))


def test_the_entry_of_another_key_is_taken_for_none(tmp_path):
    file = FeatureFile(tmp_path / "features.lmdb", LAYERS, DIM)
    file.write({_key(0): _features(20)})
    with file._environment.begin(write=True) as transaction:  # type: ignore[union-attr]
        entry = transaction.get(_key(0))
        assert entry is not None
        transaction.put(_key(1), entry)
    assert file.read(_key(1), num_words=20) is None


@pytest.mark.parametrize("damage", ["other file", "cut short"])
def test_a_damaged_file_is_set_aside_and_made_anew(tmp_path, caplog, damage):
    path = tmp_path / "features.lmdb"
    _write_and_close(path)
    content = path.read_bytes()
    damaged = b"no LMDB file" * 1000 if damage == "other file" else content[: len(content) // 2]
    path.write_bytes(damaged)
    with caplog.at_level(logging.WARNING):
        file = FeatureFile(path, LAYERS, DIM)
    assert str(path) in caplog.text
    assert len(file) == 0
    assert (tmp_path / "features.lmdb.damaged").read_bytes() == damaged
    file.write({_key(0): _features(2)})
    assert _is(file.read(_key(0), num_words=2), _features(2))


def test_damage_that_shows_in_reading_does_not_stop_the_run(tmp_path, caplog):
    path = tmp_path / "features.lmdb"
    _write_and_close(path)
    content = path.read_bytes()
    path.write_bytes(content[:8192] + bytes(len(content) - 8192))
    file = FeatureFile(path, LAYERS, DIM)
    with caplog.at_level(logging.WARNING):
        assert file.read(_key(0), num_words=20) is None
    assert "a new one is created" in caplog.text
    file.write({_key(0): _features(20)})
    assert _is(file.read(_key(0), num_words=20), _features(20))


def _allow_files_of_64_kib(monkeypatch):
    # As a full disk does, this fails in the middle of a write. Python ignores the signal for it.
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, limits[1]))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def _let_the_file_be_full(monkeypatch):
    monkeypatch.setattr(feature_file, "_MAP_SIZE", 1 << 16)
    return lambda: None


def _let_the_disk_be_nearly_full(monkeypatch):
    usage = shutil.disk_usage(".")
    # The larger of the test's two entries is more than a quarter of a MiB.
    free = feature_file._RESERVED_BYTES + (1 << 16)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=free))
    return lambda: None


@pytest.mark.parametrize(
    "limit", [_allow_files_of_64_kib, _let_the_file_be_full, _let_the_disk_be_nearly_full]
)
def test_no_room_ends_writing_but_not_reading(tmp_path, caplog, monkeypatch, limit):
    path = tmp_path / "features.lmdb"
    lift = limit(monkeypatch)
    try:
        file = FeatureFile(path, LAYERS, DIM)
        assert file.write({_key(0): _features(2)})
        with caplog.at_level(logging.WARNING):
            assert not file.write({_key(1): _features(15000)})
            assert not file.write({_key(2): _features(2)})
    finally:
        lift()
    assert caplog.text.count("Nothing more is written") == 1
    assert _is(file.read(_key(0), num_words=2), _features(2))
    assert file.read(_key(1), num_words=15000) is None
    assert file.read(_key(2), num_words=2) is None
    monkeypatch.undo()
    del file
    later = FeatureFile(path, LAYERS, DIM)
    assert len(later) == 1
    assert later.write({_key(1): _features(15000)})
    assert _is(later.read(_key(1), num_words=15000), _features(15000))


def test_a_damaged_file_that_cannot_be_renamed_does_not_stop_the_run(tmp_path, caplog, monkeypatch):
    path = tmp_path / "features.lmdb"
    _write_and_close(path)
    content = path.read_bytes()
    path.write_bytes(content[:8192] + bytes(len(content) - 8192))
    file = FeatureFile(path, LAYERS, DIM)

    def refuse(source, target):
        raise PermissionError("a read-only folder")

    monkeypatch.setattr(os, "replace", refuse)
    with caplog.at_level(logging.WARNING):
        assert file.read(_key(0), num_words=20) is None
    assert "a read-only folder" in caplog.text
    assert not file.write({_key(0): _features(20)})
    assert file.read(_key(0), num_words=20) is None
    assert len(file) == 0


def test_a_file_that_cannot_be_read_any_more_does_not_stop_the_run(tmp_path, caplog, monkeypatch):
    file = FeatureFile(tmp_path / "features.lmdb", LAYERS, DIM)
    file.write({_key(0): _features(2)})

    def refuse(key, entry, num_words):
        raise lmdb.ReadersFullError("too many readers")

    monkeypatch.setattr(file, "_features", refuse)
    with caplog.at_level(logging.WARNING):
        assert file.read(_key(0), num_words=2) is None
        assert file.read(_key(0), num_words=2) is None
    assert caplog.text.count("no longer used: too many readers") == 1
    assert (tmp_path / "features.lmdb").exists()


def test_a_file_without_write_permission_is_read(tmp_path, monkeypatch):
    path = tmp_path / "features.lmdb"
    _write_and_close(path)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    file = FeatureFile(path, LAYERS, DIM)
    assert not file.write({_key(1000): _features(2)})
    assert file.read(_key(1000), num_words=2) is None
    assert _is(file.read(_key(7), num_words=20), _features(20, 7))


def test_a_full_disk_has_a_file_that_is_read_but_no_new_one(tmp_path, caplog, monkeypatch):
    path = tmp_path / "features.lmdb"
    _write_and_close(path)
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=0))
    with caplog.at_level(logging.INFO):
        file = open_feature_file(path, LAYERS, DIM)
    assert "only read" in caplog.text
    assert not file.write({_key(1000): _features(2)})
    assert _is(file.read(_key(7), num_words=20), _features(20, 7))
    with pytest.raises(
        OSError, match=r"other\.lmdb is not created, as less than 1\.0G of the disk"
    ):
        open_feature_file(tmp_path / "other.lmdb", LAYERS, DIM)
    assert not (tmp_path / "other.lmdb").exists()
    (tmp_path / "damaged.lmdb").write_bytes(b"no LMDB file" * 1000)
    with pytest.raises(OSError, match=r"not replaced, as less than 1\.0G of the disk"):
        open_feature_file(tmp_path / "damaged.lmdb", LAYERS, DIM)
    assert (tmp_path / "damaged.lmdb").exists()


def test_a_path_that_cannot_be_opened_is_an_os_error(tmp_path):
    (tmp_path / "features.lmdb").mkdir()
    with pytest.raises(OSError, match=r"features\.lmdb"):
        open_feature_file(tmp_path / "features.lmdb", LAYERS, DIM)
