import logging

import pytest

from benchmarks.measure import Settings
from dts_ee.corpora.spert import read_documents, write_documents
from tests.paths import FIXTURES
from tests.tiny_transformer import build_tiny_transformer


@pytest.fixture(autouse=True)
def logging_as_it_was():
    """What the benchmarks do for a process of their own must not last in this one."""
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture
def settings(tmp_path):
    """Small files of the formats that the benchmarks read, and one run of everything."""
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
    return Settings(runs=1, resources=resources, output=tmp_path / "out")
