"""The file of a frozen encoder's features: building it, its size, and reading against memory."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Union

import torch

from benchmarks.measure import MissingResourceError, Row, Settings, Table, Value, time_interleaved
from dts_ee.modules.frozen_encoders.feature_cache import FeatureCache
from dts_ee.modules.frozen_encoders.feature_file import FeatureFile

_BATCH_SIZE = 16
_GIB = 1 << 30
_MIB = 1 << 20
# The number of layers and the size of a vector. The large file has fewer, to be made in a minute.
_ENCODERS = {"MiniLM": (7, 384), "MPNet": (13, 768)}
_NUM_LAYERS, _DIM = 2, 384
# Sentences have from 5 to 45 words, 25 on average.
_FEWEST_WORDS, _MOST_WORDS = 5, 45


def run(
    settings: Settings, num_sentences: int = 100_000, num_batches: int = 40, free_gib: int = 8
) -> list[Table]:
    """
    # Parameters

    num_sentences : `int`, optional (default = `100_000`)
        How many the large file has.
    num_batches : `int`, optional (default = `40`)
        How many are read from the file and from memory in turns.
    free_gib : `int`, optional (default = `8`)
        How much of the disk must be free.

    # Raises

    `MissingResourceError`
        If less is.
    `RuntimeError`
        If a cache has lost what was put into it.
    """
    with _empty_folder(settings.output / "feature_cache") as folder:
        if shutil.disk_usage(folder).free < free_gib * _GIB:
            raise MissingResourceError(f"less than {free_gib} GiB are free where {folder} is")
        return [
            _large_file(settings, folder, num_sentences),
            *(_compare_reading(settings, folder, name, num_batches) for name in _ENCODERS),
        ]


@contextmanager
def _empty_folder(folder: Path) -> Iterator[Path]:
    # A run that was killed may have left something.
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


class _Corpus:
    """Sentences of random lengths with made-up features."""

    def __init__(self, num_sentences: int, num_layers: int, dim: int) -> None:
        generator = torch.Generator().manual_seed(0)
        self.num_words = torch.randint(
            _FEWEST_WORDS, _MOST_WORDS + 1, (num_sentences,), generator=generator
        ).tolist()
        # So that making numbers up takes no time; a file does not look at what they are.
        self._features = torch.randn(num_layers, _MOST_WORDS, dim, generator=generator).half()
        self._generator = generator

    def __len__(self) -> int:
        return len(self.num_words)

    @staticmethod
    def key(sentence: int) -> bytes:
        # As digests, keys that follow each other have nothing in common.
        return (sentence * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128)).to_bytes(16, "big")

    def features(self, sentence: int) -> torch.Tensor:
        return self._features[:, : self.num_words[sentence]].contiguous()

    def num_bytes(self) -> int:
        num_layers, _, dim = self._features.shape
        return 2 * num_layers * dim * sum(self.num_words)

    def shuffled_batches(self) -> list[list[int]]:
        order = torch.randperm(len(self), generator=self._generator)
        return [batch.tolist() for batch in order.split(_BATCH_SIZE)]


def _go_through(cache: FeatureCache, corpus: _Corpus, batches: list[list[int]]) -> int:
    """Does what an embedder does with its cache. Returns how many sentences were found."""
    num_found = 0
    for batch in batches:
        missing = {}
        for sentence in batch:
            key = corpus.key(sentence)
            if cache.get(key, corpus.num_words[sentence]) is None:
                missing[key] = corpus.features(sentence)
        if missing:
            cache.add(missing)
        num_found += len(batch) - len(missing)
    return num_found


def _large_file(settings: Settings, folder: Path, num_sentences: int) -> Table:
    corpus = _Corpus(num_sentences, _NUM_LAYERS, _DIM)
    path = folder / "large.lmdb"
    cache = FeatureCache(0, FeatureFile(path, _NUM_LAYERS, _DIM))
    before = _resident_mib()

    batches = corpus.shuffled_batches()
    build_seconds = []
    found_first = 0
    for run in range(settings.runs):
        first, end = (i * len(batches) // settings.runs for i in (run, run + 1))
        start = time.perf_counter()
        found_first += _go_through(cache, corpus, batches[first:end])
        build_seconds.append(time.perf_counter() - start)

    # As the next run finds it.
    del cache
    file = FeatureFile(path, _NUM_LAYERS, _DIM)
    cache = FeatureCache(0, file)
    read_seconds = []
    found_next = []
    for _ in range(settings.runs):
        batches = corpus.shuffled_batches()
        start = time.perf_counter()
        found_next.append(_go_through(cache, corpus, batches))
        read_seconds.append(time.perf_counter() - start)
    after = _resident_mib()

    rows: list[Union[Row, Value]] = [
        Row(
            "built",
            build_seconds,
            "sentences/s",
            num_sentences / settings.runs,
            note="each figure is a part of the corpus; encoding is not in it",
        ),
        Row("read in another order", read_seconds, "sentences/s", num_sentences),
        Value("found in the first epoch", 100 * found_first / num_sentences, "%"),
        Value("found in the epochs of the next run", 100 * min(found_next) / num_sentences, "%"),
        Value("size of the file", file.num_bytes / _GIB, "GiB"),
        Value("size of a sentence", file.num_bytes / num_sentences / 1024, "KiB"),
        Value("more than its numbers", 100 * (file.num_bytes / corpus.num_bytes() - 1), "%"),
        Value("growth of the process's own memory", after["own"] - before["own"], "MiB"),
        Value(
            "growth of its mapped memory",
            after["mapped"] - before["mapped"],
            "MiB",
            "the system's page cache, which it takes back when it needs room",
        ),
    ]
    title = (
        f"A file with made-up features of {num_sentences:,} sentences: {_NUM_LAYERS} layers of "
        f"{_DIM}, {sum(corpus.num_words) / num_sentences:.1f} words on average, batch size "
        f"{_BATCH_SIZE}"
    )
    return Table("feature_cache", title, rows)


def _compare_reading(settings: Settings, folder: Path, name: str, num_batches: int) -> Table:
    num_layers, dim = _ENCODERS[name]
    corpus = _Corpus(num_batches * _BATCH_SIZE, num_layers, dim)
    caches = {
        "memory": FeatureCache(corpus.num_bytes() / _GIB + 1),
        "file": FeatureCache(0, FeatureFile(folder / f"{name}.lmdb", num_layers, dim)),
    }
    batches = corpus.shuffled_batches()
    for cache in caches.values():
        _go_through(cache, corpus, batches)
    seconds = time_interleaved(
        {place: partial(_read, cache, corpus, batches) for place, cache in caches.items()},
        settings.runs,
    )
    names = {place: f"{name}, from {place}" for place in caches}
    rows: list[Union[Row, Value]] = [
        Row(
            names[place],
            seconds[place],
            "ms per batch",
            num_batches,
            None if place == "memory" else names["memory"],
        )
        for place in caches
    ]
    rows.append(
        Value(f"{name}, size of a batch", corpus.num_bytes() / num_batches / _MIB, "MiB"),
    )
    title = (
        f"The features of {_BATCH_SIZE} sentences as one tensor, from a file in the page cache and "
        f"from memory: {num_layers} layers of {dim}"
    )
    return Table("feature_cache", title, rows)


def _read(cache: FeatureCache, corpus: _Corpus, batches: list[list[int]]) -> None:
    for batch in batches:
        found = []
        for sentence in batch:
            features = cache.get(corpus.key(sentence), corpus.num_words[sentence])
            if features is None:
                raise RuntimeError(f"what was put into the cache is not found: {cache}")
            found.append(features)
        torch.cat(found, dim=1)


def _resident_mib() -> dict[str, float]:
    """What the process has in memory: its own, and what it has mapped of files."""
    sizes = {}
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        name, _, size = line.partition(":")
        if name in ("RssAnon", "RssFile"):
            sizes[name] = int(size.split()[0]) / 1024
    return {"own": sizes["RssAnon"], "mapped": sizes["RssFile"]}
