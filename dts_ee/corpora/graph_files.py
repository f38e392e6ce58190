"""
Graphs of a corpus as GraphML, as Turtle (RDF), and as the tables of Neo4j's import.
"""

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Sequence
from urllib.parse import quote

from dts_ee.atomic_files import make_folder_atomically
from dts_ee.corpora.corpus import Remark
from dts_ee.corpora.corpus_graph import corpus_graph
from dts_ee.corpora.files import PathOrStr, open_atomically
from dts_ee.counted import counted
from dts_ee.document import Document, DocumentError

if TYPE_CHECKING:
    from rdflib import URIRef

BASE_URI = "urn:dts_ee:"

_XML_CANNOT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_graphml(
    path: PathOrStr, documents: Sequence[Document], merge_entities: str = "text"
) -> list[Remark]:
    """
    Writes a corpus as one graph in GraphML, completely or not at all.

    # Parameters

    path : `PathOrStr`
        The file.
    documents : `Sequence[Document]`
        The documents.
    merge_entities : `str`, optional (default = `"text"`)
        Which entities are one node; see `corpus_graph`.

    # Returns

    `list[Remark]`
        That a graph has no texts.
    """
    graph = corpus_graph(documents, merge_entities)
    import networkx

    for _, attributes in graph.nodes(data=True):
        attributes["text"] = _XML_CANNOT.sub("\ufffd", attributes["text"])
    named = networkx.MultiDiGraph()
    named.add_nodes_from((_name(node), attributes) for node, attributes in graph.nodes(data=True))
    # An edge's key is its `id` in the file, where no two edges may have the same.
    for number, (head, tail, attributes) in enumerate(graph.edges(data=True)):
        named.add_edge(_name(head), _name(tail), f"e{number}", **attributes)
    with open_atomically(path) as file:
        file.write("\n".join(networkx.generate_graphml(named, named_key_ids=True)) + "\n")
    return _lost_texts(documents)


def write_turtle(
    path: PathOrStr,
    documents: Sequence[Document],
    merge_entities: str = "text",
    base_uri: str = BASE_URI,
) -> list[Remark]:
    """
    Writes a corpus as RDF in Turtle, completely or not at all.

    An entity has its type as `rdf:type` and its text as `rdfs:label`; a relation is a property. The
    probability of a predicted relation is that of an `rdf:Statement` about it.

    # Parameters

    path : `PathOrStr`
        The file.
    documents : `Sequence[Document]`
        The documents.
    merge_entities : `str`, optional (default = `"text"`)
        Which entities are one resource; see `corpus_graph`.
    base_uri : `str`, optional (default = `"urn:dts_ee:"`)
        The beginning of all URIs: `BASE/entity/TYPE/TEXT`, `BASE/type/TYPE`, `BASE/relation/TYPE`
        and `BASE/probability`.

    # Returns

    `list[Remark]`
        That a graph has no texts.

    # Raises

    `DocumentError`
        If the base is no URI.
    `ImportError`
        If networkx or rdflib is not installed.
    """
    try:
        from rdflib import RDF, RDFS, BNode, Graph, Literal, URIRef
    except ImportError as error:
        raise ImportError("RDF needs rdflib: pip install 'dts_ee[graph]'") from error
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s<>\"{}|\\^`]*", base_uri):
        raise DocumentError(f"{base_uri!r} is not the beginning of a URI", "base-uri")
    graph = corpus_graph(documents, merge_entities)

    def uri(*parts: str) -> "URIRef":
        return URIRef(base_uri + "/".join(parts))

    triples = Graph()
    for part in ("type", "relation"):
        triples.bind(part, f"{base_uri}{part}/")
    for node, attributes in graph.nodes(data=True):
        entity = uri("entity", _name(node))
        triples.add((entity, RDF.type, uri("type", _quoted(attributes["type"]))))
        triples.add((entity, RDFS.label, Literal(attributes["text"])))
    for head, tail, attributes in graph.edges(data=True):
        relation = uri("relation", _quoted(attributes["type"]))
        triple = (uri("entity", _name(head)), relation, uri("entity", _name(tail)))
        triples.add(triple)
        if "probability" in attributes:
            statement = BNode()
            triples.add((statement, RDF.type, RDF.Statement))
            for property, value in zip((RDF.subject, RDF.predicate, RDF.object), triple):
                triples.add((statement, property, value))
            probability = Literal(attributes["probability"])
            triples.add((statement, uri("probability"), probability))
    with open_atomically(path) as file:
        file.write(triples.serialize(format="turtle"))
    return _lost_texts(documents)


def write_neo4j(
    path: PathOrStr, documents: Sequence[Document], merge_entities: str = "text"
) -> list[Remark]:
    """
    Writes a folder with the two tables that `neo4j-admin database import` takes, completely or not
    at all.

    # Parameters

    path : `PathOrStr`
        The folder, for `nodes.csv` and `relationships.csv`.
    documents : `Sequence[Document]`
        The documents.
    merge_entities : `str`, optional (default = `"text"`)
        Which entities are one node; see `corpus_graph`.

    # Returns

    `list[Remark]`
        That a graph has no texts.

    # Raises

    `FileExistsError`
        If there is a file with that name, or a folder that is not empty.
    """
    graph = corpus_graph(documents, merge_entities)
    nodes = [
        [_name(node), attributes["text"], attributes["mentions"], attributes["type"]]
        for node, attributes in graph.nodes(data=True)
    ]
    relationships = [
        [
            _name(head),
            _name(tail),
            attributes["type"],
            attributes["mentions"],
            attributes.get("probability", ""),
        ]
        for head, tail, attributes in graph.edges(data=True)
    ]
    with make_folder_atomically(path) as folder:
        _write_table(folder / "nodes.csv", ["id:ID", "text", "mentions:int", ":LABEL"], nodes)
        _write_table(
            folder / "relationships.csv",
            [":START_ID", ":END_ID", ":TYPE", "mentions:int", "probability:double"],
            relationships,
        )
    return _lost_texts(documents)


def _write_table(path: Path, header: list[str], rows: list[list[Any]]) -> None:
    with open_atomically(path) as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def _name(node: tuple[str, ...]) -> str:
    """A node's name in files and URIs."""
    return "/".join(map(_quoted, node))


def _quoted(text: str) -> str:
    return quote(text, safe="")


def _lost_texts(documents: Sequence[Document]) -> list[Remark]:
    detail = f"of {counted(len(documents), 'document')}, with the positions of their entities"
    return [Remark("texts have no place in a graph", detail)]
