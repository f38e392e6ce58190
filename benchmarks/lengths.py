"""Time and memory of one prediction against the sentence's length: encoder and all the rest."""

import itertools
from collections.abc import Callable, Sequence
from functools import partial

from benchmarks.encoder_clock import EncoderClock, find_encoder
from benchmarks.experiments import (
    GivenTags,
    build,
    experiment_params,
    first_network,
    with_features,
)
from benchmarks.measure import Row, Settings, Table, peak_memory_mib, time_interleaved
from dts_ee.corpora.spert import read_documents
from dts_ee.predictors import DtsPredictor

_NUM_ENTITIES = 3


def run(settings: Settings, lengths: Sequence[int] = (10, 30, 100, 300, 1000)) -> list[Table]:
    """The sentences are CoNLL04's test split, joined and cut to length."""
    settings.require("conll04", "minilm")
    documents = read_documents(settings.resources / "conll04" / "conll04_test.json")
    text = itertools.cycle(token for document in documents for token in document.tokens)
    sentences = {length: list(itertools.islice(text, length)) for length in lengths}
    params = with_features(
        experiment_params("conll04_minilm", settings), ["minilm", "characters", "casing"]
    )
    # What was encoded once is to be encoded again.
    params["model"]["text_field_embedder"]["token_embedders"]["minilm"].update(
        cache_dir=None, memory_limit_gib=0.0
    )
    reader, model = build(params, documents)
    predictor = DtsPredictor(model, reader)
    taggers = first_network(model, "entity").taggers
    tagger = taggers[0]
    single = model.vocab.get_token_index("U-Loc", "labels")
    outside = model.vocab.get_token_index("O", "labels")

    def predict(length: int) -> None:
        tags = [outside] * length
        for number in range(_NUM_ENTITIES):
            tags[number * length // _NUM_ENTITIES] = single
        taggers[0] = GivenTags(tagger, [tags])
        (found,) = predictor.predict_batch_json([{"tokens": sentences[length]}])
        if len(found["entities"]) != _NUM_ENTITIES:
            raise RuntimeError(f"there are {len(found['entities'])} entities")

    encoder = find_encoder(lambda: predict(lengths[0]))
    peaks = {
        length: peak_memory_mib(
            partial(predict, length),
            prepare=lambda: [weights.sum() for weights in encoder.parameters()],
        )
        for length in lengths
    }
    clock = EncoderClock(encoder)
    encoding: dict[int, list[float]] = {length: [] for length in lengths}

    def measured(length: int) -> Callable[[], None]:
        def call() -> None:
            clock.reset()
            predict(length)
            if clock.num_sequences == 0:
                raise RuntimeError("features came from a cache")
            encoding[length].append(clock.seconds)

        return call

    seconds = time_interleaved({str(length): measured(length) for length in lengths}, settings.runs)
    table = Table(
        "lengths",
        f"One prediction, MiniLM and conll04's layers, batch size 1, {_NUM_ENTITIES} entities",
    )
    for length in lengths:
        name = f"{length:,} tokens"
        whole = seconds[str(length)]
        # The first was the warm-up.
        inside = encoding[length][-settings.runs :]
        rest = [all_of_it - part for all_of_it, part in zip(whole, inside, strict=True)]
        table.rows += [
            Row(name, whole, "ms", peak_mib=peaks[length]),
            Row(f"{name}: encoder", inside, "ms"),
            Row(f"{name}: all the rest", rest, "ms"),
        ]
    return [table]
