"""
Documents as graphs.
"""

from typing import TYPE_CHECKING

from dts_ee.document import Document

if TYPE_CHECKING:
    import networkx


def document_graph(document: Document) -> "networkx.MultiDiGraph":
    """
    The entities as nodes 0, 1, … and the relations as edges from head to tail.

    # Parameters

    document : `Document`
        The document.

    # Returns

    `networkx.MultiDiGraph`
        See `Document.to_networkx`.

    # Raises

    `ImportError`
        If networkx is not installed.
    """
    try:
        import networkx
    except ImportError as error:
        raise ImportError(
            "a document's graph needs networkx: pip install 'dts_ee[graph]'"
        ) from error
    graph = networkx.MultiDiGraph(id=document.id)
    for i, entity in enumerate(document.entities):
        graph.add_node(i, text=document.entity_text(entity), **vars(entity))
    for relation in document.relations:
        graph.add_edge(
            relation.head,
            relation.tail,
            key=relation.type,
            type=relation.type,
            probability=relation.probability,
        )
    return graph
