import pytest
import torch
from allennlp.common import Params
from allennlp.modules.span_extractors import SpanExtractor

from dts_ee.modules.span_extractors.flat_spans import extract_flat_spans

STARTS = torch.tensor([0, 2, 1])
ENDS = torch.tensor([2, 3, 5])
COUNTS = torch.tensor([2, 0, 1])


@pytest.fixture
def tokens() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(3, 6, 4)


def _extractor(name: str) -> SpanExtractor:
    return SpanExtractor.from_params(Params({"type": name, "input_dim": 4}))


def test_the_last_token(tokens: torch.Tensor) -> None:
    extractor = _extractor("last_token")
    vectors = extract_flat_spans(extractor, tokens, STARTS, ENDS, COUNTS)
    assert torch.equal(vectors, torch.stack([tokens[0, 1], tokens[0, 2], tokens[2, 4]]))
    assert vectors.shape[1] == extractor.get_output_dim()
    assert extractor.get_input_dim() == 4


def test_the_last_token_and_the_maximum(tokens: torch.Tensor) -> None:
    extractor = _extractor("last_token_and_maximum")
    vectors = extract_flat_spans(extractor, tokens, STARTS, ENDS, COUNTS)
    maxima = [tokens[0, 0:2].amax(0), tokens[0, 2], tokens[2, 1:5].amax(0)]
    assert torch.equal(vectors[:, :4], torch.stack([tokens[0, 1], tokens[0, 2], tokens[2, 4]]))
    assert torch.equal(vectors[:, 4:], torch.stack(maxima))
    assert vectors.shape[1] == extractor.get_output_dim() == 8


def test_gradients_go_to_the_tokens_that_were_taken(tokens: torch.Tensor) -> None:
    tokens.requires_grad_()
    vectors = extract_flat_spans(_extractor("last_token_and_maximum"), tokens, STARTS, ENDS, COUNTS)
    vectors.sum().backward()
    assert tokens.grad is not None
    # One for the last token, and one for each feature's maximum in the span.
    assert tokens.grad[0, :3].sum() == 4 * 4 and tokens.grad[2].sum() == 2 * 4
    assert not tokens.grad[1].any() and not tokens.grad[0, 3:].any()


@pytest.mark.parametrize("name", ["last_token", "last_token_and_maximum"])
def test_spans_that_are_not_there_are_zero(name: str, tokens: torch.Tensor) -> None:
    indices = torch.tensor([[[0, 1], [2, 2]], [[0, 0], [0, 0]], [[1, 4], [0, 0]]])
    mask = torch.tensor([[True, True], [False, False], [True, False]])
    vectors = _extractor(name)(tokens, indices, span_indices_mask=mask)
    assert not vectors[~mask].any() and vectors[mask].any(1).all()
    assert torch.equal(_extractor(name)(tokens, indices)[mask], vectors[mask])


@pytest.mark.parametrize("name", ["last_token", "last_token_and_maximum", "endpoint"])
def test_no_spans_at_all(name: str, tokens: torch.Tensor) -> None:
    extractor = _extractor(name)
    nothing = torch.zeros(0, dtype=torch.long)
    vectors = extract_flat_spans(extractor, tokens, nothing, nothing, torch.zeros(3).long())
    assert vectors.shape == (0, extractor.get_output_dim())


def test_extractors_of_allennlp_see_the_same_spans(tokens: torch.Tensor) -> None:
    vectors = extract_flat_spans(_extractor("endpoint"), tokens, STARTS, ENDS, COUNTS)
    expected = [tokens[0, [0, 1]], tokens[0, [2, 2]], tokens[2, [1, 4]]]
    assert torch.equal(vectors, torch.stack(expected).flatten(1))
