import pytest
import torch
from allennlp.common import Lazy, Params
from allennlp.modules import Seq2SeqEncoder

from dts_ee.modules.stack import Stack

MASK = torch.BoolTensor([[True] * 50])


@pytest.mark.parametrize("training", [True, False])
def test_a_stack_without_layers_is_dropout(training):
    stack = Stack(None, 40, dropout=0.5).train(training)
    tokens = stack(torch.ones(1, 50, 40), MASK)
    assert stack.get_output_dim() == 40
    if training:
        assert set(tokens.unique().tolist()) == {0.0, 2.0}
        assert tokens.mean().item() == pytest.approx(1.0, abs=0.1)
    else:
        assert (tokens == 1.0).all()


def test_a_stack_has_the_size_of_its_layers():
    encoder = Lazy(Seq2SeqEncoder, Params({"type": "gru", "hidden_size": 3}))
    stack = Stack(encoder, 40, dropout=0.0)
    assert stack.get_output_dim() == 3
    assert stack(torch.ones(1, 50, 40), MASK).shape == (1, 50, 3)
