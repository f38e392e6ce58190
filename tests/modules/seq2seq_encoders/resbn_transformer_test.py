import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.confidence_checks.normalization_bias_verification import NormalizationBiasVerification
from allennlp.modules import Seq2SeqEncoder

from dts_ee.modules.seq2seq_encoders import ResBnTransformer

MASK = torch.tensor([[True] * 6, [True] * 4 + [False] * 2, [True] + [False] * 5])


def _encoder(**params):
    torch.manual_seed(0)
    encoder = Seq2SeqEncoder.from_params(
        Params(
            {
                "type": "resbn_transformer",
                "hidden_dim": 10,
                "num_layers": 2,
                "num_attention_heads": 4,
                "feedforward_hidden_dim": 16,
                "dropout": 0.0,
                **params,
            }
        ),
        input_dim=7,
        input_size=7,
    )
    assert isinstance(encoder, ResBnTransformer)
    return encoder


def test_dimensions_do_not_need_to_be_divided_by_the_heads():
    encoder = _encoder()
    assert (encoder.get_input_dim(), encoder.get_output_dim()) == (7, 10)
    assert not encoder.is_bidirectional()
    assert encoder(torch.randn(3, 6, 7), MASK).shape == (3, 6, 10)


def test_batch_norm_sees_unpadded_tokens_alone():
    encoder = _encoder().train()
    inputs = torch.randn(3, 6, 7)
    padded_otherwise = torch.where(MASK.unsqueeze(2), inputs, torch.tensor(100.0))
    outputs = encoder(inputs, MASK)
    torch.testing.assert_close(outputs, encoder(padded_otherwise, MASK))
    assert outputs[~MASK].eq(0).all()
    normalised = outputs[MASK] - encoder._residual_projection(inputs[MASK])
    torch.testing.assert_close(normalised.mean(0), torch.zeros(10), atol=1e-5, rtol=0)
    deviation = normalised.std(0, unbiased=False)
    torch.testing.assert_close(deviation, torch.ones(10), atol=1e-2, rtol=0)


def test_a_sentence_does_not_depend_on_its_batch_at_inference():
    encoder = _encoder().eval()
    inputs = torch.randn(3, 6, 7)
    together = encoder(inputs, MASK)
    for i, length in enumerate(MASK.sum(1).tolist()):
        alone = encoder(inputs[i : i + 1, :length], MASK[i : i + 1, :length])
        torch.testing.assert_close(together[i, :length], alone[0], atol=1e-5, rtol=1e-5)


def test_positions_matter():
    encoder = _encoder().eval()
    inputs = torch.randn(1, 1, 7).expand(1, 6, 7)
    outputs = encoder(inputs, MASK[:1])
    assert not torch.allclose(outputs[0, 0], outputs[0, 3], atol=1e-4)


def test_a_training_batch_of_one_token():
    encoder = _encoder().train()
    output = encoder(torch.randn(1, 1, 7), MASK[:1, :1])
    assert output.isfinite().all()
    output.sum().backward()


def test_the_trainer_finds_no_bias_before_a_normalisation():
    encoder = _encoder(dropout=0.1).train()
    verification = NormalizationBiasVerification(encoder)
    verification.register_hooks()
    encoder(torch.randn(3, 6, 7), MASK)
    verification.destroy_hooks()
    assert verification.collect_detections() == []


def test_layers_start_differently():
    first, second = _encoder()._transformer.layers
    assert not torch.allclose(first.linear1.weight, second.linear1.weight)


def test_no_layers():
    with pytest.raises(ConfigurationError, match="num_layers"):
        _encoder(num_layers=0)
