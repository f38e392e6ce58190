import sys

import pytest

from dts_ee.corpora.corpus_graph import corpus_graph
from dts_ee.corpora.graph import to_networkx
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.documents import document


def test_entities_are_nodes_and_relations_edges():
    sentence = Document(
        tokens=("Ann", "Lee", "left", "Rome"),
        entities=(Entity("Peop", 0, 2, 0.9), Entity("Loc", 3, 4), Entity("Org", 3, 4)),
        relations=(Relation("Live_In", 0, 1, 0.8), Relation("Left", 0, 1), Relation("In", 1, 0)),
        id="a",
    )
    graph = to_networkx(sentence)
    assert graph.is_directed()
    assert graph.graph == {"id": "a"}
    assert dict(graph.nodes(data=True)) == {
        0: {"type": "Peop", "text": "Ann Lee", "start": 0, "end": 2, "probability": 0.9},
        1: {"type": "Loc", "text": "Rome", "start": 3, "end": 4, "probability": None},
        2: {"type": "Org", "text": "Rome", "start": 3, "end": 4, "probability": None},
    }
    assert sorted(graph.edges(keys=True)) == [(0, 1, "Left"), (0, 1, "Live_In"), (1, 0, "In")]
    assert graph.edges[0, 1, "Live_In"] == {"type": "Live_In", "probability": 0.8}


def test_without_networkx_the_error_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(ImportError, match=r"pip install 'dts_ee\[graph\]'"):
        to_networkx(document("[Ann|Peop] left ."))


ANN_TWICE = [
    Document(
        ("Ann", "left", "Rome"),
        (Entity("Peop", 0, 1), Entity("Loc", 2, 3)),
        (Relation("Left", 0, 1, 0.6), Relation("Lived_In", 0, 1, 0.5)),
        "a",
    ),
    Document(
        ("ANN", "and", "Ann", "left", "Rome", "Ltd"),
        (Entity("Peop", 0, 1), Entity("Peop", 2, 3), Entity("Loc", 4, 5), Entity("Org", 4, 6)),
        (Relation("Left", 1, 2, 0.9), Relation("Left", 0, 2, 0.7)),
        "b",
    ),
]


def test_entities_of_a_corpus_with_the_same_type_and_text_are_one_node():
    graph = corpus_graph(ANN_TWICE)
    assert dict(graph.nodes(data="mentions")) == {
        ("Peop", "Ann"): 2,
        ("Loc", "Rome"): 2,
        ("Peop", "ANN"): 1,
        ("Org", "Rome Ltd"): 1,
    }
    assert {(*edge[:2], edge[2]): graph.edges[edge] for edge in graph.edges(keys=True)} == {
        (("Peop", "Ann"), ("Loc", "Rome"), "Left"): {
            "type": "Left",
            "mentions": 2,
            "probability": 0.9,
        },
        (("Peop", "Ann"), ("Loc", "Rome"), "Lived_In"): {
            "type": "Lived_In",
            "mentions": 1,
            "probability": 0.5,
        },
        (("Peop", "ANN"), ("Loc", "Rome"), "Left"): {
            "type": "Left",
            "mentions": 1,
            "probability": 0.7,
        },
    }


def test_entities_are_merged_in_lower_case_not_at_all_or_by_a_function():
    assert dict(corpus_graph(ANN_TWICE, "lowercase").nodes(data="mentions")) == {
        ("Peop", "ann"): 3,
        ("Loc", "rome"): 2,
        ("Org", "rome ltd"): 1,
    }
    apart = corpus_graph(ANN_TWICE, "none")
    assert len(apart) == 6 and set(dict(apart.nodes(data="mentions")).values()) == {1}
    assert ("b", "4-6", "Org") in apart
    by_id = corpus_graph(ANN_TWICE, lambda document, entity: (document.id or "", entity.type))
    assert dict(by_id.nodes(data="mentions"))["b", "Peop"] == 2


def test_entities_that_are_not_merged_need_identifiers():
    with pytest.raises(DocumentError, match="document a, field orig_id: each entity"):
        corpus_graph([ANN_TWICE[0], ANN_TWICE[0]], "none")
