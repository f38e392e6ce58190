"""Time and memory of one sentence, against its number of entities and against its length."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, cast
from unittest.mock import patch

import torch
from allennlp.data import Batch

from benchmarks.encoder_clock import EncoderClock
from benchmarks.experiments import Folders, build, experiment_params, with_features
from benchmarks.processes import peak_growth_mib
from benchmarks.timing import Timer
from dts_ee.document import Document, Entity, Relation
from dts_ee.modules.entity_tagger import CrfScores
from dts_ee.modules.relation_scorer import PairwiseRelationScorer
from dts_ee.predictors import DtsPredictor


def measure_entities(
    timer: Timer,
    folders: Folders,
    sizes: Sequence[int] = (10, 50, 200, 500),
    num_tokens: int = 1000,
) -> None:
    torch.manual_seed(0)
    documents = {size: _document(num_tokens, size) for size in sizes}
    params = with_features(experiment_params("conll04", folders), "casing")
    reader, model = build(params, list(documents.values()))
    for module in model.modules():
        if isinstance(module, PairwiseRelationScorer):
            # An untrained model would find relations in half of all pairs, a trained one in few.
            torch.nn.init.constant_(module.projection.bias, -20.0)
    optimizer = torch.optim.Adam(model.parameters())
    batches = {}
    for size, document in documents.items():
        instance = reader.text_to_instance(document)
        reader.apply_token_indexers(instance)
        batch = Batch([instance])
        batch.index_instances(model.vocab)
        batches[size] = cast(dict[str, Any], batch.as_tensor_dict())

    def predict(size: int) -> None:
        tensors = dict(batches[size])
        tags = tensors.pop("tags").tolist()
        with torch.inference_mode(), _given_tags(tags):
            (found,) = model.eval()(**tensors)["documents"]
        assert len(found.entities) == size

    def learn(size: int) -> None:
        optimizer.zero_grad()
        model.train()(**batches[size])["loss"].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    text = f"one sentence of {num_tokens:,} tokens, conll04's layers, no contextual encoder"
    for what, call in (("Prediction", predict), ("Training step", learn)):
        _measure(
            timer, f"{what}, {text}", {f"{size} entities": partial(call, size) for size in sizes}
        )


def measure_lengths(
    timer: Timer,
    folders: Folders,
    lengths: Sequence[int] = (10, 30, 100, 300, 1000),
    num_entities: int = 3,
) -> None:
    """The sentences are CoNLL04's test split, joined and cut to length."""
    folders.require("conll04", "minilm")
    documents = folders.conll04("test")
    text = itertools.cycle(token for document in documents for token in document.tokens)
    sentences = {length: list(itertools.islice(text, length)) for length in lengths}
    params = with_features(
        experiment_params("conll04_minilm", folders), "minilm", "characters", "casing"
    )
    # What was encoded once is to be encoded again.
    params["model"]["text_field_embedder"]["token_embedders"]["minilm"].update(
        cache_dir=None, memory_limit_gib=0.0
    )
    reader, model = build(params, documents)
    predictor = DtsPredictor(model, reader)
    single = model.vocab.get_token_index("U-Loc", "labels")
    outside = model.vocab.get_token_index("O", "labels")

    def predict(length: int) -> None:
        tags = [outside] * length
        for number in range(num_entities):
            tags[number * length // num_entities] = single
        with _given_tags([tags]):
            (found,) = predictor.predict_batch_json([{"tokens": sentences[length]}])
        assert len(found["entities"]) == num_entities

    clock = EncoderClock(partial(predict, lengths[0]))

    def predict_anew(length: int) -> None:
        clock.reset()
        predict(length)
        assert clock.num_sequences > 0, "features came from a cache"

    _measure(
        timer,
        f"Prediction of one sentence, MiniLM and conll04's layers, {num_entities} entities",
        {f"{length:,} tokens": partial(predict_anew, length) for length in lengths},
        prepare=lambda: [weights.sum() for weights in clock.encoder.parameters()],
    )


def _measure(
    timer: Timer,
    group: str,
    calls: dict[str, Callable[[], Any]],
    prepare: Callable[[], Any] = lambda: None,
) -> None:
    # Before anything is timed, while no memory was used and freed.
    peaks = {name: peak_growth_mib(call, prepare) for name, call in calls.items()}
    for name, row in timer.time_in_turns(group, calls).items():
        row.extra["MiB of memory"] = peaks[name]


@contextmanager
def _given_tags(tags: list[list[int]]) -> Iterator[None]:
    """
    The model decodes as ever, and then finds these tags: the number of entities is known, and no
    work is left out.
    """
    best = CrfScores.best

    def decode(scores: CrfScores) -> list[list[int]]:
        best(scores)
        return tags

    with patch.object(CrfScores, "best", decode):
        yield


def _document(num_tokens: int, num_entities: int) -> Document:
    """Entities of one token, evenly spread, each related to the next."""
    starts = (number * num_tokens // num_entities for number in range(num_entities))
    types = itertools.cycle(("Loc", "Org", "Other", "Peop"))
    entities = tuple(Entity(type, start, start + 1) for start, type in zip(starts, types))
    heads = range(num_entities - 1)
    types = itertools.cycle(("Kill", "Live_In", "Located_In", "OrgBased_In", "Work_For"))
    relations = tuple(Relation(type, head, head + 1) for head, type in zip(heads, types))
    tokens = tuple(f"word{number % 97}" for number in range(num_tokens))
    return Document(tokens, entities, relations)
