import json

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch, Instance, Vocabulary
from allennlp.data.fields import TextField
from allennlp.data.token_indexers import ELMoTokenCharactersIndexer
from allennlp.data.tokenizers import Token
from allennlp.modules.elmo import _ElmoBiLm, batch_to_ids
from allennlp.modules.text_field_embedders import TextFieldEmbedder
from allennlp.modules.token_embedders import ElmoTokenEmbedder

from dts_ee.modules.token_embedders import FrozenElmoEmbedder
from tests.tiny_elmo import build_tiny_elmo

SENTENCES = [["The", "bank", "in", "Oslo"], ["Ada"], ["He", "left", "Rome", "then", "."]]

# Features are rounded to 16 bits: 11 significant ones, for values up to 16.
ROUNDING = 8e-3


def _assert_close(actual: torch.Tensor, expected: torch.Tensor) -> None:
    torch.testing.assert_close(actual, expected, atol=ROUNDING, rtol=0.0)


@pytest.fixture
def files(tmp_path):
    folder = build_tiny_elmo(tmp_path / "elmo")
    return {
        "options_file": str(folder / "options.json"),
        "weight_file": str(folder / "weights.hdf5"),
    }


def _plain(files, words):
    """The layers for a sentence, of a network that has seen nothing before. Shape: (3, words, 8)"""
    network = _ElmoBiLm(**files).eval()
    with torch.no_grad():
        layers = torch.cat(network(batch_to_ids([words]))["activations"])
    return layers[:, 1:-1]


def _count_runs(embedder):
    runs = []
    embedder._encoder.network.register_forward_hook(
        lambda module, inputs, outputs: runs.append(len(inputs[0]))
    )
    return runs


def test_it_mixes_the_layers_of_elmo(files):
    embedder = FrozenElmoEmbedder(**files)
    assert embedder._mix is not None
    with torch.no_grad():
        for i, parameter in enumerate(embedder._mix.scalar_parameters):
            parameter.fill_(i)
        embedder._mix.gamma.fill_(0.5)
        embedded = embedder(batch_to_ids(SENTENCES))
    weights = 0.5 * torch.softmax(torch.arange(3.0), dim=0)
    assert embedder.get_output_dim() == 8
    assert embedded.shape == (3, 5, 8)
    for row, words in zip(embedded, SENTENCES, strict=True):
        expected = torch.einsum("l,lwd->wd", weights, _plain(files, words))
        _assert_close(row[: len(words)], expected)
        assert (row[len(words) :] == 0).all()


def test_what_came_before_makes_no_difference(files):
    before = batch_to_ids([["Something", "else"], ["was", "said", "here"]])
    sentence = batch_to_ids(SENTENCES[:1])

    fresh = FrozenElmoEmbedder(**files)(sentence)
    embedder = FrozenElmoEmbedder(**files)
    embedder(before)
    torch.testing.assert_close(embedder(sentence), fresh)

    allennlps = ElmoTokenEmbedder(**files, dropout=0.0).eval()
    first = allennlps(sentence)
    allennlps(before)
    assert not torch.allclose(allennlps(sentence), first, atol=0.05)
    _assert_close(first, fresh)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_a_sentence_is_the_same_in_every_batch(files, batch_size):
    together = FrozenElmoEmbedder(**files)(batch_to_ids(SENTENCES))
    apart = FrozenElmoEmbedder(**files, batch_size=batch_size)
    runs = _count_runs(apart)
    _assert_close(apart(batch_to_ids(SENTENCES)), together)
    assert sum(runs) == 3
    assert max(runs) == batch_size


def test_in_training_a_sentence_is_encoded_once(files):
    embedder = FrozenElmoEmbedder(**files).train()
    runs = _count_runs(embedder)
    first = embedder(batch_to_ids(SENTENCES))
    again = embedder(batch_to_ids(SENTENCES[::-1]))
    assert torch.equal(again.flip(0), first)
    assert runs == [3]


