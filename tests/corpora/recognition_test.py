import json

import pytest

from dts_ee.corpora import read_documents
from dts_ee.corpora.formats import FORMATS
from dts_ee.corpora.problems import read_with_problems
from dts_ee.corpora.recognition import KINDS, recognise, with_hint
from dts_ee.document import DocumentError
from tests.documents import FORMAT_FIXTURES, TINY_CASE_REPORTS, TINY_NEWS

READ_ALIKE = {"jsonl": "spert", "spacy-rel": "docbin"}
"""Formats whose reader is that of another one, as which they are recognised."""


def name_of(path):
    kind = recognise(path)
    return None if kind is None else kind.name


def test_every_format_is_recognised():
    formats = {kind.name for kind in KINDS if not kind.remedy}
    readable = {name for name, format in FORMATS.items() if format.read}
    assert readable - set(READ_ALIKE) <= formats
    assert len({kind.name for kind in KINDS}) == len(KINDS)


@pytest.mark.parametrize(
    "name", [name for name, format in FORMATS.items() if format.read and format.write]
)
@pytest.mark.parametrize("corpus", [TINY_NEWS, TINY_CASE_REPORTS])
def test_what_a_format_writes_is_recognised(tmp_path, name, corpus):
    write = FORMATS[name].write
    assert write is not None
    names = {"spert": "a.json", "jsonl": "a.jsonl.gz", "triples": "a.tsv", "bioc": "a.xml"}
    path = tmp_path / names.get(name, "a")
    write(path, read_documents(corpus))
    assert name_of(path) == READ_ALIKE.get(name, name)


def test_files_of_the_tools_are_recognised():
    recognised = {path.name: name_of(path) for path in FORMAT_FIXTURES.iterdir()}
    assert recognised == {
        "ADE-NEG.txt": "ade-corpus",
        "DRUG-AE.rel": "ade-corpus",
        "bioc.xml": "bioc",
        "brat": "brat",
        "conll.txt": "conll",
        "doccano.jsonl": "doccano",
        "dygie.jsonl": "dygie",
        "gliner.json": "gliner",
        "gliner2.jsonl": "gliner",
        "label-studio.json": "label-studio",
        "prodigy.jsonl": "prodigy",
        "pubtator.txt": "pubtator",
        "spacy-rel.spacy": "docbin",
        "triples.csv": "triples",
        "webanno.tsv": "webanno-tsv",
    }


TASK = {"id": 1, "data": {"text": "Bo left."}, "annotations": [{"result": []}]}
JSON_MIN = {
    "id": 5,
    "Full_Text": "Bo left.",
    "label": [{"start": 0, "end": 2, "text": "Bo", "labels": ["Peop"]}],
    "annotator": 1,
    "annotation_id": 2,
}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ([TASK], "label-studio"),
        ([{"data": {"text": "Bo"}, "predictions": []}], "label-studio"),
        (TASK, "label-studio"),
        ([{"id": 1, "data": {"text": "Bo"}, "completions": []}], "label-studio"),
        ([JSON_MIN], "json-min"),
        ([{"text": "Bo", "tokens": ["Bo"]}], "spert"),
        ({"text": "Bo.", "sentences": [{"tokens": ["Bo", "."], "entities": []}]}, "spert"),
        ({"sentences": [["Bo"]], "clusters": []}, "dygie"),
        ({"text": "Bo", "label": [[0, 2, "Peop"]]}, "doccano"),
        ({"id": 1, "data": "Bo", "label": []}, "doccano"),
        ({"text": "Bo", "entities": [[0, 2, "Peop"]]}, "doccano"),
        ({"text": "Bo", "spans": [{"start": 0, "end": 2, "label": "Peop"}]}, "prodigy"),
        ({"text": "Bo", "_input_hash": 1, "_task_hash": 2}, "prodigy"),
        ({"text": "Bo", "schema": {"entities": {}}}, "gliner"),
        ({"text": "Bo left.", "orig_id": "a"}, "texts"),
        ({"sentence": "Bo left."}, "texts"),
        ([{"id": 0, "paragraphs": []}], "spacy-2"),
        ({"PubTator3": []}, "bioc"),
        ({"%TYPES": {}, "%FEATURE_STRUCTURES": []}, "uima-cas-json"),
        ("T1\tPeop 0 2\tBo\n", "ann"),
        (" # webanno.custom.Opinion | aspect\n#id=1\n", "webanno-tsv-2"),
        ("11|A rash after x.|rash|2|6|x|13|14\n", "ade-corpus"),
        ("Bo left Rome.\n\nAnn stayed.\n", "text"),
        ("name,age\nBo,7\n", "text"),
        ("%PDF-1.7\n", "pdf"),
        ("PK\x03\x04", "zip"),
        ("[", None),
        ('{"a": 1}', None),
        ("[[1]]", None),
        ("[" * 5000, None),
        ("", None),
        (" \n", None),
    ],
)
def test_kinds_are_recognised(tmp_path, content, name):
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    (tmp_path / "file").write_text(text, encoding="utf-8")
    assert name_of(tmp_path / "file") == name


def test_published_conll04_is_recognised(tmp_path):
    row = "7\tPeop\t0\tO\tNNP\tBo/Lind\tO\tO\tO\n7\tO\t1\tO\tVB\tleft\tO\tO\tO\n\n0\t1\tKill\n\n"
    (tmp_path / "conll04.corp").write_text(row)
    assert name_of(tmp_path / "conll04.corp") == "conll04-corp"


def test_folders_bytes_and_missing_files(tmp_path):
    (tmp_path / "sub").mkdir()
    assert name_of(tmp_path) is None
    (tmp_path / "sub" / "._a.ann").write_text("x")
    (tmp_path / "sub" / "a.txt").write_text("x")
    assert name_of(tmp_path) == "text-folder"
    (tmp_path / "sub" / "a.ann").write_text("x")
    assert name_of(tmp_path) == "brat"
    for content in (b"\xff\xfe\0a", b"\x1f\x8bno gzip", b"\x78\x9c\xff\xff\xff\xff", b"\0"):
        (tmp_path / "file").write_bytes(content)
        assert name_of(tmp_path / "file") is None
    assert name_of(tmp_path / "missing") is None


def test_hint_says_how_to_convert(tmp_path):
    path = tmp_path / "my file"
    path.write_text('{"text": "Bo", "label": []}\n')
    error = DocumentError("this is wrong", "text", "#1", "my file")
    hinted = with_hint(error, path, ("spert",))
    assert str(hinted) == (
        "file my file, document #1, field text: this is wrong; this looks like doccano's JSON "
        f"Lines: dts-ee convert --from doccano '{path}' --to spert OUT"
    )
    assert with_hint(hinted, path, ("spert",)) is hinted
    assert with_hint(error, path, ("doccano",)) is error


def test_readers_of_documents_say_how_to_convert(tmp_path):
    path = FORMAT_FIXTURES / "prodigy.jsonl"
    with pytest.raises(DocumentError, match="looks like Prodigy.* --from prodigy") as raised:
        read_documents(path)
    assert raised.value.path == str(path)
    (problem,) = read_with_problems(path).problems
    assert "--from prodigy" in problem.problem


def test_documents_with_problems_get_no_hint(tmp_path):
    path = tmp_path / "a.json"
    path.write_text('[{"tokens": ["Bo"]}, {"tokens": [], "entities": []}]')
    problems = read_with_problems(path).problems
    assert [problem.document_id for problem in problems] == ["#1", "#2"]
    assert not any("looks like" in problem.problem for problem in problems)
