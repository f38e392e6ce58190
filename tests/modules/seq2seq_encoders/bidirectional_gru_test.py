import pytest
import torch
from allennlp.common import Params
from allennlp.modules.seq2seq_encoders import GruSeq2SeqEncoder, Seq2SeqEncoder

from dts_ee.modules.seq2seq_encoders import BidirectionalGruEncoder

MASKS = {
    "mixed": [5, 9, 0, 1, 9],
    "equal": [4, 4],
    "one token": [1],
    "all empty": [0, 0],
}


def mask_of(lengths):
    return torch.arange(max([*lengths, 1]) + 1) < torch.tensor(lengths).unsqueeze(1)


def same_weights(input_size, hidden_size, num_layers, dtype=torch.float64):
    torch.manual_seed(0)
    reference = GruSeq2SeqEncoder(input_size, hidden_size, num_layers, bidirectional=True).to(dtype)
    module = BidirectionalGruEncoder(input_size, hidden_size, num_layers).to(dtype)
    module.load_state_dict(reference.state_dict())
    return reference, module


# 16 and 32 need no padding of rows, the others do.
@pytest.mark.parametrize("input_size", [1, 10, 16, 32])
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("lengths", [MASKS[name] for name in ("mixed", "equal", "one token")])
def test_equal_to_allennlps(input_size, num_layers, lengths):
    reference, module = same_weights(input_size, 7, num_layers)
    mask = mask_of(lengths)
    inputs = torch.randn(*mask.shape, input_size, dtype=torch.float64)
    reference_inputs, module_inputs = (inputs.clone().requires_grad_() for _ in range(2))
    expected, encoded = reference(reference_inputs, mask), module(module_inputs, mask)
    torch.testing.assert_close(encoded, expected)

    weights = torch.randn_like(expected)
    (expected * weights).sum().backward()
    (encoded * weights).sum().backward()
    torch.testing.assert_close(module_inputs.grad, reference_inputs.grad)
    for (name, ours_parameter), theirs_parameter in zip(
        module.named_parameters(), reference.parameters(), strict=True
    ):
        torch.testing.assert_close(ours_parameter.grad, theirs_parameter.grad, msg=name)

    with torch.inference_mode():
        torch.testing.assert_close(module(inputs, mask), expected)


def test_gradients_by_finite_differences():
    _, module = same_weights(3, 2, 2)
    mask = mask_of([3, 1, 2])
    inputs = torch.randn(*mask.shape, 3, dtype=torch.float64, requires_grad=True)
    names, parameters = zip(*module.named_parameters())

    def encode(inputs, *parameters):
        return torch.func.functional_call(module, dict(zip(names, parameters)), (inputs, mask))

    assert torch.autograd.gradcheck(encode, (inputs, *parameters))


def test_inputs_without_a_gradient():
    reference, module = same_weights(5, 4, 1)
    mask = mask_of([3, 2])
    inputs = torch.randn(*mask.shape, 5, dtype=torch.float64)
    reference(inputs, mask).sum().backward()
    module(inputs, mask).sum().backward()
    for mine, other in zip(module.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, other.grad)


def test_frozen_weights_let_the_gradient_through():
    reference, module = same_weights(5, 4, 2)
    module.requires_grad_(False)
    mask = mask_of([3, 2])
    inputs = torch.randn(*mask.shape, 5, dtype=torch.float64, requires_grad=True)
    module(inputs, mask).sum().backward()
    grad, inputs.grad = inputs.grad, None
    reference(inputs, mask).sum().backward()
    torch.testing.assert_close(grad, inputs.grad)


def test_no_tokens_at_all():
    _, module = same_weights(3, 2, 2)
    mask = mask_of(MASKS["all empty"])
    inputs = torch.randn(*mask.shape, 3, dtype=torch.float64, requires_grad=True)
    encoded = module(inputs, mask)
    assert torch.equal(encoded, torch.zeros(2, 2, 4, dtype=torch.float64))
    encoded.sum().backward()
    assert all(parameter.grad.abs().sum() == 0 for parameter in module.parameters())


def test_without_a_mask_and_with_first_states():
    reference, module = same_weights(3, 2, 1)
    inputs = torch.randn(2, 4, 3, dtype=torch.float64)
    torch.testing.assert_close(module(inputs, None), reference(inputs, None))
    first = torch.randn(2, 2, 2, dtype=torch.float64)
    mask = mask_of([3, 2])
    torch.testing.assert_close(module(inputs, mask, first), reference(inputs, mask, first))


def test_dropout_between_layers_and_in_training_alone():
    torch.manual_seed(0)
    inputs, mask = torch.randn(1, 4, 3), mask_of([3])
    two = BidirectionalGruEncoder(3, 2, 2, dropout=0.5)
    assert not torch.equal(two(inputs, mask), two(inputs, mask))
    two.eval()
    assert torch.equal(two(inputs, mask), two(inputs, mask))


def test_from_params():
    encoder = Seq2SeqEncoder.from_params(
        Params({"type": "bidirectional_gru", "input_size": 6, "hidden_size": 4, "num_layers": 2})
    )
    assert isinstance(encoder, BidirectionalGruEncoder)
    assert (encoder.get_input_dim(), encoder.get_output_dim()) == (6, 8)
    assert encoder.is_bidirectional()
