"""Sentences a second, tokens to JSON, against the bare encoder, and the share that is not it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.models.archival import load_archive
from allennlp.predictors import Predictor
from transformers import AutoTokenizer, PreTrainedTokenizerBase

import dts_ee  # noqa: F401  (registers what an archive names)
from benchmarks.encoder_clock import EncoderClock
from benchmarks.experiments import Folders, trained
from benchmarks.processes import call_in_new_process, peak_mib
from benchmarks.timing import Timer
from dts_ee.commands.export import export
from dts_ee.document import Document
from dts_ee.modules.frozen_encoders.transformer_network import load_network
from dts_ee.predictors import DtsPredictor

Words = tuple[str, ...]
Batches = Sequence[Sequence[Words]]


@pytest.mark.parametrize(
    "experiment, encoder, batch_size, num_sentences",
    # MPNet is slow.
    [
        ("conll04_minilm", "minilm", 1, 64),
        ("conll04_minilm", "minilm", 32, 288),
        ("conll04", "mpnet", 1, 16),
        ("conll04", "mpnet", 32, 96),
    ],
)
def measure_inference(
    timer: Timer,
    folders: Folders,
    experiment: str,
    encoder: str,
    batch_size: int,
    num_sentences: int,
) -> None:
    folders.require("conll04", "glove-6b-50d", encoder)
    archive = trained(experiment, folders)
    split = [document.tokens for document in folders.conll04("test")]
    # From all over the split.
    sentences = [split[i * len(split) // num_sentences] for i in range(num_sentences)]
    batches = _batches(sentences, batch_size)
    tokenizer = AutoTokenizer.from_pretrained(str(folders.resources / encoder))
    network = load_network(folders.resources / encoder)
    bare = {"bare encoder": _encoding(network, tokenizer, batches)}
    whole = {"prediction": Prediction(archive, encoder, batches)}
    if batch_size > 1:
        # Stricter than what users do: sentences of about the same length are together.
        by_length = sorted(
            sentences, key=lambda words: len(_encode(tokenizer, [words])["input_ids"][0])
        )
        bare["bare encoder, sorted"] = _encoding(
            network, tokenizer, _batches(by_length, batch_size)
        )
        whole["prediction, all given at once"] = Prediction(archive, encoder, [sentences])
        for precision in ("bfloat16", "int8"):
            name = f"prediction, encoder in {precision}"
            try:
                whole[name] = Prediction(archive, encoder, batches, precision)
            except ConfigurationError as error:
                timer.notes.append(f"{name}: left out, as {error.message}")
    rows = timer.time_in_turns(
        f"{experiment} on CoNLL04's test split, batches of {batch_size}",
        {**bare, **whole},
        # The predictions had theirs as they found their encoders.
        warm_up=False,
        pieces=len(sentences),
        rate="sentences",
    )
    for name, prediction in whole.items():
        for baseline in bare:
            rows[name].compare_with(rows[baseline])
        rows[name].extra["% that is not the encoder's"] = median(
            100 * (1 - inside / seconds)
            for inside, seconds in zip(prediction.encoder_seconds, rows[name].seconds, strict=True)
        )
    if batch_size > 1:
        peak = call_in_new_process(_peak_of_prediction, archive, encoder, batches)
        rows["prediction"].extra["MiB of memory of a process that predicts"] = peak


# Few, because torch's int8 is very slow on processors without instructions for it.
@pytest.mark.parametrize(
    "experiment, encoder, num_sentences",
    [("conll04_minilm", "minilm", 48), ("conll04", "mpnet", 48)],
)
def measure_onnx(
    timer: Timer,
    folders: Folders,
    tmp_path: Path,
    experiment: str,
    encoder: str,
    num_sentences: int,
) -> None:
    folders.require("conll04", "glove-6b-50d", encoder)
    archive = trained(experiment, folders)
    documents = folders.conll04("test")[:num_sentences]
    for name in ("float32", "int8"):
        export(str(archive), tmp_path / name, int8=name == "int8")
    predicted: dict[str, list[Document]] = {}

    def predicting(name: str, precision: str, **options: Any) -> Callable[[], None]:
        overrides = _overrides(encoder, precision)
        predictor = Predictor.from_archive(
            load_archive(archive, overrides=overrides), extra_args=options
        )
        assert isinstance(predictor, DtsPredictor)

        def predict() -> None:
            predicted[name] = predictor.predict_documents(documents)

        return predict

    calls = {
        "torch, float32": ("float32", {}),
        "torch, int8": ("int8", {}),
        "onnxruntime, float32": ("float32", {"onnx": str(tmp_path / "float32")}),
        "onnxruntime, int8": ("float32", {"onnx": str(tmp_path / "int8")}),
    }
    rows = timer.time_in_turns(
        f"{num_sentences} sentences, {experiment}, in torch and in onnxruntime",
        {
            name: predicting(name, precision, **options)
            for name, (precision, options) in calls.items()
        },
        baseline="torch, float32",
        pieces=len(documents),
        rate="sentences",
    )
    expected = predicted["torch, float32"]
    for name, row in rows.items():
        for kind, of in (("entities", _entities), ("relations", _relations)):
            own, torchs = (of(found) for found in (predicted[name], expected))
            row.extra[f"{kind} that torch has not, or that are missing"] = len(own ^ torchs)


def _entities(documents: Sequence[Document]) -> set[tuple]:
    return {
        (i, entity.type, entity.start, entity.end)
        for i, document in enumerate(documents)
        for entity in document.entities
    }


def _relations(documents: Sequence[Document]) -> set[tuple]:
    found = set()
    for i, document in enumerate(documents):
        for relation in document.relations:
            ends = (document.entities[index] for index in (relation.head, relation.tail))
            found.add((i, relation.type, *((end.type, end.start, end.end) for end in ends)))
    return found


def _overrides(encoder: str, precision: str) -> dict[str, Any]:
    embedder = f"model.text_field_embedder.token_embedders.{encoder}"
    return {f"{embedder}.precision": precision, f"{embedder}.cache_dir": None}


class Prediction:
    """Predicts batches, one after the other; the first at once, to find the encoder."""

    def __init__(
        self, archive: Path, encoder: str, batches: Batches, precision: str = "float32"
    ) -> None:
        overrides = _overrides(encoder, precision)
        self._predictor = Predictor.from_archive(load_archive(archive, overrides=overrides))
        self._inputs = [[{"tokens": list(words)} for words in batch] for batch in batches]
        # In a batch, what is one sentence to an encoder that knows no case is encoded once.
        self._num_sequences = sum(
            len({tuple(map(str.lower, words)) for words in batch}) for batch in batches
        )
        self._clock = EncoderClock(lambda: self._predictor.predict_batch_json(self._inputs[0]))
        self.encoder_seconds: list[float] = []
        """Those of each call in the encoder's forward pass."""

    def __call__(self) -> None:
        self._clock.reset()
        for batch in self._inputs:
            self._predictor.predict_batch_json(batch)
        assert self._clock.num_sequences >= self._num_sequences, "features came from a cache"
        self.encoder_seconds.append(self._clock.seconds)


def _encoding(
    network: torch.nn.Module, tokenizer: PreTrainedTokenizerBase, batches: Batches
) -> Callable[[], None]:
    """What a user of the encoder alone would do: batches, each padded to its longest sentence."""
    inputs = [_encode(tokenizer, batch) for batch in batches]
    network(**inputs[0])

    @torch.inference_mode()
    def encode() -> None:
        for batch in inputs:
            network(**batch)

    return encode


def _encode(tokenizer: PreTrainedTokenizerBase, batch: Sequence[Words]) -> Any:
    words = [list(words) for words in batch]
    return tokenizer(words, is_split_into_words=True, padding=True, return_tensors="pt")


def _batches(sentences: Sequence[Words], batch_size: int) -> Batches:
    return [sentences[first : first + batch_size] for first in range(0, len(sentences), batch_size)]


def _peak_of_prediction(archive: Path, encoder: str, batches: Batches) -> float:
    Prediction(archive, encoder, batches)()
    return peak_mib()
