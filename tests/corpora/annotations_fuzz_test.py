"""Whatever files of annotation tools hold, a reader returns documents or says what is wrong."""

import json

import bioc.biocjson
import bioc.biocxml
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dts_ee.corpora.formats import read_corpus
from dts_ee.corpora.spert import document_to_json
from dts_ee.document import DocumentError
from tests.changed_values import changed, changed_text
from tests.corpora.raw_text import reading, words
from tests.documents import FORMAT_FIXTURES

OPTIONS = {
    "brat": {
        "events": "trigger-argument",
        "equivalences": "Same",
        "unannotated": "empty",
        "on-error": "skip",
    },
    "label-studio": {"unannotated": "predictions", "on-error": "skip"},
    "bioc": {"concept-relations": "same-sentence", "on-error": "skip"},
    "pubtator": {"concept-relations": "same-sentence", "on-error": "skip"},
    "webanno-tsv": {"on-error": "skip"},
}
TEXTS = {
    "bioc.xml": "bioc",
    "pubtator.txt": "pubtator",
    "webanno.tsv": "webanno-tsv",
    "DRUG-AE.rel": "ade-corpus",
    "ADE-NEG.txt": "ade-corpus",
}


def check(path, name):
    """Reads a file or folder, which must end in documents or in an error that names it."""
    for sentences, options in (("rules", {}), ("whole", OPTIONS.get(name, {}))):
        try:
            corpus = read_corpus(name, path, reading(sentences, words), options)
        except DocumentError as error:
            if str(path) not in str(error):
                raise
            continue
        assert len(corpus.groups) == len(corpus.documents)
        for document in corpus.documents:
            json.dumps(document_to_json(document), ensure_ascii=False).encode()
        for remark in corpus.remarks:
            json.dumps(remark.to_json())


FUZZ = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)


@pytest.mark.parametrize("fixture", TEXTS)
@given(st.data())
@FUZZ
def test_changed_texts(tmp_path, fixture, data):
    original = (FORMAT_FIXTURES / fixture).read_text(encoding="utf-8")
    (tmp_path / fixture).write_bytes(data.draw(changed_text(original)).encode())
    check(tmp_path / fixture, TEXTS[fixture])


@pytest.mark.parametrize("suffix", [".txt", ".ann"])
@given(st.data())
@FUZZ
def test_changed_files_of_brat(tmp_path, suffix, data):
    for file in (FORMAT_FIXTURES / "brat").iterdir():
        text = file.read_bytes().decode()
        if file.suffix == suffix:
            text = data.draw(changed_text(text))
        (tmp_path / file.name).write_bytes(text.encode())
    check(tmp_path, "brat")


@given(st.data())
@FUZZ
def test_changed_tasks(tmp_path, data):
    original = json.loads((FORMAT_FIXTURES / "label-studio.json").read_text(encoding="utf-8"))
    path = tmp_path / "a.json"
    path.write_text(json.dumps(data.draw(changed(original))))
    check(path, "label-studio")


@given(st.data())
@FUZZ
def test_changed_bioc_in_json(tmp_path, data):
    with open(FORMAT_FIXTURES / "bioc.xml", "rb") as file:
        original = json.loads(bioc.biocjson.dumps(bioc.biocxml.load(file)))
    path = tmp_path / "a.json"
    path.write_text(json.dumps(data.draw(changed(original))))
    check(path, "bioc")


@pytest.mark.parametrize("name", ["bioc", "label-studio", "pubtator", "webanno-tsv", "ade-corpus"])
@given(st.binary(max_size=40))
@FUZZ
def test_any_bytes(tmp_path, name, content):
    (tmp_path / "file").write_bytes(content)
    check(tmp_path / "file", name)
