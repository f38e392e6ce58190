"""Scores of all pairs of entities at once, against the same scorer in a loop over pairs."""

from collections.abc import Callable
from functools import partial
from typing import cast

import pytest
import torch
from allennlp.common import Params

from benchmarks.experiments import Folders, experiment_params
from benchmarks.timing import Timer
from dts_ee.modules.entity_batch import EntityBatch, entity_pairs, flatten_spans
from dts_ee.modules.pair_features import PairFeature
from dts_ee.modules.relation_scorer import PairwiseRelationScorer, RelationScorer

_TOKENS_PER_ENTITY = 4
_NUM_RELATIONS = 5
_TOKEN_DIM = 512
_ENTITY_DIM = _TOKEN_DIM + 25


@pytest.mark.parametrize("num_entities", [20, 50])
def measure_pair_scoring(timer: Timer, folders: Folders, num_entities: int) -> None:
    torch.manual_seed(0)
    params = experiment_params("conll04", folders)["model"]["relation_scorer"]
    scorer = RelationScorer.from_params(
        Params(params), entity_dim=_ENTITY_DIM, token_dim=_TOKEN_DIM, num_relations=_NUM_RELATIONS
    )
    assert isinstance(scorer, PairwiseRelationScorer)
    scorer.eval()
    entities = _sentence(num_entities)
    heads, tails = entity_pairs(entities.counts)

    def loop() -> torch.Tensor:
        return _score_in_a_loop(scorer, entities, heads, tails)

    def at_once() -> torch.Tensor:
        return scorer(entities, heads, tails)

    def learn(call: Callable[[], torch.Tensor]) -> None:
        scorer.zero_grad()
        call().sum().backward()

    torch.testing.assert_close(at_once(), loop(), rtol=1e-4, atol=1e-5)
    ways = {"loop": loop, "at once": at_once}
    group = f"Scores of all pairs of {num_entities} entities"
    timer.time_in_turns(
        f"{group}, inference",
        {name: torch.inference_mode()(call) for name, call in ways.items()},
        baseline="loop",
    )
    timer.time_in_turns(
        f"{group}, forward and backward",
        {name: partial(learn, call) for name, call in ways.items()},
        baseline="loop",
    )


def _sentence(num_entities: int) -> EntityBatch:
    """A sentence of entities of two tokens, with two tokens between them."""
    num_tokens = _TOKENS_PER_ENTITY * num_entities
    spans = [(start, start + 2) for start in range(1, num_tokens, _TOKENS_PER_ENTITY)]
    return EntityBatch(
        torch.randn(num_entities, _ENTITY_DIM, requires_grad=True),
        torch.randn(1, num_tokens, _TOKEN_DIM, requires_grad=True),
        *flatten_spans([spans], torch.device("cpu")),
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
