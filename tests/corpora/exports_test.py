"""Files that annotation tools wrote are read as what was annotated in them."""

import json
from typing import Any

import pytest

from dts_ee.corpora import read_documents
from dts_ee.corpora.conll import read_conll
from dts_ee.corpora.doccano import read_doccano
from dts_ee.corpora.label_studio import read_label_studio
from dts_ee.corpora.recognition import recognise
from dts_ee.document import Document, DocumentError
from tests.commands.command_line import run_allennlp
from tests.corpora.raw_text import reading, words
from tests.documents import named_relations
from tests.paths import FIXTURES

LABEL_STUDIO = FIXTURES / "exports" / "label_studio"
DOCCANO = FIXTURES / "exports" / "doccano"

MARTA = (
    "1-1",
    "Marta Lindqvist works for Elm Works in Tarnby.",
    [("Peop", "Marta Lindqvist"), ("Org", "Elm Works"), ("Loc", "Tarnby")],
    [("Work_For", "Marta Lindqvist", "Elm Works"), ("OrgBased_In", "Elm Works", "Tarnby")],
)
SHE: Any = ("1-2", "She likes it.", [], [])
BO = (
    "2",
    "\U0001f389\U0001f389 Bo Lind joined Northgate Rail of Oslo.",
    [("Peop", "Bo Lind"), ("Org", "Northgate Rail"), ("Loc", "Oslo")],
    [("Work_For", "Bo Lind", "Northgate Rail"), ("OrgBased_In", "Northgate Rail", "Oslo")],
)
JUDITH = (
    "3-1",
    "Judith Abel speaks for Cormorant Oil.",
    [("Peop", "Judith Abel"), ("Org", "Cormorant Oil")],
    [("Work_For", "Judith Abel", "Cormorant Oil")],
)
DANIEL = (
    "3-2",
    "Daniel Okafor runs Harbor Trust Bank in Lagos.",
    [("Peop", "Daniel Okafor"), ("Org", "Harbor Trust Bank"), ("Loc", "Lagos")],
    [
        ("Work_For", "Daniel Okafor", "Harbor Trust Bank"),
        ("OrgBased_In", "Harbor Trust Bank", "Lagos"),
    ],
)
HELEN = (
    "4",
    "Helen Marsh heads Northgate Airlines.",
    [("Peop", "Helen Marsh"), ("Org", "Northgate Airlines")],
    [("Work_For", "Helen Marsh", "Northgate Airlines")],
)
NOBODY: Any = ("6", "Nobody was there.", [], [])
ANNOTATED = [MARTA, SHE, BO, JUDITH, DANIEL, NOBODY]


def annotation(document: Document) -> tuple[Any, ...]:
    entities = [(entity.type, document.entity_text(entity)) for entity in document.entities]
    return document.id, document.text, entities, named_relations(document)


@pytest.mark.parametrize("name", ["json", "snapshot"])
def test_label_studio_is_converted(tmp_path, name):
    source, target = LABEL_STUDIO / f"{name}.json", tmp_path / "out.json"
    assert run_allennlp("convert", "--from", "auto", source, "--to", "spert", target) == 0
    assert list(map(annotation, read_documents(target))) == ANNOTATED


def test_predictions_of_label_studio():
    corpus = read_label_studio(
        LABEL_STUDIO / "snapshot.json", reading(tokenize=words), unannotated="predictions"
    )
    assert list(map(annotation, corpus.documents)) == [*ANNOTATED[:5], HELEN, NOBODY]
    assert [entity.probability for entity in corpus.documents[5].entities] == [0.9, 0.6]
    assert [str(remark) for remark in corpus.remarks if remark.lost] == [
        'document #5: task without annotation: {"text": "It rained in Lagos."}'
    ]


@pytest.mark.parametrize("unannotated", [None, "predictions"])
def test_predictions_of_which_label_studio_exports_the_numbers(unannotated):
    corpus = read_label_studio(
        LABEL_STUDIO / "json.json", reading(tokenize=words), unannotated=unannotated
    )
    assert list(map(annotation, corpus.documents)) == ANNOTATED
    lost = [str(remark) for remark in corpus.remarks if remark.lost]
    assert lost[:2] == [
        'document #4: task without annotation: {"text": "Helen Marsh heads Northgate Airlines."}',
        'document #5: task without annotation: {"text": "It rained in Lagos."}',
    ]
    assert lost[2:] == [
        "of 1 tasks the file has only the numbers of predictions; exports of Label Studio's API "
        "have them with predictions.only_id false"
    ]


def test_nothing_but_numbers_of_predictions(tmp_path):
    helen = json.loads((LABEL_STUDIO / "json.json").read_text())[3]
    path = tmp_path / "export.json"
    path.write_text(json.dumps([helen]))
    with pytest.raises(DocumentError) as error:
        read_label_studio(path, reading(), unannotated="predictions")
    assert error.value.problem == (
        "none of the 1 tasks was annotated; of 1 tasks the file has only the numbers of "
        "predictions; exports of Label Studio's API have them with predictions.only_id false"
    )


@pytest.mark.parametrize("file", ["json_min.json", "csv.csv", "tsv.tsv"])
def test_exports_without_regions_say_what_to_export(tmp_path, capsys, file):
    source, target = LABEL_STUDIO / file, tmp_path / "out.json"
    assert run_allennlp("convert", "--from", "auto", source, "--to", "spert", target) == 2
    assert 'in Label Studio, export as "JSON"' in capsys.readouterr().err
    assert not target.exists()


def test_columns_of_label_studio():
    path = LABEL_STUDIO / "conll2003.conll"
    kind = recognise(path)
    assert kind is not None and kind.name == "conll"
    documents = read_conll(path).documents
    entities = [
        [(entity.type, document.entity_text(entity)) for entity in document.entities]
        for document in documents
    ]
    # Its tokens keep a full stop before an end of line, and unannotated tasks are in it too.
    assert entities[0] == [("Peop", "Marta Lindqvist"), ("Org", "Elm Works"), ("Loc", "Tarnby.")]
    assert entities[3:] == [[], [], []]


RAIN: Any = ("4", "It rained in Lagos.", [], [])


def test_doccano_is_converted(tmp_path, capsys):
    source, target = DOCCANO / "relations.jsonl", tmp_path / "out.json"
    assert run_allennlp("convert", "--from", "auto", source, "--to", "spert", target) == 0
    assert list(map(annotation, read_documents(target))) == [*ANNOTATED[:5], RAIN]
    remarks = " ".join(capsys.readouterr().err.split())
    assert "source (4 times, first in 1)" in remarks
    assert "Comments (1 times, first in 1)" in remarks


def test_labels_of_doccano():
    path = DOCCANO / "labels.jsonl"
    kind = recognise(path)
    assert kind is not None and kind.name == "doccano"
    documents = read_doccano(path, reading(tokenize=words)).documents
    assert [document.id for document in documents] == ["5-1", "5-2", "6", "7-1", "7-2", "8"]
    assert [annotation(document)[1:] for document in documents] == [
        (text, entities, []) for _, text, entities, _ in [*ANNOTATED[:5], RAIN]
    ]
