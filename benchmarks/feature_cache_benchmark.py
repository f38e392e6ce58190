"""The file of a frozen encoder's features: its size, and reading it."""

import shutil
from functools import partial

import pytest
import torch

from benchmarks.experiments import Folders
from benchmarks.timing import Timer
from dts_ee.modules.frozen_encoders.feature_cache import FeatureCache
from dts_ee.modules.frozen_encoders.feature_file import FeatureFile

_GIB = 1 << 30
_NUM_LAYERS, _DIM = 2, 384
# 25 on average.
_FEWEST_WORDS, _MOST_WORDS = 5, 45


def measure_feature_cache(
    timer: Timer, folders: Folders, num_sentences: int = 100_000, free_gib: int = 8
) -> None:
    """What an embedder does with its cache, with made-up features."""
    generator = torch.Generator().manual_seed(0)
    num_words = torch.randint(
        _FEWEST_WORDS, _MOST_WORDS + 1, (num_sentences,), generator=generator
    ).tolist()
    # So that making numbers up takes no time; a file does not look at what they are.
    numbers = torch.randn(_NUM_LAYERS, _MOST_WORDS, _DIM, generator=generator).half()

    def go_through(cache: FeatureCache, sentences: torch.Tensor) -> int:
        num_found = 0
        for batch in sentences.split(16):
            missing = {}
            for sentence in batch.tolist():
                # As digests, keys that follow each other have nothing in common.
                key = (sentence * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128)).to_bytes(
                    16, "big"
                )
                if cache.get(key, num_words[sentence]) is None:
                    missing[key] = numbers[:, : num_words[sentence]].contiguous()
            if missing:
                cache.add(missing)
            num_found += len(batch) - len(missing)
        return num_found

    def read(cache: FeatureCache) -> None:
        order = torch.randperm(num_sentences, generator=generator)
        assert go_through(cache, order) == num_sentences

    folder = folders.output / "feature_cache"
    # A run that was killed may have left something.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        if shutil.disk_usage(folder).free < free_gib * _GIB:
            pytest.skip(f"less than {free_gib} GiB are free where {folder} is")
        cache = FeatureCache(0, FeatureFile(folder / "features.lmdb", _NUM_LAYERS, _DIM))
        assert go_through(cache, torch.arange(num_sentences)) == 0
        # As the next run finds it.
        del cache
        file = FeatureFile(folder / "features.lmdb", _NUM_LAYERS, _DIM)
        (row,) = timer.time_in_turns(
            f"Features of {num_sentences:,} sentences in a file, {_NUM_LAYERS} layers of {_DIM}",
            {"read in another order": partial(read, FeatureCache(0, file))},
            pieces=num_sentences,
            rate="sentences",
        ).values()
        row.extra["GiB in the file"] = file.num_bytes / _GIB
    finally:
        shutil.rmtree(folder)
