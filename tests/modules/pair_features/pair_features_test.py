import torch
from allennlp.common import Params

from dts_ee.modules.entity_batch import EntityBatch, flatten_spans
from dts_ee.modules.pair_features import PairFeature

ENTITY_DIM, TOKEN_DIM, NUM_RELATIONS = 4, 5, 3
# Touching, apart by two tokens, overlapping, far apart; each in both orders.
SPANS = [[(0, 1), (1, 3), (5, 6), (2, 4), (70, 71)]]


def _feature(name):
    torch.manual_seed(0)
    return PairFeature.from_params(
        Params({"type": name}),
        entity_dim=ENTITY_DIM,
        token_dim=TOKEN_DIM,
        num_relations=NUM_RELATIONS,
    )


def _pair(name, head, tail):
    torch.manual_seed(1)
    tokens = torch.randn(1, 80, TOKEN_DIM)
    sentences, starts, ends, counts = flatten_spans(SPANS, tokens.device)
    vectors = torch.randn(len(starts), ENTITY_DIM)
    entities = EntityBatch(vectors, tokens, sentences, starts, ends, counts)
    feature = _feature(name)
    value = feature(entities, torch.tensor([head]), torch.tensor([tail]), feature.prepare(entities))
    assert value.shape == (1, feature.get_output_dim())
    return value[0], entities, feature


def test_distmult_is_symmetric_and_bilinear_is_not():
    torch.testing.assert_close(_pair("distmult", 0, 2)[0], _pair("distmult", 2, 0)[0])
    assert not torch.allclose(_pair("bilinear", 0, 2)[0], _pair("bilinear", 2, 0)[0])


def test_bilinear_form():
    value, entities, feature = _pair("bilinear", 0, 2)
    head = feature.head_projection(entities.vectors[0])
    tail = feature.tail_projection(entities.vectors[2])
    forms = feature.forms.weight.view(NUM_RELATIONS, len(tail), len(head))
    expected = torch.stack([tail @ form @ head for form in forms])
    torch.testing.assert_close(value, expected)


def test_distance_tells_order_and_bucket():
    def bucket(head, tail):
        value, _, feature = _pair("distance", head, tail)
        (row,) = (feature.embedding.weight == value).all(1).nonzero()
        return int(row)

    touching, apart, overlapping, far = (0, 1), (1, 2), (1, 3), (0, 4)
    assert bucket(*touching) == bucket(*overlapping)
    assert len({bucket(*touching), bucket(*apart), bucket(*far)}) == 3
    for head, tail in (touching, apart, overlapping, far):
        assert bucket(head, tail) != bucket(tail, head)


def test_context_is_what_stands_between():
    value, entities, _ = _pair("context", 1, 2)
    torch.testing.assert_close(value, entities.tokens[0, 3:5].amax(0))
    torch.testing.assert_close(_pair("context", 2, 1)[0], value)
    for head, tail in ((0, 1), (1, 3)):
        assert _pair("context", head, tail)[0].eq(0).all()
