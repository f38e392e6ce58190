from typing import cast

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Vocabulary

from dts_ee.modules.entity_batch import EntityBatch, entity_pairs, flatten_spans
from dts_ee.modules.grown_weights import GrownWeights
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


def _scorer(num_relations=NUM_RELATIONS, seed=2, **params) -> PairwiseRelationScorer:
    torch.manual_seed(seed)
    scorer = RelationScorer.from_params(
        Params({"type": "pairwise", **params}),
        entity_dim=TOKEN_DIM + LABEL_DIM,
        token_dim=TOKEN_DIM,
        num_relations=num_relations,
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


def _vocabulary(num_relations):
    return Vocabulary({"relation_labels": {f"R{i}": 9 - i for i in range(num_relations)}})


@pytest.mark.parametrize("features", [[], ALL_FEATURES, ALL_FEATURES[::-1]])
@pytest.mark.parametrize(
    "hidden_layer", [None, {"num_layers": 2, "hidden_dims": 7, "activations": "tanh"}]
)
def test_further_relations_leave_the_scores_of_the_others(features, hidden_layer):
    settings = {"pair_features": features, "pair_feedforward": hidden_layer}
    source, target, untrained = (
        _scorer(number, seed, **settings) for number, seed in ((4, 2), (6, 3), (6, 3))
    )
    GrownWeights(_vocabulary(4), _vocabulary(6)).copy(target, source)
    entities = _entities()
    pairs = entity_pairs(entities.counts)
    scores = target(entities, *pairs)
    torch.testing.assert_close(scores[:, :4], source(entities, *pairs))
    # New relations are as in an untrained scorer, on top of what the known layers give.
    assert torch.equal(target.projection.weight[4:], untrained.projection.weight[4:])
    assert torch.equal(target.projection.bias[4:], untrained.projection.bias[4:])
    for name, first in (("diagonals.weight", 4), ("forms.weight", 4 * 64)):
        for key, value in target.pair_features.state_dict().items():
            if key.endswith(name):
                assert torch.equal(value[first:], untrained.pair_features.state_dict()[key][first:])
    # Of the two features with a value for each relation, two values each are not used yet by the
    # known relations; training reaches their weights.
    weight = target._layers_over_pairs()[0].weight
    scores[:, 0].sum().backward()
    assert weight.grad is not None
    unused = weight.grad[0, weight[0] == 0.0]
    assert len(unused) == (4 if features else 0)
    assert (unused != 0.0).all()


def test_a_scorer_with_other_layers_is_refused():
    hidden_layer = {"num_layers": 1, "hidden_dims": 7, "activations": "tanh"}
    weights = GrownWeights(_vocabulary(4), _vocabulary(4))
    for settings in (
        {"pair_feedforward": hidden_layer},
        {"pair_features": ALL_FEATURES},
        {"feedforward": {**hidden_layer, "activations": "relu"}},
    ):
        with pytest.raises(ConfigurationError, match="the model has other layers than the archive"):
            weights.copy(_scorer(**settings), _scorer())


# `entity_markers` reads text, and has its own tests.
@pytest.mark.parametrize("feature", sorted({*PairFeature.list_available()} - {"entity_markers"}))
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
