import copy
import json
import logging
from typing import Any, Dict, cast

import numpy
import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch, Instance, Vocabulary
from allennlp.data.fields import TextField
from allennlp.modules.text_field_embedders import TextFieldEmbedder
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModel, AutoTokenizer, T5Config

from dts_ee.archives.trust import only_registered_types
from dts_ee.modules.frozen_encoders import encoder_precision
from dts_ee.modules.token_embedders import FrozenTransformerEmbedder
from dts_ee.token_indexers import WordPiecesIndexer
from tests.modules.frozen_encoders.encoder_precision_test import has_int8
from tests.tiny_transformer import build_tiny_transformer
from tests.tokens import tokens_of

SENTENCES = [
    ["The", "bank", "in", "Oslo"],
    ["Ada"],
    ["He", "left", "Rome", "\u200b", "then"],
    ["a", "b", "c", "d", "e", "f", "g"],
]
LONG = [f"w{i}" for i in range(10, 40)]

# Features are rounded to 16 bits: 11 significant ones, for values up to 4.
ROUNDING = 2e-3


def _assert_close(actual: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(actual, expected, atol=ROUNDING, rtol=0.0)


@pytest.fixture(params=["bert", "mpnet"])
def folder(tmp_path, request):
    return build_tiny_transformer(tmp_path / "encoders" / request.param, request.param)


@pytest.fixture
def bert(tmp_path):
    return build_tiny_transformer(tmp_path / "encoders" / "bert")


def _tensors(folder, sentences):
    indexer = WordPiecesIndexer(str(folder))
    batch = Batch(
        [Instance({"t": TextField(tokens_of(words), {"x": indexer})}) for words in sentences]
    )
    batch.index_instances(Vocabulary())
    return cast(Dict[str, Any], batch.as_tensor_dict())["t"]["x"]


def _plain_network(folder):
    network = AutoModel.from_config(AutoConfig.from_pretrained(str(folder)))
    loaded = network.load_state_dict(load_file(str(folder / "model.safetensors")), strict=False)
    assert all(name.startswith("pooler.") for name in loaded.missing_keys)
    return network.eval()


def _plain(folder, words, pooling="mean"):
    """The hidden states of a sentence by the library alone. Shape: (num_layers, num_words, dim)"""
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    words = [word if word != "\u200b" else tokenizer.unk_token for word in words]
    encoding = tokenizer(words, is_split_into_words=True, return_tensors="pt")
    with torch.no_grad():
        network = _plain_network(folder)
        states = torch.cat(network(**encoding, output_hidden_states=True).hidden_states)
    pieces = [[i for i, w in enumerate(encoding.word_ids()) if w == k] for k in range(len(words))]
    if pooling == "first":
        return states[:, [indices[0] for indices in pieces]]
    return torch.stack([states[:, indices].mean(dim=1) for indices in pieces], dim=1)


def _count_runs(embedder):
    runs = []
    embedder._encoder.network.register_forward_hook(
        lambda module, inputs, outputs: runs.append(outputs.hidden_states[0].shape[:2])
    )
    return runs


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_it_mixes_the_hidden_states_of_the_encoder(folder, pooling):
    embedder = FrozenTransformerEmbedder(str(folder), pooling=pooling)
    assert embedder._mix is not None
    with torch.no_grad():
        for i, parameter in enumerate(embedder._mix.scalar_parameters):
            parameter.fill_(i)
        embedder._mix.gamma.fill_(2.0)
        embedded = embedder(**_tensors(folder, SENTENCES))
    weights = 2 * torch.softmax(torch.arange(3.0), dim=0)
    assert embedded.shape == (4, 7, 8)
    for row, words in zip(embedded, SENTENCES, strict=True):
        expected = torch.einsum("l,lwd->wd", weights, _plain(folder, words, pooling))
        _assert_close(row[: len(words)], expected)
        assert (row[len(words) :] == 0).all()


@pytest.mark.parametrize(("layers", "expected"), [([0, 2], [0, 2]), ([-1, -2], [2, 1]), ([1], [1])])
def test_layers_can_be_chosen(bert, layers, expected):
    embedder = FrozenTransformerEmbedder(str(bert), layers=layers)
    assert (embedder._mix is None) == (len(layers) == 1)
    embedded = embedder(**_tensors(bert, SENTENCES[:1]))
    _assert_close(embedded[0], _plain(bert, SENTENCES[0])[expected].mean(dim=0))


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_the_mean_of_layers_is_mixed_before_it_is_kept(folder, pooling):
    embedder = FrozenTransformerEmbedder(
        str(folder), layers=[0, 2], layer_mix="mean", pooling=pooling
    ).train()
    assert not list(embedder.parameters())
    tensors = _tensors(folder, SENTENCES)
    embedded = embedder(**tensors)
    for row, words in zip(embedded, SENTENCES, strict=True):
        _assert_close(row[: len(words)], _plain(folder, words, pooling)[[0, 2]].mean(dim=0))
    runs = _count_runs(embedder)
    assert torch.equal(embedder(**tensors), embedded)
    assert not runs
    fresh = FrozenTransformerEmbedder(
        str(folder), layers=[0, 2], layer_mix="mean", pooling=pooling
    ).eval()
    assert torch.equal(fresh(**tensors), embedded)


@pytest.mark.parametrize(("layers", "num_kept"), [([0], 0), ([0, 1], 1), ([1, -1], 2), ("all", 2)])
def test_layers_above_the_highest_are_not_computed(folder, layers, num_kept):
    embedder = FrozenTransformerEmbedder(str(folder), layers=layers)
    assert len(cast(Any, embedder._encoder.network).encoder.layer) == num_kept
    embedded = embedder(**_tensors(folder, SENTENCES[:1]))
    expected = _plain(folder, SENTENCES[0])
    if layers != "all":
        expected = expected[layers]
    _assert_close(embedded[0], expected.mean(dim=0))


def test_a_sentence_is_the_same_in_every_batch(folder):
    together = FrozenTransformerEmbedder(str(folder))(**_tensors(folder, SENTENCES))
    in_small_batches = FrozenTransformerEmbedder(str(folder), batch_size=1)(
        **_tensors(folder, SENTENCES)
    )
    _assert_close(in_small_batches, together)
    for words, row in zip(SENTENCES, together, strict=True):
        alone = FrozenTransformerEmbedder(str(folder))(**_tensors(folder, [words]))
        _assert_close(alone[0], row[: len(words)])


def test_a_sentence_has_the_same_bits_with_longer_ones(folder):
    """The lengths are those of all residues modulo the numbers in a register."""
    embedder = FrozenTransformerEmbedder(str(folder), layers=[0, 1, 2]).eval()
    sentences = [[f"w{i}" for i in range(number)] for number in range(1, 36)]
    together = embedder(**_tensors(folder, sentences))
    for sentence, row in zip(sentences, together, strict=True):
        alone = embedder(**_tensors(folder, [sentence]))[0]
        assert torch.equal(alone, row[: len(sentence)]), len(sentence)


def test_in_training_a_sentence_is_encoded_once(bert, caplog):
    embedder = FrozenTransformerEmbedder(str(bert)).train()
    runs = _count_runs(embedder)
    first = embedder(**_tensors(bert, [*SENTENCES, SENTENCES[0]]))
    assert len(runs) == 1
    assert runs[0][0] == len(SENTENCES)
    with caplog.at_level(logging.INFO):
        again = embedder(**_tensors(bert, SENTENCES[::-1]))
        embedder(**_tensors(bert, SENTENCES))
    assert len(runs) == 1
    assert torch.equal(again.flip(0), first[:4])
    assert caplog.text.count("has encoded 4 sentences") == 1
    embedder(**_tensors(bert, [SENTENCES[0], ["new"]]))
    assert [run[0] for run in runs] == [4, 1]


def test_outside_of_training_nothing_is_kept(bert):
    embedder = FrozenTransformerEmbedder(str(bert)).eval()
    runs = _count_runs(embedder)
    with torch.no_grad():
        for i in range(5):
            embedder(**_tensors(bert, [["same"], [f"other{i}"], ["same"]]))
    assert [run[0] for run in runs] == [2] * 5
    assert len(embedder._cache) == 0
    assert embedder._cache.num_bytes == 0


def test_the_last_batch_can_be_kept(bert):
    embedder = FrozenTransformerEmbedder(str(bert), layer_mix="mean").eval()
    runs = _count_runs(embedder)
    first, second = (_tensors(bert, sentences) for sentences in (SENTENCES, SENTENCES[:2]))
    embedder.keep_last_batch()
    with torch.inference_mode():
        before = embedder(**first)
        num_runs = len(runs)
        assert embedder(**first) is before
        assert len(runs) == num_runs
        _assert_close(embedder(**second), before[:2, :4])
        assert len(runs) > num_runs
        embedder(**first)
    # It takes part in no computation of gradients.
    embedder.train()
    assert not embedder(**first).is_inference()


def test_what_was_kept_in_training_is_used_in_evaluation(bert):
    embedder = FrozenTransformerEmbedder(str(bert)).train()
    runs = _count_runs(embedder)
    embedder(**_tensors(bert, SENTENCES))
    embedder.eval()
    with torch.no_grad():
        embedder(**_tensors(bert, SENTENCES))
        embedder(**_tensors(bert, [["new"]]))
        embedder(**_tensors(bert, [["new"]]))
    assert [run[0] for run in runs] == [4, 1]
    assert len(embedder._cache) == 5


@pytest.mark.parametrize("pooling", ["mean", "first"])
@pytest.mark.parametrize("layers", ["all", [-1]])
def test_features_are_the_same_kept_or_not(folder, pooling, layers):
    sentences = [*SENTENCES, LONG, ["a", "x" * 60, "b"], SENTENCES[0]]
    tensors = _tensors(folder, sentences)
    embedder = FrozenTransformerEmbedder(str(folder), pooling=pooling, layers=layers)
    if embedder._mix is not None:
        with torch.no_grad():
            for i, parameter in enumerate(embedder._mix.scalar_parameters):
                parameter.fill_(i)
            embedder._mix.gamma.fill_(3.0)
    with torch.no_grad():
        unkept = embedder.eval()(**tensors)
    embedder.train()
    first, again = embedder(**tensors), embedder(**tensors)
    assert torch.equal(first, again)
    assert len(embedder._cache) == len(sentences) - 1
    assert (unkept != 0).any(dim=2).sum() == sum(map(len, sentences))
    torch.testing.assert_close(unkept, first, atol=1e-6, rtol=1e-5)
    with torch.no_grad():
        torch.testing.assert_close(embedder.eval()(**tensors), unkept, atol=1e-6, rtol=1e-5)


def test_without_keeping_them_features_are_rounded_layer_by_layer(bert):
    embedder = FrozenTransformerEmbedder(str(bert), layers=[-1]).eval()
    with torch.no_grad():
        embedded = embedder(**_tensors(bert, SENTENCES))
    assert torch.equal(embedded, embedded.half().float())
    assert not torch.equal(embedded[1, 0], _plain(bert, SENTENCES[1])[-1, 0])


def test_the_mix_has_gradients_though_nothing_is_kept(bert):
    embedder = FrozenTransformerEmbedder(str(bert)).eval()
    embedder(**_tensors(bert, SENTENCES))[:, :, 0].sum().backward()
    assert all(p.grad is not None and p.grad.abs() > 0 for p in embedder.parameters())
    assert len(embedder._cache) == 0


def test_when_the_memory_is_full_sentences_are_encoded_again(bert):
    embedder = FrozenTransformerEmbedder(str(bert), memory_limit_gib=0.0).train()
    runs = _count_runs(embedder)
    tensors = _tensors(bert, SENTENCES)
    unkept = [embedder(**tensors), embedder(**tensors)]
    assert len(runs) == 2
    kept = FrozenTransformerEmbedder(str(bert)).train()
    assert torch.equal(kept(**tensors), unkept[0])
    assert torch.equal(kept(**tensors), unkept[1])


def test_sentences_of_very_different_lengths_are_not_padded_to_the_longest(tmp_path):
    folder = build_tiny_transformer(tmp_path / "bert", max_length=512)
    sentences = [["a"] * 400, ["b"], ["c"] * 390, *([letter] for letter in "defghijklmnop")]
    embedder = FrozenTransformerEmbedder(str(folder)).eval()
    runs = _count_runs(embedder)
    with torch.no_grad():
        embedded = embedder(**_tensors(folder, sentences))
    assert [tuple(run) for run in runs] == [(2, 408), (14, 16)]
    one_by_one = FrozenTransformerEmbedder(str(folder), batch_size=1).eval()
    with torch.no_grad():
        _assert_close(one_by_one(**_tensors(folder, sentences)), embedded)


def test_long_sentences_are_encoded_in_windows(folder):
    # 22 pieces beside the two special tokens: 7 words of 3 pieces.
    embedder = FrozenTransformerEmbedder(str(folder), layers=[-1], window_overlap=9)
    runs = _count_runs(embedder)
    embedded = embedder(**_tensors(folder, [LONG, SENTENCES[0]]))
    assert max(length for _, length in runs) <= 24
    _assert_close(embedded[1, :4], _plain(folder, SENTENCES[0])[-1])
    # The windows begin every 4 words; of their 7 words the 4 in the middle are kept.
    assert len(LONG) == 30
    for start in range(0, 24, 4):
        window = _plain(folder, LONG[start : start + 7])[-1]
        kept = slice(0 if start == 0 else 2, 5)
        _assert_close(embedded[0, start : start + 7][kept], window[kept])


def test_the_limit_can_be_lowered(bert):
    tensors = _tensors(bert, [SENTENCES[3]])
    embedder = FrozenTransformerEmbedder(str(bert), layers=[-1], max_length=5, window_overlap=0)
    runs = _count_runs(embedder)
    embedded = embedder(**tensors)
    assert list(runs[0]) == [3, 5]
    _assert_close(embedded[0, :3], _plain(bert, SENTENCES[3][:3])[-1])


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_a_word_longer_than_the_limit_is_embedded(bert, pooling):
    embedder = FrozenTransformerEmbedder(str(bert), pooling=pooling, layers=[0])
    embedded = embedder(**_tensors(bert, [["a", "x" * 60, "b"]]))
    assert embedded.shape == (1, 3, 8)
    assert torch.isfinite(embedded).all()
    assert (embedded != 0).all()
    assert not torch.allclose(embedded[0, 0], embedded[0, 1])


@pytest.mark.parametrize(("kind", "positions"), [("bert", 24), ("mpnet", 26), ("roberta", 26)])
def test_the_limit_leaves_out_the_paddings_positions(tmp_path, kind, positions):
    folder = build_tiny_transformer(tmp_path / kind, kind, max_length=24)
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    tokenizer.model_max_length = 10**9
    tokenizer.save_pretrained(str(folder))
    assert AutoConfig.from_pretrained(str(folder)).max_position_embeddings == positions
    embedder = FrozenTransformerEmbedder(str(folder))
    runs = _count_runs(embedder)
    embedded = embedder(**_tensors(folder, [["a"] * 60]))
    assert torch.isfinite(embedded).all()
    assert max(length for _, length in runs) == 24


def test_a_row_without_words_is_zeros(bert):
    tensors = _tensors(bert, SENTENCES[:2])
    tensors = {name: torch.cat((t, torch.zeros_like(t[:1]))) for name, t in tensors.items()}
    embedded = FrozenTransformerEmbedder(str(bert))(**tensors)
    assert (embedded[2] == 0).all()
    assert (embedded[0] != 0).any()


def test_only_the_mix_is_trained_and_saved(bert):
    embedder = FrozenTransformerEmbedder(str(bert))
    before = copy.deepcopy(embedder._encoder.network.state_dict())
    assert sum(parameter.numel() for parameter in embedder.parameters()) == 4
    assert len(embedder.state_dict()) == 4
    embedder.train()
    assert not embedder._encoder.network.training
    tensors = _tensors(bert, SENTENCES)
    optimizer = torch.optim.SGD(embedder.parameters(), lr=1.0)
    embedder(**tensors)[:, :, 0].sum().backward()
    assert all(p.grad is not None and p.grad.abs() > 0 for p in embedder.parameters())
    optimizer.step()
    for name, tensor in embedder._encoder.network.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_a_copy_shares_the_encoder_and_what_it_has_said(bert, tmp_path):
    embedder = FrozenTransformerEmbedder(str(bert), cache_dir=str(tmp_path / "features")).train()
    embedder(**_tensors(bert, SENTENCES))
    duplicate = copy.deepcopy(embedder)
    runs = _count_runs(duplicate)
    assert torch.equal(
        duplicate(**_tensors(bert, SENTENCES)), embedder(**_tensors(bert, SENTENCES))
    )
    assert runs == []
    assert duplicate._mix is not embedder._mix


def test_mixed_precision_does_not_change_the_features(bert):
    tensors = _tensors(bert, SENTENCES)
    plain = FrozenTransformerEmbedder(str(bert), layers=[-1])(**tensors)
    with torch.autocast(device_type="cpu", dtype=torch.bfloat16):
        mixed = FrozenTransformerEmbedder(str(bert), layers=[-1])(**tensors)
    assert torch.equal(plain, mixed)


@pytest.mark.parametrize("precision", ["bfloat16", pytest.param("int8", marks=has_int8)])
def test_other_precisions_give_features_that_are_close(folder, monkeypatch, precision):
    # A processor without its instructions computes in bfloat16 too, slowly.
    monkeypatch.setattr(encoder_precision, "_has_bfloat16", lambda device: True)
    tensors = _tensors(folder, [*SENTENCES, LONG])
    exact = FrozenTransformerEmbedder(str(folder)).eval()
    embedder = FrozenTransformerEmbedder(str(folder), precision=precision).eval()
    with torch.no_grad():
        expected, embedded = exact(**tensors), embedder(**tensors)
        assert embedded.dtype == torch.float32
        assert not torch.equal(embedded, expected)
        similarity = torch.nn.functional.cosine_similarity(embedded, expected, dim=2)
        assert similarity[tensors["mask"]].min() > 0.99
        kept = embedder.train()(**tensors)
    torch.testing.assert_close(kept, embedded, atol=1e-6, rtol=1e-5)


@has_int8
def test_with_int8_a_sentence_is_the_same_in_every_batch(folder):
    embedder = FrozenTransformerEmbedder(str(folder), precision="int8").eval()
    with torch.no_grad():
        together = embedder(**_tensors(folder, [*SENTENCES, LONG]))
        for words, row in zip(SENTENCES, together, strict=False):
            alone = embedder(**_tensors(folder, [words]))
            _assert_close(alone[0], row[: len(words)])


def test_bfloat16_is_refused_where_the_processor_does_not_have_it(bert, monkeypatch):
    monkeypatch.setattr(encoder_precision, "_has_bfloat16", lambda device: False)
    embedder = FrozenTransformerEmbedder(str(bert), precision="bfloat16")
    with pytest.raises(ConfigurationError, match="bfloat16"):
        embedder(**_tensors(bert, SENTENCES))


def test_features_that_16_bits_cannot_hold_are_an_error(bert):
    weights = load_file(str(bert / "model.safetensors"))
    weights["encoder.layer.1.output.LayerNorm.weight"] *= 1e6
    save_file(weights, str(bert / "model.safetensors"), metadata={"format": "pt"})
    embedder = FrozenTransformerEmbedder(str(bert))
    with pytest.raises(ConfigurationError, match="16-bit"):
        embedder(**_tensors(bert, SENTENCES))
    with torch.no_grad(), pytest.raises(ConfigurationError, match="16-bit"):
        embedder(**_tensors(bert, SENTENCES))


def test_features_survive_the_run(bert, tmp_path):
    features = str(tmp_path / "features")
    tensors = _tensors(bert, SENTENCES)
    first = FrozenTransformerEmbedder(str(bert), cache_dir=features).train()
    expected = first(**tensors)
    del first
    (file,) = (path for path in (tmp_path / "features").iterdir() if path.suffix == ".lmdb")
    assert file.name.startswith("bert-")
    second = FrozenTransformerEmbedder(str(bert), cache_dir=features).train()
    runs = _count_runs(second)
    assert torch.equal(second(**tensors), expected)
    assert runs == []


def test_outside_of_training_a_file_is_read_and_not_written(bert, tmp_path):
    features = tmp_path / "features"
    trained = FrozenTransformerEmbedder(str(bert), cache_dir=str(features)).train()
    expected = trained(**_tensors(bert, SENTENCES[:2]))
    assert trained._cache._file is not None and len(trained._cache._file) == 2
    embedder = FrozenTransformerEmbedder(str(bert), cache_dir=str(features)).eval()
    runs = _count_runs(embedder)
    tensors = _tensors(bert, [SENTENCES[0], ["new", "one"], SENTENCES[1]])
    with torch.no_grad():
        embedded = embedder(**tensors)
    assert [run[0] for run in runs] == [1]
    torch.testing.assert_close(embedded[[0, 2]], expected, atol=1e-6, rtol=1e-5)
    _assert_close(embedded[1, :2], _plain(bert, ["new", "one"]).mean(dim=0))
    assert len(trained._cache._file) == 2
    assert len(embedder._cache) == 0


def test_outside_of_training_no_file_is_made(bert, tmp_path, caplog):
    for folder in (tmp_path / "features", tmp_path / "absent" / "features"):
        with caplog.at_level(logging.WARNING), torch.no_grad():
            embedder = FrozenTransformerEmbedder(str(bert), cache_dir=str(folder)).eval()
            embedder(**_tensors(bert, SENTENCES))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["encoders"]
    assert caplog.text == ""


@pytest.mark.parametrize(
    "changed",
    [
        {"pooling": "first"},
        {"layers": [0, 1]},
        {"layer_mix": "mean"},
        {"max_length": 20},
        {"window_overlap": 1},
        {"weights": 1},
        {"kind": "mpnet"},
        {"precision": "bfloat16"},
        pytest.param({"precision": "int8"}, marks=has_int8),
    ],
)
def test_features_of_other_weights_or_settings_are_never_used(bert, tmp_path, changed):
    features = tmp_path / "features"
    FrozenTransformerEmbedder(str(bert), cache_dir=str(features)).train()
    changed = dict(changed)
    other = build_tiny_transformer(
        tmp_path / "others" / "bert", changed.pop("kind", "bert"), seed=changed.pop("weights", 0)
    )
    embedder = FrozenTransformerEmbedder(str(other), cache_dir=str(features), **changed).train()
    assert len(list(features.glob("bert-*.lmdb"))) == 2
    assert embedder._encoder.fingerprint() in {
        path.stem[len("bert-") :] for path in features.glob("bert-*.lmdb")
    }


def test_equal_weights_in_another_folder_share_the_file(bert, tmp_path):
    other = build_tiny_transformer(tmp_path / "others" / "bert")
    embedders = [
        FrozenTransformerEmbedder(
            str(each), cache_dir=str(tmp_path / "features"), batch_size=size
        ).train()
        for each, size in ((bert, 32), (other, 8))
    ]
    assert embedders[0]._cache._file is embedders[1]._cache._file


def test_without_a_place_for_the_file_it_works_from_memory(bert, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        embedder = FrozenTransformerEmbedder(
            str(bert), cache_dir=str(tmp_path / "absent" / "features")
        ).train()
    assert "no feature file" in caplog.text
    assert not (tmp_path / "absent").exists()
    (tmp_path / "features").write_text("a file")
    with caplog.at_level(logging.WARNING):
        FrozenTransformerEmbedder(str(bert), cache_dir=str(tmp_path / "features")).train()
    assert caplog.text.count("no feature file") == 2
    assert embedder(**_tensors(bert, SENTENCES)).shape == (4, 7, 8)


def test_it_is_built_from_params_and_called_by_the_text_field_embedder(bert, tmp_path):
    params = {
        "token_embedders": {
            "x": {"type": "frozen_transformer", "model_name": str(bert), "layers": [-2, -1]}
        }
    }
    embedder = TextFieldEmbedder.from_params(
        Params(params), serialization_dir=str(tmp_path / "run")
    )
    assert embedder.get_output_dim() == 8
    assert embedder({"x": _tensors(bert, SENTENCES)}).shape == (4, 7, 8)
    assert list((tmp_path / "run" / "vocabulary" / ".encoders").glob("*/model.safetensors"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pooling": "max"}, "pooling"),
        ({"layers": "last"}, "layers"),
        ({"layers": []}, "layers"),
        ({"layers": [3]}, "no layer 3"),
        ({"layers": [2, -1]}, "twice"),
        ({"max_length": 25}, "takes 24"),
        ({"max_length": 2}, "no room"),
        ({"layer_mix": "max"}, "layer_mix"),
        ({"window_overlap": 22}, "window_overlap"),
        ({"window_overlap": -1}, "window_overlap"),
        ({"batch_size": 0}, "batch_size"),
        ({"precision": "float16"}, "precision"),
        ({"memory_limit_gib": -1.0}, "memory_limit_gib"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(bert, arguments, message):
    with pytest.raises(ConfigurationError, match=message):
        FrozenTransformerEmbedder(str(bert), **arguments)


def test_weights_that_are_not_complete_are_refused(bert):
    weights = load_file(str(bert / "model.safetensors"))
    del weights["encoder.layer.1.output.dense.weight"]
    save_file(weights, str(bert / "model.safetensors"), metadata={"format": "pt"})
    with pytest.raises(ConfigurationError, match=r"layer\.1\.output\.dense\.weight"):
        FrozenTransformerEmbedder(str(bert))


def test_weights_of_another_size_are_refused(bert):
    path = bert / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "hidden_size": 16}))
    with pytest.raises(ConfigurationError, match=r"bert do not fit its config\.json"):
        FrozenTransformerEmbedder(str(bert))


def test_the_layers_of_an_encoder_in_an_archive_are_limited(bert):
    path = bert / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "num_hidden_layers": 10**7}))
    with only_registered_types(), pytest.raises(ValueError, match="there are too many layers"):
        FrozenTransformerEmbedder(str(bert))


