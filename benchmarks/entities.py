"""Time and memory of a sentence against its number of entities: pair scoring and all the rest."""

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from typing import Any, cast

import torch
from allennlp.data import Batch

from benchmarks.experiments import (
    GivenTags,
    build,
    experiment_params,
    first_network,
    with_features,
)
from benchmarks.measure import Row, Settings, Table, Value, peak_memory_mib, time_interleaved
from dts_ee.document import Document, Entity, Relation
from dts_ee.modules.relation_scorer import PairwiseRelationScorer

_ENTITY_TYPES = ("Loc", "Org", "Other", "Peop")
_RELATION_TYPES = ("Kill", "Live_In", "Located_In", "OrgBased_In", "Work_For")

_PARTS = ("pair scoring", "all the rest")


class ScorerClock:
    """
    How long a relation scorer takes, in the forward and in the backward pass of a whole model.

    # Parameters

    scorer : `torch.nn.Module`
        The model's.
    """

    def __init__(self, scorer: torch.nn.Module) -> None:
        self._forward = self._backward = self._start = 0.0
        scorer.register_forward_pre_hook(self._begin)
        scorer.register_forward_hook(self._end)

    def seconds(self) -> float:
        """Those of the last pass."""
        return self._forward + self._backward

    def _begin(self, _: torch.nn.Module, arguments: tuple) -> None:
        for tensor in (arguments[0].vectors, arguments[0].tokens):
            # The later one of the two has its gradient when the scorer's backward pass is over.
            if tensor.requires_grad:
                tensor.register_hook(self._end_backward)
        self._backward = 0.0
        self._start = time.perf_counter()

    def _end(self, _: torch.nn.Module, __: tuple, scores: torch.Tensor) -> None:
        self._forward = time.perf_counter() - self._start
        if scores.requires_grad:
            scores.register_hook(self._begin_backward)

    def _begin_backward(self, _: torch.Tensor) -> None:
        self._start = time.perf_counter()

    def _end_backward(self, _: torch.Tensor) -> None:
        self._backward = time.perf_counter() - self._start


def run(
    settings: Settings, sizes: Sequence[int] = (10, 50, 200, 500), num_tokens: int = 1000
) -> list[Table]:
    """
    # Raises

    `RuntimeError`
        If a sentence does not come out with the entities that it was given.
    """
    torch.manual_seed(0)
    documents = {size: _document(num_tokens, size) for size in sizes}
    params = with_features(experiment_params("conll04", settings), ["words", "casing"])
    reader, model = build(params, list(documents.values()))
    scorer = first_network(model, "relation").relation_scorer
    assert isinstance(scorer, PairwiseRelationScorer)
    # An untrained model would find relations in half of all pairs, a trained one in few.
    torch.nn.init.constant_(scorer.projection.bias, -20.0)
    clock = ScorerClock(scorer)
    taggers = first_network(model, "entity").taggers
    tagger = taggers[0]
    batches = {}
    for size, document in documents.items():
        instance = reader.text_to_instance(document)
        reader.apply_token_indexers(instance)
        batch = Batch([instance])
        batch.index_instances(model.vocab)
        batches[size] = cast(dict[str, Any], batch.as_tensor_dict())

    def predict(size: int) -> None:
        taggers[0] = GivenTags(tagger, batches[size]["tags"].tolist())
        tensors = {name: each for name, each in batches[size].items() if name != "tags"}
        with torch.inference_mode():
            (found,) = model.eval()(**tensors)["documents"]
        if len(found.entities) != size:
            raise RuntimeError(f"there are {len(found.entities)} entities instead of {size}")

    optimizer = torch.optim.Adam(model.parameters())

    def learn(size: int) -> None:
        taggers[0] = tagger
        optimizer.zero_grad()
        model.train()(**batches[size])["loss"].backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()

    text = f"one sentence of {num_tokens:,} tokens, conll04's layers, no contextual encoder"
    return [
        _measure(settings, f"Prediction, {text}", "prediction", predict, sizes, clock),
        _measure(settings, f"Training step, {text}", "training step", learn, sizes, clock),
    ]


def _measure(
    settings: Settings,
    title: str,
    what: str,
    call: Callable[[int], None],
    sizes: Sequence[int],
    clock: ScorerClock,
) -> Table:
    # Before anything is timed, while no memory was used and freed.
    peaks = {size: peak_memory_mib(partial(call, size)) for size in sizes}
    scoring: dict[int, list[float]] = {size: [] for size in sizes}

    def call_and_note(size: int) -> None:
        call(size)
        scoring[size].append(clock.seconds())

    seconds = time_interleaved(
        {str(size): partial(call_and_note, size) for size in sizes}, settings.runs
    )
    table = Table("entities", title)
    medians: dict[str, list[float]] = {part: [] for part in _PARTS}
    for size in sizes:
        whole = seconds[str(size)]
        # The first was the warm-up.
        parts = dict.fromkeys(_PARTS, scoring[size][-settings.runs :])
        parts["all the rest"] = [
            all_of_it - part for all_of_it, part in zip(whole, parts["pair scoring"], strict=True)
        ]
        name = f"{size} entities, {what}"
        table.rows.append(Row(name, whole, "ms", peak_mib=peaks[size]))
        for part in _PARTS:
            table.rows.append(Row(f"{name}: {part}", parts[part], "ms"))
            medians[part].append(median(parts[part]))
    for part in _PARTS:
        table.rows.append(_growth(f"growth of {part}, {what}", sizes, medians[part]))
    return table


def _growth(name: str, sizes: Sequence[int], medians: list[float]) -> Value:
    exponent = math.log(medians[-1] / medians[-2]) / math.log(sizes[-1] / sizes[-2])
    return Value(
        name,
        exponent,
        note=f"the power of the number of entities, from {sizes[-2]} to {sizes[-1]}",
    )


def _document(num_tokens: int, num_entities: int) -> Document:
    """Entities of one token, evenly spread, each related to the next."""
    entities = []
    for number in range(num_entities):
        start = number * num_tokens // num_entities
        entities.append(Entity(_ENTITY_TYPES[number % len(_ENTITY_TYPES)], start, start + 1))
    relations = [
        Relation(_RELATION_TYPES[head % len(_RELATION_TYPES)], head, head + 1)
        for head in range(num_entities - 1)
    ]
    tokens = tuple(f"word{number % 97}" for number in range(num_tokens))
    return Document(tokens, tuple(entities), tuple(relations))
