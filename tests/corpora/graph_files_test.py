"""The files are read by the libraries that others read them with."""

import csv

import networkx
import pytest
from rdflib import RDF, RDFS, Graph, Literal, URIRef

from dts_ee.corpora.formats import write_corpus
from dts_ee.document import Document, DocumentError, Entity, Relation

CORPUS = [
    Document(
        ("Ann", "&", "Bo", "left", "Rome"),
        (Entity("Peop", 0, 3), Entity("Geo political", 4, 5)),
        (Relation("Left", 0, 1, 0.25),),
        "a",
    ),
    Document(("It", "rained"), id="b"),
    Document(("Rome", "grew"), (Entity("Geo political", 0, 1),), (), "c"),
]
ANN, ROME = "Peop/Ann%20%26%20Bo", "Geo%20political/Rome"
LOST = ["of 3 documents, with the positions of their entities"]


def write(format, path, **options):
    return [str(remark) for remark in write_corpus(format, path, CORPUS, options)]


def test_graphml_is_read_by_networkx(tmp_path):
    assert write("graphml", tmp_path / "corpus.graphml") == LOST
    graph = networkx.read_graphml(tmp_path / "corpus.graphml", force_multigraph=True)
    assert graph.is_directed()
    assert dict(graph.nodes(data=True)) == {
        ANN: {"type": "Peop", "text": "Ann & Bo", "mentions": 1},
        ROME: {"type": "Geo political", "text": "Rome", "mentions": 2},
    }
    assert list(graph.edges(data=True)) == [
        (ANN, ROME, {"type": "Left", "mentions": 1, "probability": 0.25})
    ]


def test_graphml_has_another_id_for_each_edge(tmp_path):
    entities = (Entity("Peop", 0, 1), Entity("Peop", 1, 2), Entity("Loc", 2, 3))
    relations = (Relation("Left", 0, 2), Relation("Left", 1, 2), Relation("Hates", 1, 2))
    corpus = [Document(("Ann", "Bo", "Rome"), entities, relations)]
    write_corpus("graphml", tmp_path / "a.graphml", corpus, {})
    graph = networkx.read_graphml(tmp_path / "a.graphml", force_multigraph=True)
    assert list(graph.edges(keys=True, data="type")) == [
        ("Peop/Ann", "Loc/Rome", "e0", "Left"),
        ("Peop/Bo", "Loc/Rome", "e1", "Left"),
        ("Peop/Bo", "Loc/Rome", "e2", "Hates"),
    ]


def test_characters_that_xml_cannot_have_are_replaced(tmp_path):
    corpus = [Document(("a\x07b",), (Entity("X", 0, 1),))]
    write_corpus("graphml", tmp_path / "a.graphml", corpus, {})
    graph = networkx.read_graphml(tmp_path / "a.graphml")
    assert list(graph.nodes(data="text")) == [("X/a%07b", "a\ufffdb")]


def test_turtle_is_read_by_rdflib(tmp_path):
    options = {"base-uri": "https://example.org/"}
    remarks = write_corpus("turtle", tmp_path / "corpus.ttl", CORPUS, options)
    assert list(map(str, remarks)) == LOST
    graph = Graph().parse(tmp_path / "corpus.ttl")
    base = "https://example.org/"
    ann, rome = URIRef(f"{base}entity/{ANN}"), URIRef(f"{base}entity/{ROME}")
    left = URIRef(f"{base}relation/Left")
    statement = graph.value(predicate=RDF.type, object=RDF.Statement)
    assert set(graph) == {
        (ann, RDF.type, URIRef(f"{base}type/Peop")),
        (rome, RDF.type, URIRef(f"{base}type/Geo%20political")),
        (ann, RDFS.label, Literal("Ann & Bo")),
        (rome, RDFS.label, Literal("Rome")),
        (ann, left, rome),
        (statement, RDF.type, RDF.Statement),
        (statement, RDF.subject, ann),
        (statement, RDF.predicate, left),
        (statement, RDF.object, rome),
        (statement, URIRef(f"{base}probability"), Literal(0.25)),
    }


@pytest.mark.parametrize("base", ["", "example", "http://a b/", "http://a/<x>"])
def test_a_base_that_is_no_uri_is_an_error(tmp_path, base):
    with pytest.raises(DocumentError, match="field base-uri: .* is not the beginning of a URI"):
        write_corpus("turtle", tmp_path / "a.ttl", CORPUS, {"base-uri": base})
    assert list(tmp_path.iterdir()) == []


def test_neo4j_has_a_table_of_nodes_and_one_of_relationships(tmp_path):
    assert write("neo4j", tmp_path / "neo4j") == LOST
    tables = {}
    for path in (tmp_path / "neo4j").iterdir():
        with path.open(newline="") as file:
            tables[path.name] = list(csv.reader(file))
    assert tables == {
        "nodes.csv": [
            ["id:ID", "text", "mentions:int", ":LABEL"],
            [ANN, "Ann & Bo", "1", "Peop"],
            [ROME, "Rome", "2", "Geo political"],
        ],
        "relationships.csv": [
            [":START_ID", ":END_ID", ":TYPE", "mentions:int", "probability:double"],
            [ANN, ROME, "Left", "1", "0.25"],
        ],
    }
    with pytest.raises(FileExistsError, match="not an empty folder"):
        write("neo4j", tmp_path / "neo4j")


@pytest.mark.parametrize("format", ["graphml", "turtle", "neo4j"])
def test_an_option_has_one_of_its_values(tmp_path, format):
    with pytest.raises(DocumentError, match=f"--merge-entities of {format} is text or lowercase"):
        write_corpus(format, tmp_path / "out", CORPUS, {"merge-entities": "uppercase"})
    with pytest.raises(DocumentError, match="spert has no option --merge-entities; it is one of"):
        write_corpus("spert", tmp_path / "a.json", CORPUS, {"merge-entities": "text"})