def test_weights_may_be_in_several_files_without_an_index(bert):
    expected = FrozenTransformerEmbedder(str(bert))(**_tensors(bert, SENTENCES))
    weights = load_file(str(bert / "model.safetensors"))
    (bert / "model.safetensors").unlink()
    names = sorted(weights)
    for i, part in enumerate((names[:10], names[10:]), start=1):
        save_file(
            {name: weights[name] for name in part},
            str(bert / f"model-0000{i}-of-00002.safetensors"),
            metadata={"format": "pt"},
        )
    assert torch.equal(FrozenTransformerEmbedder(str(bert))(**_tensors(bert, SENTENCES)), expected)


def test_a_model_that_is_no_encoder_is_refused(bert):
    T5Config().save_pretrained(str(bert))
    with pytest.raises(ConfigurationError, match="not an encoder"):
        FrozenTransformerEmbedder(str(bert))


def test_pieces_of_another_tokenizer_are_refused(bert):
    tensors = _tensors(bert, SENTENCES)
    tensors["piece_ids"] += 1000
    with pytest.raises(ConfigurationError, match="the same model"):
        FrozenTransformerEmbedder(str(bert))(**tensors)


def test_the_same_pieces_in_other_words_are_another_sentence(bert):
    embedder = FrozenTransformerEmbedder(str(bert), layers=[0])
    piece_ids = torch.tensor(numpy.array([[10, 11, 12]]))
    first = embedder(piece_ids, torch.tensor([[1, 2]]), torch.ones(1, 2, dtype=torch.bool))
    second = embedder(piece_ids, torch.tensor([[2, 1]]), torch.ones(1, 2, dtype=torch.bool))
    assert not torch.allclose(first, second)


