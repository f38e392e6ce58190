"""Reading, vocabulary and batches, and an epoch of training, against the size of the corpus."""

import tempfile
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

from allennlp.common import Params
from allennlp.data import DataLoader, DatasetReader, Vocabulary

from benchmarks.experiments import experiment_params, with_features
from benchmarks.measure import Row, Settings, Table, Value, peak_memory_mib, time_interleaved
from benchmarks.training_turns import train_in_turns
from dts_ee.corpora.spert import read_documents, write_documents
from dts_ee.document import Document

_FEATURES = ("words", "characters", "casing")


def run(
    settings: Settings,
    read_times: Sequence[int] = (1, 10, 100),
    train_times: Sequence[int] = (1, 10),
) -> list[Table]:
    """The copies of CoNLL04's training split are made distinct by a token of each sentence."""
    settings.require("conll04")
    documents = read_documents(settings.resources / "conll04" / "conll04_train.json")
    params = with_features(experiment_params("conll04", settings), _FEATURES)
    # Each sentence is gone through many times here.
    fifth = documents[::5]
    with tempfile.TemporaryDirectory() as folder:
        to_read = _write(Path(folder) / "read", documents, read_times)
        to_train = _write(Path(folder) / "train", fifth, train_times)
        return [
            _read(settings, params, to_read, len(documents)),
            _train(settings, params, to_train, len(fifth)),
        ]


def _write(folder: Path, documents: Sequence[Document], times: Sequence[int]) -> dict[int, Path]:
    files = {each: folder / f"{each}.json" for each in times}
    for each, file in files.items():
        write_documents(file, _copies(documents, each))
    return files


def _copies(documents: Sequence[Document], times: int) -> list[Document]:
    return [_distinct(document, copy) for copy in range(times) for document in documents]


def _distinct(document: Document, copy: int) -> Document:
    if copy == 0:
        return document
    tokens = (f"{document.tokens[0]}{copy}", *document.tokens[1:])
    return replace(document, tokens=tokens, id=f"{document.id}-{copy}")


def _read(
    settings: Settings, params: dict[str, Any], files: dict[int, Path], num_sentences: int
) -> Table:
    table = Table(
        "corpus_size",
        "Reading, vocabulary and the batches of one epoch: copies of CoNLL04's training split, "
        f"{num_sentences} sentences",
    )
    calls = {str(times): _reader(params, file) for times, file in files.items()}
    peaks = {name: peak_memory_mib(call) for name, call in calls.items()}
    seconds = time_interleaved(calls, settings.runs, warm_up=0)
    for name, its_seconds in seconds.items():
        sentences = int(name) * num_sentences
        table.rows.append(
            Row(
                f"{name} ×",
                its_seconds,
                "ms per sentence",
                sentences,
                peak_mib=peaks[name],
                note=f"{peaks[name] * 1024 / sentences:.1f} KiB per sentence",
            )
        )
    return table


def _reader(params: dict[str, Any], file: Path) -> Callable[[], None]:
    def read() -> None:
        # What is built from parameters uses them up.
        own = Params(deepcopy(params))
        reader = DatasetReader.from_params(own["dataset_reader"])
        loader = DataLoader.from_params(own["data_loader"], reader=reader, data_path=str(file))
        loader.index_with(Vocabulary.from_instances(loader.iter_instances()))
        for _ in loader:
            pass

    return read


def _train(
    settings: Settings, params: dict[str, Any], files: dict[int, Path], num_sentences: int
) -> Table:
    table = Table(
        "corpus_size",
        "One epoch of training without a contextual encoder or validation: copies of each fifth "
        f"sentence of CoNLL04's training split, {num_sentences} sentences",
    )
    trainings = {}
    for times, file in files.items():
        own = {key: each for key, each in params.items() if not key.startswith("validation")}
        own["trainer"] = {
            key: each for key, each in params["trainer"].items() if key != "validation_metric"
        }
        trainings[str(times)] = {**own, "train_data_path": str(file)}
    for name, epochs in train_in_turns(trainings, settings.runs).items():
        table.rows.append(
            Row(
                f"{name} ×: epoch",
                epochs.seconds,
                "ms per sentence",
                int(name) * num_sentences,
            )
        )
        table.rows.append(
            Value(
                f"{name} ×: peak of the process's memory",
                epochs.peak_mib,
                "MiB",
                "all of it, not its growth",
            )
        )
    return table
