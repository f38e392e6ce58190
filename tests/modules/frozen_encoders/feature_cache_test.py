import copy
import logging
from typing import Optional

import torch

from dts_ee.modules.frozen_encoders.feature_cache import FeatureCache
from dts_ee.modules.frozen_encoders.feature_file import FeatureFile

# 2 layers of 8 words with 4 numbers of 2 bytes.
SENTENCE = torch.arange(64).view(2, 8, 4).half()
GIB_PER_SENTENCE = 128 / (1 << 30)


def _is(features: Optional[torch.Tensor], expected: torch.Tensor) -> bool:
    return features is not None and torch.equal(features, expected)


def test_what_was_added_is_found():
    cache = FeatureCache(memory_limit_gib=1)
    cache.add({b"a": SENTENCE})
    assert _is(cache.get(b"a", 8), SENTENCE)
    assert cache.get(b"b", 8) is None
    assert len(cache) == 1
    assert cache.num_bytes == 128


def test_memory_stays_below_the_limit_and_says_so_once(caplog):
    cache = FeatureCache(memory_limit_gib=2.5 * GIB_PER_SENTENCE)
    with caplog.at_level(logging.WARNING):
        for i in range(10):
            cache.add({bytes([i]): SENTENCE})
    assert len(cache) == 2
    assert cache.num_bytes == 256
    assert [cache.get(bytes([i]), 8) is not None for i in range(4)] == [True, True, False, False]
    assert caplog.text.count("memory_limit_gib") == 1


def test_nothing_is_kept_in_memory_with_a_limit_of_zero():
    cache = FeatureCache(memory_limit_gib=0)
    cache.add({b"a": SENTENCE})
    assert cache.get(b"a", 8) is None


def test_what_is_in_the_file_is_not_in_memory_too(tmp_path):
    cache = FeatureCache(1, FeatureFile(tmp_path / "features.lmdb", 2, 4))
    cache.add({b"a": SENTENCE, b"b": SENTENCE + 1})
    assert len(cache) == 0
    assert cache.num_bytes == 0
    assert _is(cache.get(b"a", 8), SENTENCE)
    assert _is(cache.get(b"b", 8), SENTENCE + 1)
    assert len(cache) == 0


def test_the_memory_has_what_the_file_does_not_take(tmp_path, monkeypatch):
    file = FeatureFile(tmp_path / "features.lmdb", 2, 4)
    cache = FeatureCache(1, file)
    cache.add({b"a": SENTENCE})
    monkeypatch.setattr(FeatureFile, "write", lambda self, entries: False)
    cache.add({b"b": SENTENCE + 1})
    assert len(file) == 1
    assert len(cache) == 1
    assert _is(cache.get(b"a", 8), SENTENCE)
    assert _is(cache.get(b"b", 8), SENTENCE + 1)
    assert str(cache) == f"{file}; memory: 1 sentences, 128B"


def test_it_says_what_is_kept_where(tmp_path):
    cache = FeatureCache(1)
    cache.add({b"a": SENTENCE.repeat(1, 32, 1), b"b": SENTENCE})
    assert str(cache) == "memory: 2 sentences, 4.1K"
    path = tmp_path / "features.lmdb"
    cache = FeatureCache(1, FeatureFile(path, 2, 4))
    cache.add({b"a": SENTENCE})
    # Three pages of 4 KiB, or of what the system has.
    assert str(cache).startswith(f"{path}: 1 sentences, ")
    assert "memory" not in str(cache)


def test_copies_of_a_model_share_it(tmp_path):
    cache = FeatureCache(1, FeatureFile(tmp_path / "features.lmdb", 2, 4))
    assert copy.deepcopy({"cache": cache})["cache"] is cache
