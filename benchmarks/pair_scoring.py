"""Scores of all pairs of entities at once, against the same scorer in a loop over pairs."""

from collections.abc import Callable, Sequence
from typing import cast

import torch
from allennlp.common import Params

from benchmarks.experiments import experiment_params
from benchmarks.measure import Row, Settings, Table, time_interleaved
from dts_ee.modules.entity_batch import EntityBatch, entity_pairs, flatten_spans
from dts_ee.modules.pair_features import PairFeature
from dts_ee.modules.relation_scorer import PairwiseRelationScorer, RelationScorer

_TOKENS_PER_ENTITY = 4
_NUM_RELATIONS = 5
_TOKEN_DIM = 512
_ENTITY_DIM = _TOKEN_DIM + 25


def run(settings: Settings, sizes: Sequence[int] = (5, 20, 50)) -> list[Table]:
    """
    # Raises

    `RuntimeError`
        If the loop does not come to the same scores.
    """
    torch.manual_seed(0)
    params = experiment_params("conll04", settings)["model"]["relation_scorer"]
    features = ", ".join(feature["type"] for feature in params["pair_features"])
    scorer = RelationScorer.from_params(
        Params(params), entity_dim=_ENTITY_DIM, token_dim=_TOKEN_DIM, num_relations=_NUM_RELATIONS
    )
    assert isinstance(scorer, PairwiseRelationScorer)
    scorer.eval()
    table = Table(
        "pair_scoring",
        f"Scores of every ordered pair of entities of one sentence ({features}; "
        f"{_NUM_RELATIONS} relations)",
    )
    for size in sizes:
        table.rows += _rows(settings, scorer, size)
    return [table]


def _rows(settings: Settings, scorer: PairwiseRelationScorer, num_entities: int) -> list[Row]:
    entities = _sentence(num_entities)
    heads, tails = entity_pairs(entities.counts)
    ways: dict[str, Callable[[], torch.Tensor]] = {
        "loop": lambda: _score_in_a_loop(scorer, entities, heads, tails),
        "at once": lambda: scorer(entities, heads, tails),
    }
    _check(ways["loop"](), ways["at once"]())
    rows = []
    for what, wrap in (("inference", _inference), ("forward and backward", _learning)):
        seconds = time_interleaved(
            {way: wrap(call, scorer) for way, call in ways.items()}, settings.runs
        )
        names = {way: f"{num_entities} entities, {what}, {way}" for way in ways}
        for way, name in names.items():
            baseline = None if way == "loop" else names["loop"]
            rows.append(Row(name, seconds[way], "ms", baseline=baseline))
    return rows


def _sentence(num_entities: int) -> EntityBatch:
    """A sentence of entities of two tokens, with two tokens between them."""
    num_tokens = _TOKENS_PER_ENTITY * num_entities
    spans = [(start, start + 2) for start in range(1, num_tokens, _TOKENS_PER_ENTITY)]
    sentences, starts, ends, counts = flatten_spans([spans], torch.device("cpu"))
    return EntityBatch(
        vectors=torch.randn(num_entities, _ENTITY_DIM, requires_grad=True),
        tokens=torch.randn(1, num_tokens, _TOKEN_DIM, requires_grad=True),
        sentences=sentences,
        starts=starts,
        ends=ends,
        counts=counts,
    )


def _score_in_a_loop(
    scorer: PairwiseRelationScorer, entities: EntityBatch, heads: torch.Tensor, tails: torch.Tensor
) -> torch.Tensor:
    """What the scorer does, one pair at a time; what no pair decides is made once here too."""
    hidden = scorer.feedforward(entities.vectors)
    features = [cast(PairFeature, feature) for feature in scorer.pair_features]
    prepared = [feature.prepare(entities) for feature in features]
    scores = []
    for pair in range(len(heads)):
        head, tail = heads[pair : pair + 1], tails[pair : pair + 1]
        vectors = [hidden[head], hidden[tail]]
        for feature, ready in zip(features, prepared, strict=True):
            vectors.append(feature(entities, head, tail, ready))
        scores.append(scorer.projection(torch.cat(vectors, dim=1)))
    return torch.cat(scores)


def _inference(call: Callable[[], torch.Tensor], _: torch.nn.Module) -> Callable[[], torch.Tensor]:
    return torch.inference_mode()(call)


def _learning(call: Callable[[], torch.Tensor], scorer: torch.nn.Module) -> Callable[[], None]:
    def learn() -> None:
        scorer.zero_grad()
        call().sum().backward()

    return learn


def _check(loop: torch.Tensor, at_once: torch.Tensor) -> None:
    if not torch.allclose(loop, at_once, rtol=1e-4, atol=1e-5):
        raise RuntimeError("the loop over pairs does not come to the scorer's scores")
