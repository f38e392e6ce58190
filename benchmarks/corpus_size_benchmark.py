"""Reading, vocabulary and the batches of an epoch, against the size of the corpus."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from allennlp.common import Params
from allennlp.data import DataLoader, DatasetReader, Vocabulary

from benchmarks.experiments import Folders, experiment_params, with_features
from benchmarks.processes import peak_growth_mib
from benchmarks.timing import Timer
from dts_ee.corpora import write_documents
from dts_ee.document import Document


def measure_corpus_size(
    timer: Timer, folders: Folders, tmp_path: Path, times: Sequence[int] = (1, 10, 100)
) -> None:
    """The copies of CoNLL04's training split are made distinct by a token of each sentence."""
    documents = folders.conll04("train")
    params = with_features(experiment_params("conll04", folders), "characters", "casing")
    files = {f"{number} ×": tmp_path / f"{number}.json" for number in times}
    for number, file in zip(times, files.values(), strict=True):
        copies = [_copy(document, copy) for copy in range(number) for document in documents]
        write_documents(file, copies)
    calls = {name: partial(_read, params, file) for name, file in files.items()}
    peaks = {name: peak_growth_mib(call) for name, call in calls.items()}
    rows = timer.time_in_turns(
        f"Reading, vocabulary and the batches of an epoch, for each sentence: copies of CoNLL04's "
        f"training split, {len(documents)} sentences",
        calls,
        warm_up=False,
    )
    for number, (name, row) in zip(times, rows.items(), strict=True):
        row.pieces = number * len(documents)
        row.extra["KiB of memory for a sentence"] = peaks[name] * 1024 / row.pieces


def _copy(document: Document, copy: int) -> Document:
    if copy == 0:
        return document
    tokens = (f"{document.tokens[0]}{copy}", *document.tokens[1:])
    return replace(document, tokens=tokens, id=f"{document.id}-{copy}")


def _read(params: dict[str, Any], file: Path) -> None:
    # What is built from parameters uses them up.
    own = Params(deepcopy(params))
    reader = DatasetReader.from_params(own["dataset_reader"])
    loader = DataLoader.from_params(own["data_loader"], reader=reader, data_path=str(file))
    loader.index_with(Vocabulary.from_instances(loader.iter_instances()))
    for _ in loader:
        pass
