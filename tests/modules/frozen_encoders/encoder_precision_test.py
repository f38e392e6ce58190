import copy

import pytest
import torch
from allennlp.common.checks import ConfigurationError

from dts_ee.modules.frozen_encoders import encoder_precision
from dts_ee.modules.frozen_encoders.encoder_precision import (
    Int8Linear,
    check_precision,
    convert_to_precision,
)

has_int8 = pytest.mark.skipif(
    not encoder_precision._has_integer_products(),
    reason="this version of torch does not multiply 8-bit integers",
)


@pytest.fixture
def network():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        inner = torch.nn.Sequential(torch.nn.Linear(24, 48), torch.nn.Linear(48, 7, bias=False))
    return torch.nn.Sequential(torch.nn.LayerNorm(24), inner).requires_grad_(False)


def _vectors():
    return torch.randn(5, 6, 24, generator=torch.Generator().manual_seed(1))


def _relative_error(actual, expected):
    return ((actual.float() - expected).norm() / expected.norm()).item()


def test_float32_is_the_network_itself(network):
    expected = network(_vectors())
    assert convert_to_precision(network, "float32") is network
    assert torch.equal(network(_vectors()), expected)


@pytest.mark.parametrize(
    ("precision", "largest_error"), [("bfloat16", 0.01), pytest.param("int8", 0.02, marks=has_int8)]
)
def test_other_precisions_are_close(network, precision, largest_error):
    expected = network(_vectors())
    converted = convert_to_precision(network, precision)
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    outputs = converted(_vectors().to(dtype))
    assert outputs.shape == expected.shape
    assert outputs.dtype == dtype
    assert 0 < _relative_error(outputs, expected) < largest_error


@has_int8
def test_int8_replaces_every_linear_layer_and_nothing_else(network):
    convert_to_precision(network, "int8")
    kinds = [type(module).__name__ for module in network.modules()]
    assert kinds.count("Int8Linear") == 2
    assert kinds.count("LayerNorm") == 1
    assert "Linear" not in kinds


@has_int8
def test_an_int8_layer_rounds_weights_and_inputs_to_255_steps_each():
    linear = torch.nn.Linear(3, 2)
    linear.weight.data = torch.tensor([[127.0, -64.0, 0.4], [1.27, 0.5, -0.006]])
    linear.bias.data = torch.tensor([10.0, -1.0])
    outputs = Int8Linear(linear)(torch.tensor([[127.0, 0.6, 0.0], [0.0, 0.0, -2.54]]))
    expected = torch.tensor(
        [
            [127.0 * 127 - 64 + 10, 1.27 * 127 + 0.5 - 1],
            [10.0, 2.54 * 0.01 - 1],
        ]
    )
    torch.testing.assert_close(outputs, expected, atol=1e-4, rtol=1e-5)


@has_int8
def test_with_int8_what_comes_out_for_a_vector_does_not_depend_on_the_others(network):
    convert_to_precision(network, "int8")
    vectors = _vectors()
    with_a_large_one = vectors.clone()
    with_a_large_one[0, 0, 0] = 1e4
    assert torch.equal(network(with_a_large_one)[1:], network(vectors)[1:])
    alone = torch.cat([network(vector[None, None]) for vector in vectors[1]], dim=1)
    torch.testing.assert_close(alone, network(vectors)[1:2])


@has_int8
def test_int8_takes_zeros_and_passes_on_what_is_no_number(network):
    linear = copy.deepcopy(network[1][0])
    linear.weight.data[3] = 0.0
    layer = Int8Linear(linear)
    vectors = torch.zeros(2, 24)
    assert torch.equal(layer(vectors), linear.bias.expand(2, -1))
    vectors[1, 5] = float("nan")
    outputs = layer(vectors)
    assert torch.isfinite(outputs[0]).all()
    assert not torch.isfinite(outputs[1]).any()


def test_an_unknown_precision_is_refused(network):
    with pytest.raises(ConfigurationError, match="'float16'.*float32, bfloat16 or int8"):
        convert_to_precision(network, "float16")


def test_int8_is_refused_where_torch_does_not_have_it(network, monkeypatch):
    monkeypatch.delattr(torch, "_int_mm", raising=False)
    with pytest.raises(ConfigurationError, match="8-bit integers"):
        convert_to_precision(network, "int8")


def test_int8_is_refused_on_a_gpu():
    check_precision("int8", torch.device("cpu"))
    with pytest.raises(ConfigurationError, match="'int8'.*'cuda:1'.*'bfloat16'"):
        check_precision("int8", torch.device("cuda", 1))


@pytest.mark.parametrize("is_supported", [False, True])
def test_bfloat16_is_refused_where_the_processor_does_not_have_it(monkeypatch, is_supported):
    monkeypatch.setattr(
        torch.ops.mkldnn, "_is_mkldnn_bf16_supported", lambda: is_supported, raising=False
    )
    if is_supported:
        check_precision("bfloat16", torch.device("cpu"))
        return
    check_precision("float32", torch.device("cpu"))
    with pytest.raises(ConfigurationError, match="'bfloat16'.*'cpu'"):
        check_precision("bfloat16", torch.device("cpu"))


@pytest.mark.parametrize("is_supported", [False, True])
def test_bfloat16_is_refused_where_the_gpu_does_not_have_it(monkeypatch, is_supported):
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: is_supported)
    if is_supported:
        check_precision("bfloat16", torch.device("cuda", 0))
        return
    with pytest.raises(ConfigurationError, match="'bfloat16'.*'cuda:0'"):
        check_precision("bfloat16", torch.device("cuda", 0))