def test_features_are_the_same_kept_or_not(files):
    embedder = FrozenElmoEmbedder(**files, batch_size=2).eval()
    runs = _count_runs(embedder)
    tensors = batch_to_ids([*SENTENCES, SENTENCES[0]])
    with torch.no_grad():
        unkept = embedder(tensors)
        embedder(tensors)
    assert runs == [2, 1, 2, 1]
    assert len(embedder._cache) == 0
    torch.testing.assert_close(embedder.train()(tensors), unkept, atol=1e-6, rtol=1e-5)
    assert len(embedder._cache) == 3


def test_only_the_mix_is_trained_and_saved(files):
    embedder = FrozenElmoEmbedder(**files)
    assert sum(parameter.numel() for parameter in embedder.parameters()) == 4
    assert len(embedder.state_dict()) == 4
    embedder.train()
    assert not embedder._encoder.network.training
    embedder(batch_to_ids(SENTENCES))[:, :, 0].sum().backward()
    assert all(p.grad is not None and p.grad.abs() > 0 for p in embedder.parameters())
    assert all(p.grad is None for p in embedder._encoder.network.parameters())


def test_features_survive_the_run_but_not_other_weights(files, tmp_path):
    features = tmp_path / "features"
    first = FrozenElmoEmbedder(**files, cache_dir=str(features)).train()
    expected = first(batch_to_ids(SENTENCES))
    del first
    second = FrozenElmoEmbedder(**files, cache_dir=str(features))
    runs = _count_runs(second)
    assert torch.equal(second(batch_to_ids(SENTENCES)), expected)
    assert runs == []
    other = build_tiny_elmo(tmp_path / "other", seed=1)
    third = FrozenElmoEmbedder(
        str(other / "options.json"), str(other / "weights.hdf5"), cache_dir=str(features)
    ).train()
    runs = _count_runs(third)
    assert not torch.allclose(third(batch_to_ids(SENTENCES)), expected)
    assert runs == [3]
    assert len(list(features.glob("elmo-*.lmdb"))) == 2


def test_it_goes_with_allennlps_indexer(files, tmp_path):
    indexer = ELMoTokenCharactersIndexer()
    batch = Batch(
        [
            Instance({"t": TextField([Token(word) for word in words], {"elmo": indexer})})
            for words in SENTENCES
        ]
    )
    batch.index_instances(Vocabulary())
    params = {"token_embedders": {"elmo": {"type": "frozen_elmo", **files}}}
    embedder = TextFieldEmbedder.from_params(
        Params(params), serialization_dir=str(tmp_path / "run")
    )
    embedded = embedder(batch.as_tensor_dict()["t"])
    assert torch.equal(embedded, FrozenElmoEmbedder(**files)(batch_to_ids(SENTENCES)))
    kept = list((tmp_path / "run" / "vocabulary" / ".encoders").glob("*/*"))
    assert sorted(file.name for file in kept) == ["options.json", "weights.hdf5"]


def test_options_that_do_not_fit_the_weights_are_refused(files, tmp_path):
    with open(files["options_file"]) as file:
        options = json.load(file)
    options["lstm"]["n_layers"] = 3
    changed = tmp_path / "changed.json"
    changed.write_text(json.dumps(options))
    with pytest.raises(ConfigurationError, match=r"changed\.json"):
        FrozenElmoEmbedder(str(changed), files["weight_file"])


def test_a_file_that_is_no_hdf5_is_refused(files, tmp_path):
    (tmp_path / "weights.hdf5").write_text("not weights")
    with pytest.raises(ConfigurationError, match=r"weights\.hdf5"):
        FrozenElmoEmbedder(files["options_file"], str(tmp_path / "weights.hdf5"))


def test_a_batch_size_below_one_is_refused(files):
    with pytest.raises(ConfigurationError, match="batch_size"):
        FrozenElmoEmbedder(**files, batch_size=0)
