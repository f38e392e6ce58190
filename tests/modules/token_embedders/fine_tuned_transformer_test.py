import json
from typing import Any, Dict, cast

import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch, Instance, Vocabulary
from allennlp.data.fields import TextField
from safetensors.torch import load_file
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    DebertaV2Config,
    DebertaV2Model,
)

from dts_ee.modules.token_embedders import FineTunedTransformerEmbedder, FrozenTransformerEmbedder
from dts_ee.token_indexers import WordPiecesIndexer
from tests.tiny_transformer import build_tiny_transformer
from tests.tokens import tokens_of

SENTENCES = [["The", "bank", "in", "Oslo"], ["Ada"], ["He", "left", "Rome"]]
LONG = [f"w{i}" for i in range(10, 40)]

# What is below the trained layers is rounded to 16 bits.
ROUNDING = 5e-3


@pytest.fixture(params=["bert", "mpnet"])
def folder(tmp_path, request):
    return build_tiny_transformer(tmp_path / request.param, request.param, num_layers=4)


@pytest.fixture
def bert(tmp_path):
    return build_tiny_transformer(tmp_path / "tiny", num_layers=4)


def _tensors(folder, sentences):
    indexer = WordPiecesIndexer(str(folder))
    batch = Batch(
        [Instance({"t": TextField(tokens_of(words), {"x": indexer})}) for words in sentences]
    )
    batch.index_instances(Vocabulary())
    return cast(Dict[str, Any], batch.as_tensor_dict())["t"]["x"]


def _plain(folder, words):
    """The hidden states of a sentence by the library alone. Shape: (num_layers, num_words, dim)"""
    network = AutoModel.from_config(AutoConfig.from_pretrained(str(folder)))
    network.load_state_dict(load_file(str(folder / "model.safetensors")), strict=False)
    encoding = AutoTokenizer.from_pretrained(str(folder))(
        words, is_split_into_words=True, return_tensors="pt"
    )
    with torch.no_grad():
        states = torch.cat(network.eval()(**encoding, output_hidden_states=True).hidden_states)
    pieces = [[i for i, w in enumerate(encoding.word_ids()) if w == k] for k in range(len(words))]
    return torch.stack([states[:, indices].mean(dim=1) for indices in pieces], dim=1)


@pytest.mark.parametrize(
    ("num_trained", "highest", "layers"), [(2, None, [3, 4]), (1, 3, [3]), (4, 4, [1, 2, 3, 4])]
)
def test_it_gives_the_mean_of_the_trained_layers(folder, num_trained, highest, layers):
    embedder = FineTunedTransformerEmbedder(str(folder), num_trained, highest).eval()
    assert len(embedder.trained_layers.layer) == num_trained
    embedded = embedder(**_tensors(folder, SENTENCES))
    assert embedded.shape == (3, 4, embedder.get_output_dim())
    for row, words in zip(embedded, SENTENCES, strict=True):
        expected = _plain(folder, words)[layers].mean(dim=0)
        torch.testing.assert_close(row[: len(words)], expected, atol=ROUNDING, rtol=0.0)
        assert (row[len(words) :] == 0).all()


def test_the_top_is_trained_and_what_is_below_is_computed_once(folder):
    embedder = FineTunedTransformerEmbedder(str(folder), 2).train()
    tensors = _tensors(folder, SENTENCES)
    below = embedder._below
    runs = []
    cast(Any, below)._encoder.network.register_forward_hook(
        lambda module, inputs, outputs: runs.append(outputs.last_hidden_state.shape)
    )
    optimizer = torch.optim.SGD(embedder.parameters(), lr=1.0)
    for _ in range(2):
        embedder(**tensors)[:, :, 0].sum().backward()
        optimizer.step()
    assert len(runs) == 1
    names = [name for name, _ in embedder.named_parameters()]
    assert names
    assert all(name.startswith("trained_layers.") for name in names)
    attention = [each for name, each in embedder.named_parameters() if "layer.0." in name]
    assert all(
        cast(torch.Tensor, parameter.grad).abs().max() > 0
        for parameter in attention
        if parameter.dim() > 1
    )
    before = _plain(folder, SENTENCES[0])[3:].mean(dim=0)
    after = embedder.eval()(**tensors)[0]
    assert not torch.allclose(before, after, atol=10 * ROUNDING)


def test_long_sentences_and_words_are_encoded_in_windows(folder):
    embedder = FineTunedTransformerEmbedder(str(folder), 2).eval()
    long_word = ["a", "x" * 60, "b"]
    together = embedder(**_tensors(folder, [LONG, SENTENCES[0], long_word]))
    assert torch.isfinite(together).all()
    assert (together[0] != 0).any(dim=1).all()
    assert (together[2, :3] != 0).any(dim=1).all()
    expected = _plain(folder, SENTENCES[0])[3:].mean(dim=0)
    torch.testing.assert_close(together[1, :4], expected, atol=ROUNDING, rtol=0.0)
    # 22 pieces beside the two special tokens: 7 words of 3 pieces, of which the last see no end.
    start = _plain(folder, LONG[:7])[3:].mean(dim=0)
    torch.testing.assert_close(together[0, :3], start[:3], atol=ROUNDING, rtol=0.0)


def test_a_row_without_words_is_zeros(bert):
    tensors = _tensors(bert, SENTENCES[:2])
    with_empty = {name: torch.cat((t, torch.zeros_like(t[:1]))) for name, t in tensors.items()}
    embedder = FineTunedTransformerEmbedder(str(bert)).eval()
    assert (embedder(**with_empty)[2] == 0).all()
    empty = {name: torch.zeros_like(t) for name, t in tensors.items()}
    assert (embedder(**empty) == 0).all()


