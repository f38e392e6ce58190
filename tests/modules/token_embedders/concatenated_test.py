import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.modules.token_embedders import Embedding, TokenEmbedder

from dts_ee.modules.token_embedders import ConcatenatedEmbedder


def test_it_concatenates_what_its_embedders_give():
    first, second = Embedding(embedding_dim=3, num_embeddings=5), Embedding(2, 5)
    embedder = ConcatenatedEmbedder([first, second])
    tokens = torch.tensor([[0, 4], [2, 1]])
    embedded = embedder(tokens)
    assert embedded.shape == (2, 2, embedder.get_output_dim()) == (2, 2, 5)
    assert torch.equal(embedded[..., :3], first(tokens))
    assert torch.equal(embedded[..., 3:], second(tokens))


def test_it_is_built_from_a_configuration():
    options = {"type": "embedding", "num_embeddings": 5, "embedding_dim": 4}
    embedder = TokenEmbedder.from_params(
        Params({"type": "concatenated", "embedders": [dict(options), dict(options)]})
    )
    assert isinstance(embedder, ConcatenatedEmbedder)
    assert embedder.get_output_dim() == 8
    assert len(list(embedder.parameters())) == 2


def test_without_embedders_it_is_refused():
    with pytest.raises(ConfigurationError, match="at least one embedder"):
        ConcatenatedEmbedder([])
