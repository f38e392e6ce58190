"""Sentences a second, tokens to JSON, against the bare encoder, and the share that is not it."""

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import Optional

from benchmarks.experiments import trained
from benchmarks.measure import Row, Settings, Table, Value, peak_of_process_mib, time_interleaved
from benchmarks.predictions import BareEncoder, Prediction, Words
from dts_ee.corpora.spert import read_documents

_ENCODERS = {"conll04_minilm": "minilm", "conll04": "mpnet"}
"""The frozen encoder of each experiment."""

_SENTENCES = {
    "conll04_minilm": {1: 64, 8: 288, 32: 288, 128: 288},
    "conll04": {1: 16, 8: 32, 32: 96, 128: 128},
}
"""How many sentences of the test split are predicted at each batch size, as MPNet is slow."""

_PRECISIONS = ("bfloat16", "int8")
"""What the encoder is also run in, at one batch size."""

_BATCH_SIZE_OF_PRECISIONS = 32
_SENTENCES_OF_A_TRIAL = 8
_EPOCHS = 3
"""Enough for a model that finds about as many entities as there are."""


def run(
    settings: Settings,
    num_sentences: Mapping[str, Mapping[int, int]] = _SENTENCES,
    epochs: int = _EPOCHS,
) -> list[Table]:
    """
    # Raises

    `RuntimeError`
        If features were taken from a cache.
    """
    settings.require("conll04", "glove-6b-50d", *_ENCODERS.values())
    documents = read_documents(settings.resources / "conll04" / "conll04_test.json")
    split = [document.tokens for document in documents]
    tables = []
    for experiment, sizes in num_sentences.items():
        archive = trained(experiment, settings, epochs)
        tables += _measure(experiment, archive, sizes, split, settings, epochs)
    return tables


@dataclass
class _Way:
    """A way to deal with sentences: what to call, how many sentences it is, and who predicts."""

    call: Callable[[], None]
    num_sentences: int
    prediction: Optional[Prediction] = None


def _measure(
    experiment: str,
    archive: Path,
    sizes: Mapping[int, int],
    split: Sequence[Words],
    settings: Settings,
    epochs: int,
) -> list[Table]:
    encoder = _ENCODERS[experiment]
    bare = BareEncoder(settings.resources / encoder)
    whole = Prediction.load(archive, encoder, split[0], "float32")
    text = f"{experiment}, trained for {epochs} epochs, on CoNLL04's test split"
    table = Table("inference", f"{text}: predictions against the bare encoder")
    shares = Table("inference", f"{text}: the share of a prediction that is not the encoder's")
    for batch_size, number in sizes.items():
        sentences = _spread(split, number)
        prefix = f"{encoder}, batch size {batch_size}"
        baseline, sorted_baseline = f"{prefix}: bare encoder", f"{prefix}: bare encoder, sorted"
        ways = _ways(prefix, sentences, batch_size, bare, whole)
        if batch_size == _BATCH_SIZE_OF_PRECISIONS:
            for precision in _PRECISIONS:
                other = Prediction.load(archive, encoder, split[0], precision)
                name = f"{prefix}: prediction, encoder in {precision}"
                ways[name] = _precise_way(name, sentences, batch_size, other, whole)
        # What is reached beyond the first batch was reached when the encoders were found.
        first = sentences[:batch_size]
        bare.of([first])()
        whole.of("warm-up", [first])()
        seconds = time_interleaved(
            {name: way.call for name, way in ways.items()}, settings.runs, warm_up=0
        )
        rows = {
            name: Row(
                name,
                seconds[name],
                "sentences/s",
                way.num_sentences,
                baseline=None if name == baseline else baseline,
                note="" if way.num_sentences == len(split) else f"{way.num_sentences} sentences",
            )
            for name, way in ways.items()
        }
        for name, way in ways.items():
            if way.prediction is not None:
                if sorted_baseline in rows:
                    against = f"{rows[name].ratio_to(rows[sorted_baseline]):.2f} × of sorted"
                    rows[name].note = "; ".join(filter(None, [against, rows[name].note]))
                inside = way.prediction.encoder_seconds[name]
                shares.rows.append(_share(name, seconds[name], inside))
        table.rows += rows.values()
    peak = _peak_of_prediction(archive, encoder, _spread(split, max(sizes.values())))
    name = f"{encoder}: peak of a predicting process's memory"
    table.rows.append(Value(name, peak, "MiB", "all of it, not its growth"))
    return [table, shares]


def _ways(
    prefix: str,
    sentences: Sequence[Words],
    batch_size: int,
    bare: BareEncoder,
    whole: Prediction,
) -> dict[str, _Way]:
    batches = _batches(sentences, batch_size)
    prediction, at_once = f"{prefix}: prediction", f"{prefix}: prediction, all given at once"
    ways = {
        f"{prefix}: bare encoder": _Way(bare.of(batches), len(sentences)),
        prediction: _Way(whole.of(prediction, batches), len(sentences), whole),
    }
    if batch_size > 1:
        # Stricter than what users do: sentences of about the same length are together.
        by_length = _batches(sorted(sentences, key=bare.num_pieces), batch_size)
        ways[f"{prefix}: bare encoder, sorted"] = _Way(bare.of(by_length), len(sentences))
    if batch_size == _BATCH_SIZE_OF_PRECISIONS:
        ways[at_once] = _Way(whole.of(at_once, [sentences]), len(sentences), whole)
    return ways


def _precise_way(
    name: str, sentences: Sequence[Words], batch_size: int, other: Prediction, whole: Prediction
) -> _Way:
    """With fewer sentences where this processor is bad at the other's arithmetic."""
    trial = sentences[:_SENTENCES_OF_A_TRIAL]
    calls = {"other": other.of("trial", [trial]), "whole": whole.of("trial", [trial])}
    seconds = time_interleaved(calls, runs=1)
    used = trial if seconds["other"][0] > 4 * seconds["whole"][0] else sentences
    return _Way(other.of(name, _batches(used, batch_size)), len(used), other)


def _share(name: str, seconds: Sequence[float], encoder_seconds: Sequence[float]) -> Value:
    shares = [
        100 * (1 - inside / total) for total, inside in zip(seconds, encoder_seconds, strict=True)
    ]
    return Value(name, median(shares), "%", f"{min(shares):.1f} – {max(shares):.1f}")


def _spread(split: Sequence[Words], number: int) -> list[Words]:
    """So many sentences from all over the split, in its order."""
    number = min(number, len(split))
    return [split[i * len(split) // number] for i in range(number)]


def _batches(sentences: Sequence[Words], batch_size: int) -> list[Sequence[Words]]:
    return [sentences[first : first + batch_size] for first in range(0, len(sentences), batch_size)]


def _peak_of_prediction(archive: Path, encoder: str, sentences: Sequence[Words]) -> float:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_predict_all, args=(archive, encoder, sentences, sender))
    process.start()
    sender.close()
    try:
        return receiver.recv()
    except EOFError:
        raise RuntimeError(f"the prediction by {archive} failed in a process of its own") from None
    finally:
        process.join()


def _predict_all(
    archive: Path, encoder: str, sentences: Sequence[Words], sender: Connection
) -> None:
    prediction = Prediction.load(archive, encoder, sentences[0], "float32")
    prediction.of("all", _batches(sentences, _BATCH_SIZE_OF_PRECISIONS))()
    sender.send(peak_of_process_mib())
