from typing import cast

import pytest
import torch
from allennlp.common import Params

from dts_ee.modules.entity_batch import EntityBatch, entity_pairs, flatten_spans
from dts_ee.modules.pair_features import PairFeature
from dts_ee.modules.relation_scorer import PairwiseRelationScorer, RelationScorer

TOKEN_DIM, LABEL_DIM, NUM_RELATIONS = 6, 3, 4
SPANS = [[(0, 1), (2, 4), (6, 7)], [], [(1, 2)], [(5, 6), (0, 3), (3, 5), (7, 9)]]


def _entities(spans=SPANS):
    torch.manual_seed(1)
    tokens = torch.randn(len(spans), 10, TOKEN_DIM, requires_grad=True)
    sentences, starts, ends, counts = flatten_spans(spans, tokens.device)
    labels = torch.randn(len(starts), LABEL_DIM)
    vectors = torch.cat([tokens[sentences, ends - 1], labels], dim=1)
    return EntityBatch(vectors, tokens, sentences, starts, ends, counts)


def _scorer(**params) -> PairwiseRelationScorer:
    torch.manual_seed(2)
    scorer = RelationScorer.from_params(
        Params({"type": "pairwise", **params}),
        entity_dim=TOKEN_DIM + LABEL_DIM,
        token_dim=TOKEN_DIM,
        num_relations=NUM_RELATIONS,
    )
    assert isinstance(scorer, PairwiseRelationScorer)
    return scorer


def test_the_papers_formula_pair_by_pair():
    scorer, entities = _scorer(), _entities()
    heads, tails = entity_pairs(entities.counts)
    scores = scorer(entities, heads, tails)
    assert scores.shape == (3 * 2 + 4 * 3, NUM_RELATIONS)
    diagonals = scorer.state_dict()["pair_features.1.diagonals.weight"]
    for head, tail, score in zip(heads, tails, scores):
        g_i, g_j = entities.vectors[head], entities.vectors[tail]
        f_i, f_j = scorer.feedforward(g_i), scorer.feedforward(g_j)
        cosine = torch.dot(g_i, g_j) / (g_i.norm() * g_j.norm())
        bilinear = [g_i @ torch.diag(m_k) @ g_j for m_k in diagonals]
        pair = torch.cat([f_i, f_j, cosine.unsqueeze(0), torch.stack(bilinear)])
        torch.testing.assert_close(score, scorer.projection(pair))


ALL_FEATURES = [
    {"type": name} for name in ("cosine", "distmult", "bilinear", "distance", "context")
]


@pytest.mark.parametrize("features", [[], ALL_FEATURES])
@pytest.mark.parametrize(
    "hidden_layer", [None, {"num_layers": 1, "hidden_dims": 7, "activations": "tanh"}]
)
def test_chunks_give_the_same_scores_and_gradients(features, hidden_layer):
    results = []
    for chunk in (1000, 5):
        scorer = _scorer(
            pair_features=features, pair_feedforward=hidden_layer, max_pairs_per_chunk=chunk
        )
        entities = _entities()
        scores = scorer(entities, *entity_pairs(entities.counts))
        scores.square().sum().backward()
        gradients = [parameter.grad for parameter in scorer.parameters()]
        results.append([scores, entities.tokens.grad, *gradients])
        with torch.no_grad():
            torch.testing.assert_close(scorer(entities, *entity_pairs(entities.counts)), scores)
    for whole, chunked in zip(*results, strict=True):
        torch.testing.assert_close(whole, chunked)


@pytest.mark.parametrize("feature", PairFeature.list_available())
def test_symmetric_features_are(feature):
    entities = _entities()
    heads, tails = entity_pairs(entities.counts)
    scorer = _scorer(pair_features=[{"type": feature}])
    module = cast(PairFeature, scorer.pair_features[0])
    prepared = module.prepare(entities)
    one_order, other_order = (
        module(entities, *pairs, prepared) for pairs in ((heads, tails), (tails, heads))
    )
    assert torch.equal(one_order, other_order) == module.symmetric


def test_parts_that_are_scored_apart_come_to_the_projection_of_the_whole():
    scorer, entities = _scorer(pair_features=ALL_FEATURES), _entities()
    heads, tails = entity_pairs(entities.counts)
    hidden = scorer.feedforward(entities.vectors)
    modules = [cast(PairFeature, feature) for feature in scorer.pair_features]
    features = [module(entities, heads, tails, module.prepare(entities)) for module in modules]
    pairs = torch.cat([hidden[heads], hidden[tails], *features], dim=1)
    torch.testing.assert_close(scorer(entities, heads, tails), scorer.projection(pairs))


def test_no_pairs():
    entities = _entities([[(0, 1)], []])
    scores = _scorer(pair_features=ALL_FEATURES)(entities, *entity_pairs(entities.counts))
    assert scores.shape == (0, NUM_RELATIONS)


def test_a_hidden_layer_over_pairs():
    scorer = _scorer(pair_feedforward={"num_layers": 1, "hidden_dims": 7, "activations": "relu"})
    entities = _entities()
    assert scorer.projection.in_features == 7
    assert scorer(entities, *entity_pairs(entities.counts)).shape == (18, NUM_RELATIONS)