@pytest.mark.parametrize(("num_trained", "highest"), [(0, None), (5, None), (3, 2), (2, 5)])
def test_layers_that_there_are_not_are_refused(bert, num_trained, highest):
    with pytest.raises(ConfigurationError, match="the encoder has layers 1 to 4"):
        FineTunedTransformerEmbedder(str(bert), num_trained, highest)


def test_layers_that_cannot_be_trained_apart_are_refused(tmp_path):
    folder = build_tiny_transformer(tmp_path / "distilbert", "distilbert")
    with pytest.raises(ConfigurationError, match='distilbert.*trained apart.*has to be "all"'):
        FineTunedTransformerEmbedder(str(folder), 1)


def test_layers_that_say_something_else_apart_are_refused(tmp_path):
    folder = build_tiny_transformer(tmp_path / "deberta", "deberta", num_layers=3)
    config = json.loads((folder / "config.json").read_text())
    # A convolution behind the first layer, as in DeBERTa-v2.
    config |= {"conv_kernel_size": 3, "conv_act": "gelu"}
    network = DebertaV2Model(DebertaV2Config(**config))
    network.save_pretrained(str(folder))
    FineTunedTransformerEmbedder(str(folder), 3)
    with pytest.raises(ConfigurationError, match="trained apart"):
        FineTunedTransformerEmbedder(str(folder), 2)


@pytest.mark.parametrize("kind", ["roberta", "deberta"])
def test_the_top_of_other_encoders_can_be_trained(tmp_path, kind):
    folder = build_tiny_transformer(tmp_path / kind, kind, num_layers=3)
    tensors = _tensors(folder, SENTENCES)
    embedded = FineTunedTransformerEmbedder(str(folder), 2).eval()(**tensors)
    frozen = FrozenTransformerEmbedder(str(folder), layers=[2, 3], layer_mix="mean").eval()
    torch.testing.assert_close(embedded, frozen(**tensors), atol=ROUNDING, rtol=0.0)


@pytest.mark.parametrize(
    ("kind", "num_layers"),
    # ModernBERT's last layer has a norm behind it, and is not removed.
    [("bert", 3), ("mpnet", 3), ("roberta", 3), ("distilbert", 3), ("deberta", 3)]
    + [("modernbert", 2)],
)
def test_all_can_be_trained_with_the_embeddings(tmp_path, kind, num_layers):
    folder = build_tiny_transformer(tmp_path / kind, kind, num_layers=num_layers)
    embedder = FineTunedTransformerEmbedder(str(folder), "all", 2).eval()
    assert embedder.trained_layers.config.num_hidden_layers == num_layers
    tensors = _tensors(folder, [*SENTENCES, LONG])
    embedded = embedder(**tensors)
    alone = torch.cat([embedder(**_tensors(folder, [words]))[0] for words in SENTENCES])
    rows = torch.cat([row[: len(words)] for row, words in zip(embedded, SENTENCES, strict=False)])
    torch.testing.assert_close(rows, alone, atol=1e-5, rtol=0.0)
    # The frozen layers 1 and 2 of the same encoder, which are rounded to 16 bits.
    frozen = FrozenTransformerEmbedder(str(folder), layers=[1, 2], layer_mix="mean").eval()
    torch.testing.assert_close(embedded, frozen(**tensors), atol=ROUNDING, rtol=0.0)
    embedded[:, :, 0].sum().backward()
    assert not [name for name, parameter in embedder.named_parameters() if parameter.grad is None]
    words = embedder.trained_layers.get_input_embeddings().weight
    assert words.grad.abs().max() > 0


@pytest.mark.parametrize("wrong", ["none", 0])
def test_all_is_the_only_word_for_a_number_of_layers(bert, wrong):
    with pytest.raises(ConfigurationError, match="num_trained_layers is .*can be a number"):
        FineTunedTransformerEmbedder(str(bert), wrong)


def test_checkpointed_gradients_are_the_same(bert):
    tensors = _tensors(bert, SENTENCES)
    gradients = []
    for checkpointing in (False, True):
        embedder = FineTunedTransformerEmbedder(
            str(bert), "all", gradient_checkpointing=checkpointing
        )
        assert embedder.trained_layers.is_gradient_checkpointing is checkpointing
        # Dropout would differ.
        for module in embedder.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        embedder.train()(**tensors).square().sum().backward()
        gradients.append({name: value.grad for name, value in embedder.named_parameters()})
    for name, gradient in gradients[0].items():
        if gradient is not None:
            torch.testing.assert_close(gradients[1][name], gradient)


def test_gradients_of_some_layers_are_not_checkpointed(bert):
    with pytest.raises(ConfigurationError, match='needs num_trained_layers: "all"'):
        FineTunedTransformerEmbedder(str(bert), 2, gradient_checkpointing=True)


@pytest.mark.parametrize("num_trained", [2, "all"])
def test_it_reads_the_words_around_a_sentence(folder, num_trained):
    embedder = FineTunedTransformerEmbedder(str(folder), num_trained).eval()
    sentences = [(["Ada"], ["The", "bank"], ["in", "Oslo"]), ([], ["Rome"], ["left"])]
    embedded = embedder(**_tensors(folder, sentences))
    layers = [3, 4] if num_trained == 2 else [1, 2, 3, 4]
    for row, (before, words, after) in zip(embedded, sentences, strict=True):
        whole = _plain(folder, [*before, *words, *after])[layers].mean(dim=0)
        expected = whole[len(before) : len(before) + len(words)]
        torch.testing.assert_close(row[: len(words)], expected, atol=ROUNDING, rtol=0.0)
