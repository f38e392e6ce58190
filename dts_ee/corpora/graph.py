"""
Documents as graphs.
"""

from typing import TYPE_CHECKING

from dts_ee.document import Document, document_method

if TYPE_CHECKING:
    import networkx


@document_method("to_networkx")
def to_networkx(document: Document) -> "networkx.MultiDiGraph":
    """
    The entities as nodes 0, 1, … and the relations as edges from head to tail.

    Registered as a method of `Document` with name `"to_networkx"`.

    # Parameters

    document : `Document`
        The document.

    # Returns

    `networkx.MultiDiGraph`
        A node has the attributes `type`, `text`, `start`, `end` and `probability`; an edge has
        `type`, which is its key too, and `probability`. There may be several edges from one node to
        another, so it is a directed multigraph.

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