@pytest.mark.parametrize("pooling", ["mean", "first"])
def test_it_reads_the_words_around_a_sentence(folder, pooling):
    sentences = [
        (["Ada", "left"], ["The", "bank"], ["in", "Oslo"]),
        ([], ["He", "left"], ["\u200b"]),
        (["Rome"], ["Ada"], []),
        ([], ["The", "bank"], []),
    ]
    embedder = FrozenTransformerEmbedder(str(folder), layers=[2], pooling=pooling).train()
    tensors = _tensors(folder, sentences)
    embedded = embedder(**tensors)
    for row, (before, words, after) in zip(embedded, sentences, strict=True):
        whole = _plain(folder, [*before, *words, *after], pooling)[2]
        _assert_close(row[: len(words)], whole[len(before) : len(before) + len(words)])
        assert (row[len(words) :] == 0).all()
    # The same words alone are another sentence.
    assert not torch.allclose(embedded[0], embedded[3], atol=1e-2)
    runs = _count_runs(embedder)
    assert torch.equal(embedder(**tensors), embedded)
    assert not runs


def test_of_a_long_context_the_nearest_words_are_read(bert):
    # The encoder takes 24 pieces, 2 of which are special, and a word of LONG has 3: of the 22 - 2
    # for the others, 10 are on each side.
    embedder = FrozenTransformerEmbedder(str(bert), layers=[2], pooling="first")
    letters = [list("abcdefghijklmnopqrstuvwxyz"), list("nopqrstuvwxyzabcdefghijklm")]
    embedded = embedder(**_tensors(bert, [(letters[0], ["Ad"], letters[1])]))
    whole = _plain(bert, [*letters[0][-10:], "Ad", *letters[1][:10]], "first")[2]
    _assert_close(embedded[0], whole[10:11])
    # A sentence that fills the windows is read alone.
    alone = embedder(**_tensors(bert, [LONG]))
    assert torch.equal(embedder(**_tensors(bert, [(["Ad"], LONG, ["Ad"])])), alone)
