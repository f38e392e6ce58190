import sys

import pytest

from dts_ee.corpora.graph import to_networkx
from dts_ee.document import Document, Entity, Relation
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
