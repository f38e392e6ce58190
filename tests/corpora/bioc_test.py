import json
import sys

import bioc.biocjson
import bioc.biocxml
import pytest

from dts_ee.corpora.bioc import read_bioc, write_bioc
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.corpora.raw_text import reading
from tests.documents import FORMAT_FIXTURES, named_relations

PATH = FORMAT_FIXTURES / "bioc.xml"


@pytest.fixture
def json_path(tmp_path):
    """The same file in JSON."""
    with open(PATH, "rb") as file:
        collection = bioc.biocxml.load(file)
    path = tmp_path / "bioc.json"
    path.write_text(bioc.biocjson.dumps(collection))
    return path


@pytest.mark.parametrize("format", ["xml", "json"])
def test_passages_become_sentences(json_path, format):
    corpus = read_bioc(PATH if format == "xml" else json_path, reading())
    assert [document.text for document in corpus.documents] == [
        "Brinzol rash & tamofex in a boy",
        "Zalotril for a mild or dry cough",
        "He left.",
    ]
    assert corpus.groups == ["1", "1", "1"]
    first, second, _ = corpus.documents
    assert named_relations(first) == [("causes", "Brinzol", "rash")]
    assert first.relations[0].probability == 0.75
    # Annotation 1 is that in the same sentence; the pieces of 4 are one.
    assert named_relations(second) == [("treats", "Zalotril", "dry cough")]
    assert [(remark.problem, remark.detail) for remark in corpus.remarks if remark.lost] == [
        ("entity of several pieces", "Disease 'mild cough'"),
        ("relation between two sentences", "CID from 3 to 2"),
        ("what is not read", "identifier of annotations (4 times, first in 101)"),
        ("what is not read", "role drug of relations (1 times, first in 101)"),
    ]


def test_documents_of_a_server_of_pubtator(json_path):
    documents = json.loads(json_path.read_text())["documents"]
    json_path.write_text(json.dumps({"PubTator3": documents}))
    assert len(read_bioc(json_path, reading()).documents) == 3
    json_path.write_text(json.dumps([{"documents": documents}, {"documents": documents}]))
    assert len(read_bioc(json_path, reading()).documents) == 6


def test_relations_between_concepts_in_one_sentence():
    corpus = read_bioc(PATH, reading(), "same-sentence")
    problems = [remark.problem for remark in corpus.remarks]
    assert "relation of concepts in no sentence" in problems
    (document,) = read_bioc(PATH, reading("whole"), "same-sentence").documents
    assert named_relations(document)[-1] == ("CID", "Zalotril", "rash")


@pytest.mark.parametrize("name", ["a.xml", "a.json", "a.xml.gz"])
def test_documents_are_texts_with_one_passage(tmp_path, name):
    document = Document(
        ("Ann", "left", "\N{DOG}\N{DOG}", "Rome"),
        (Entity("Peop", 0, 1, 0.5), Entity("Loc", 3, 4)),
        (Relation("Live In", 1, 0, 0.25),),
        "a",
        "Ann left\r\n<\N{DOG}\N{DOG}> Rome"[:8] + " \r\n\N{DOG}\N{DOG} Rome",
        ((0, 3), (4, 8), (11, 13), (14, 18)),
    )
    assert write_bioc(tmp_path / name, [document]) == []
    corpus = read_bioc(tmp_path / name, reading("whole"))
    assert corpus.documents == [document]
    assert [entity.probability for entity in corpus.documents[0].entities] == [0.5, None]
    assert corpus.remarks == []


def test_control_characters_are_lost_in_xml(tmp_path):
    document = Document(("A\x01", "b"), (Entity("x\0", 0, 1),), id="a\x02")
    (remark,) = write_bioc(tmp_path / "a.xml", [document])
    assert remark.problem == "control character"
    (again,) = read_bioc(tmp_path / "a.xml", reading()).documents
    assert (again.id, again.tokens) == ("a\ufffd", ("A\ufffd", "b"))
    assert again.entities == (Entity("x\ufffd", 0, 1),)
    assert write_bioc(tmp_path / "a.json", [document]) == []


def test_name_decides_on_xml_or_json(tmp_path):
    with pytest.raises(DocumentError, match=r"the name must end in \.xml or"):
        write_bioc(tmp_path / "a.txt", [Document(("Hi",))])
    assert list(tmp_path.iterdir()) == []


def test_library_has_to_be_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "bioc", None)
    with pytest.raises(
        DocumentError, match=r"needs the library bioc: pip install 'dts_ee\[bioc\]'"
    ):
        read_bioc(PATH, reading())


def replaced(old, new):
    text = PATH.read_text()
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is no BioC"),
        ("<collection></collection>", "there is no document in it"),
        ("<collection>", "is no BioC"),
        ("{}", "a collection with documents is expected"),
        ('{"documents": [{"passages": []}]}', "there is no 'id'"),
        (replaced('length="7"', 'length="x"'), "is no BioC: invalid literal"),
        (
            replaced('offset="0"', 'offset="-1"'),
            r"annotations\[0\].locations\[0\].offset: -1 is no",
        ),
    ],
)
def test_invalid_file_is_an_error(tmp_path, content, problem):
    path = tmp_path / "a.xml"
    path.write_text(content)
    with pytest.raises(DocumentError, match=problem) as raised:
        read_bioc(path, reading())
    assert raised.value.path == str(path)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"offset": 8', '"offset": "8"', r"locations\[0\].offset: '8' is no offset"),
        ('"text": "rash"', '"text": 3', r"annotations\[1\].text: must be a string"),
        (
            '"infons": {"relation": "CID",',
            '"infons": 3, "x": {"y": 0,',
            "infons: must be an object",
        ),
        ('"text": "He left."', '"text": ["He"]', r"sentences\[1\].text: must be a string"),
    ],
)
def test_value_of_another_type_names_its_field(json_path, old, new, problem):
    text = json_path.read_text()
    assert old in text
    json_path.write_text(text.replace(old, new))
    with pytest.raises(DocumentError, match=problem):
        read_bioc(json_path, reading())


def test_what_has_no_type_or_place_is_listed(tmp_path):
    path = tmp_path / "a.xml"
    text = PATH.read_text().replace('<infon key="type">Disease</infon>', "")
    path.write_text(text.replace('<location offset="0" length="7"/>', ""))
    problems = [remark.problem for remark in read_bioc(path, reading()).remarks if remark.lost]
    assert problems.count("annotation without a type") == 3
    assert problems.count("annotation without a location") == 1
