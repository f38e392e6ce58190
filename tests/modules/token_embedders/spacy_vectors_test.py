import numpy
import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Token, TokenIndexer, Vocabulary
from allennlp.data.fields import TextField
from allennlp.modules import TokenEmbedder
from spacy.vectors import Vectors

from dts_ee.modules.frozen_encoders.encoder_files import kept_folder

WORDS = {"Tarn": 0, "tarn": 2, "river": 1, "stream": 1}


@pytest.fixture
def folder(tmp_path):
    data = numpy.arange(12, dtype=numpy.float32).reshape(3, 4)
    vectors = Vectors(data=data)
    for word, row in WORDS.items():
        vectors.add(word, row=row)
    path = tmp_path / "vectors"
    path.mkdir()
    vectors.to_disk(path)
    (path / "strings.json").unlink()
    return path


def _params(folder, **others):
    return Params({"type": "spacy_vectors", "folder": str(folder), **others})


def _embed(indexer, embedder, words):
    field = TextField([Token(word) for word in words], {"spacy": indexer})
    field.index(Vocabulary())
    tensors = field.as_tensor({**field.get_padding_lengths(), "spacy___tokens": len(words) + 1})
    return embedder(**{name: tensor.unsqueeze(0) for name, tensor in tensors["spacy"].items()})[0]


def test_words_have_their_vectors_and_others_none(folder):
    indexer = TokenIndexer.from_params(_params(folder))
    embedder = TokenEmbedder.from_params(_params(folder))
    assert embedder.get_output_dim() == 4
    found = _embed(indexer, embedder, ["Tarn", "TARN", "stream", "River", "bridge"])
    rows = torch.arange(12.0).view(3, 4)
    scaled = rows * (0.5 / rows.square().mean().sqrt())
    # As it is written; in lower case; shared with another word; no vector, and padding.
    expected = [scaled[0], scaled[2], scaled[1], scaled[1], torch.zeros(4), torch.zeros(4)]
    torch.testing.assert_close(found, torch.stack(expected))


def test_nothing_is_learned_or_saved(folder):
    embedder = TokenEmbedder.from_params(_params(folder))
    assert not list(embedder.parameters()) and not embedder.state_dict()


def test_an_archive_has_the_files(folder, tmp_path):
    archive = tmp_path / "archive"
    TokenEmbedder.from_params(_params(folder, serialization_dir=str(archive)))
    kept = kept_folder(str(folder), archive)
    assert {file.name for file in kept.iterdir()} == {"vectors", "key2row"}
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
    params = _params(folder, serialization_dir=str(archive))
    indexer = TokenIndexer.from_params(params.duplicate())
    found = _embed(indexer, TokenEmbedder.from_params(params), ["river"])
    assert found[0].any()


def test_files_that_are_not_there(folder):
    (folder / "key2row").unlink()
    for part in (TokenIndexer, TokenEmbedder):
        with pytest.raises(ConfigurationError, match="holds no key2row.*dts-ee fetch"):
            part.from_params(_params(folder))


def test_indexers_of_the_same_files_are_equal(folder):
    one, other = (TokenIndexer.from_params(_params(folder)) for _ in range(2))
    assert one == other
    assert one != TokenIndexer.from_params(_params(folder, token_min_padding_length=2))
