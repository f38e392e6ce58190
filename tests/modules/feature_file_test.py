import logging
import os
from typing import Optional

import pytest
import torch

from dts_ee.modules import feature_file
from dts_ee.modules.feature_file import FeatureFile, open_feature_file

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


def test_an_entry_with_a_flipped_bit_is_taken_for_none(tmp_path, caplog):
    path = tmp_path / "features.lmdb"
    _write_and_close(path, num_entries=1)
    content = bytearray(path.read_bytes())
    place = content.index(_features(20, 0).numpy().tobytes())
    content[place] ^= 1
    path.write_bytes(content)
    file = FeatureFile(path, LAYERS, DIM)
    with caplog.at_level(logging.WARNING):
        assert file.read(_key(0), num_words=20) is None
    assert "damaged" in caplog.text
    file.write({_key(0): _features(20, 0)})
    assert _is(file.read(_key(0), num_words=20), _features(20, 0))


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
    assert "made anew" in caplog.text
    file.write({_key(0): _features(20)})
    assert _is(file.read(_key(0), num_words=20), _features(20))


def test_a_full_file_ends_writing_but_not_reading(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(feature_file, "_MAP_SIZE", 1 << 16)
    file = FeatureFile(tmp_path / "features.lmdb", LAYERS, DIM)
    file.write({_key(0): _features(2)})
    with caplog.at_level(logging.WARNING):
        file.write({_key(1): _features(10000)})
        file.write({_key(2): _features(2)})
    assert caplog.text.count("Nothing more is written") == 1
    assert _is(file.read(_key(0), num_words=2), _features(2))
    assert file.read(_key(1), num_words=10000) is None
    assert file.read(_key(2), num_words=2) is None


def test_a_file_without_write_permission_is_read(tmp_path, monkeypatch):
    path = tmp_path / "features.lmdb"
    _write_and_close(path)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    file = FeatureFile(path, LAYERS, DIM)
    file.write({_key(1000): _features(2)})
    assert file.read(_key(1000), num_words=2) is None
    assert _is(file.read(_key(7), num_words=20), _features(20, 7))


def test_a_path_that_cannot_be_opened_is_an_os_error(tmp_path):
    (tmp_path / "features.lmdb").mkdir()
    with pytest.raises(OSError, match=r"features\.lmdb"):
        open_feature_file(tmp_path / "features.lmdb", LAYERS, DIM)
