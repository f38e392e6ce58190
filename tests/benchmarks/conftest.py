import pytest

from benchmarks.experiments import Folders
from benchmarks.timing import Timer
from dts_ee.corpora import read_documents, write_documents
from tests.paths import FIXTURES
from tests.tiny_transformer import build_tiny_transformer


@pytest.fixture
def timer():
    """One for a single round."""
    return Timer(rounds=1)


@pytest.fixture
def folders(tmp_path):
    """Small files of the formats that the benchmarks read."""
    resources = tmp_path / "resources"
    news = read_documents(FIXTURES / "tiny" / "news.json")
    for part in ("train", "dev", "test"):
        write_documents(resources / "conll04" / f"conll04_{part}.json", news)
    words = sorted({token.lower() for document in news for token in document.tokens})
    glove = resources / "glove-6b-50d" / "glove.6B.50d.txt"
    glove.parent.mkdir()
    glove.write_text("".join(f"{word} {' '.join(['0.5'] * 50)}\n" for word in words))
    for name, kind in (("minilm", "bert"), ("mpnet", "mpnet")):
        build_tiny_transformer(resources / name, kind=kind, max_length=400)
    return Folders(resources, tmp_path / "out" / "bench")
