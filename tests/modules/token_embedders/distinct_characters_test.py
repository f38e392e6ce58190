from typing import Any

import pytest
import torch
from allennlp.common import Params
from allennlp.data import Batch, Instance, Token, Vocabulary
from allennlp.data.fields import TextField
from allennlp.data.token_indexers import TokenCharactersIndexer
from allennlp.modules.token_embedders import TokenEmbedder
from hypothesis import given, settings
from hypothesis import strategies as st

from dts_ee.modules.token_embedders import DistinctCharactersEncoder

ENCODERS = {
    "gru": {"type": "gru", "input_size": 5, "hidden_size": 4, "bidirectional": True},
    "lstm": {"type": "lstm", "input_size": 5, "hidden_size": 4, "num_layers": 2},
    "cnn": {"type": "cnn", "embedding_dim": 5, "num_filters": 3, "ngram_filter_sizes": [1, 2]},
    "bag": {"type": "bag_of_embeddings", "embedding_dim": 5},
}
NUM_CHARACTERS = 300

# Few letters make words that are there twice, or begin or end alike.
_words = st.text(st.sampled_from("abĀ"), min_size=1, max_size=6)
_batches = st.lists(st.lists(_words, min_size=1, max_size=8), min_size=1, max_size=4)


def _embedder(name, encoder, dropout=0.0):
    torch.manual_seed(0)
    return TokenEmbedder.from_params(
        Params(
            {
                "type": name,
                "embedding": {"num_embeddings": NUM_CHARACTERS, "embedding_dim": 5},
                "encoder": dict(ENCODERS[encoder]),
                "dropout": dropout,
            }
        )
    )


def _both(encoder):
    module, reference = (
        _embedder("distinct_character_encoding", encoder),
        _embedder("character_encoding", encoder),
    )
    reference.load_state_dict(module.state_dict())
    return module, reference


def _characters(texts):
    num_tokens = max(len(text) for text in texts)
    # A cnn needs as many characters as its widest filter.
    num_characters = max(2, *(len(word) for text in texts for word in text))
    characters = torch.zeros(len(texts), num_tokens, num_characters, dtype=torch.long)
    for i, text in enumerate(texts):
        for j, word in enumerate(text):
            characters[i, j, : len(word)] = torch.tensor(
                [ord(character) % 298 + 2 for character in word]
            )
    return characters


@pytest.mark.parametrize("encoder", ENCODERS)
@settings(max_examples=25)
@given(texts=_batches)
def test_values_and_gradients_are_those_of_allennlp(encoder, texts):
    module, reference = _both(encoder)
    characters = _characters(texts)
    module_vectors, reference_vectors = module(characters), reference(characters)
    torch.testing.assert_close(module_vectors, reference_vectors)
    # Each token has its own gradient, and a word must get their sum.
    weights = torch.randn(reference_vectors.shape)
    (module_vectors * weights).sum().backward()
    (reference_vectors * weights).sum().backward()
    reference_parameters = dict(reference.named_parameters())
    for name, parameter in module.named_parameters():
        torch.testing.assert_close(parameter.grad, reference_parameters[name].grad)


def test_the_encoder_sees_each_distinct_word_once():
    embedder, _ = _both("gru")
    seen = []
    embedder._encoder._module.register_forward_pre_hook(lambda _, inputs: seen.append(inputs))
    embedder(_characters([["the", "cat", "and", "the", "dog"], ["the", "cat"]]))
    ((vectors, mask),) = seen
    # The padding is one more.
    assert vectors.shape[0] == mask.shape[0] == 5
    assert sorted(mask.sum(1).tolist()) == [0, 3, 3, 3, 3]


def test_a_word_has_one_dropout_mask_for_all_its_places():
    embedder = _embedder("distinct_character_encoding", "gru", dropout=0.5).train()
    vectors = embedder(_characters([["the", "cat", "the"], ["dog", "the", "cat"]]))
    assert torch.equal(vectors[0, 0], vectors[0, 2])
    assert torch.equal(vectors[0, 0], vectors[1, 1])
    assert torch.equal(vectors[0, 1], vectors[1, 2])
    assert 0 < (vectors == 0).sum() < vectors.numel()
    assert not (embedder.eval()(_characters([["the", "cat"]])) == 0).any()


def test_it_embeds_what_the_indexer_gives():
    indexer = TokenCharactersIndexer(min_padding_length=1)
    batch = Batch(
        Instance({"tokens": TextField([Token(word) for word in text], {"characters": indexer})})
        for text in (["rain", "in", "rain"], ["in"])
    )
    batch.index_instances(Vocabulary.from_instances(batch))
    module, reference = _both("gru")
    assert isinstance(module, DistinctCharactersEncoder)
    assert module.get_output_dim() == 8
    tensors: Any = batch.as_tensor_dict()["tokens"]
    characters = tensors["characters"]["token_characters"]
    assert module(characters).shape == (2, 3, 8)
    torch.testing.assert_close(module(characters), reference(characters))
