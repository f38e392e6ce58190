"""
One graph of the entities and relations of many documents.
"""

from typing import TYPE_CHECKING, Callable, Iterable, Mapping, Union

from dts_ee.document import Document, DocumentError, Entity

if TYPE_CHECKING:
    import networkx

EntityKey = Callable[[Document, Entity], tuple[str, ...]]

MERGES: Mapping[str, EntityKey] = {
    "text": lambda document, entity: (entity.type, document.entity_text(entity)),
    "lowercase": lambda document, entity: (entity.type, document.entity_text(entity).lower()),
    "none": lambda document, entity: (
        document.id or "",
        f"{entity.start}-{entity.end}",
        entity.type,
    ),
}
"""What entities that are one node have in common, by the name on the command line."""


def corpus_graph(
    documents: Iterable[Document], merge: Union[str, EntityKey] = "text"
) -> "networkx.MultiDiGraph":
    """
    The entities of all documents as nodes, and the relations as edges from head to tail.

    # Parameters

    documents : `Iterable[Document]`
        The documents.
    merge : `Union[str, EntityKey]`, optional (default = `"text"`)
        Which entities are one node: `"text"`, those with the same type and text; `"lowercase"`, the
        same in lower case; `"none"`, each is a node of its own; or a function from a document and
        one of its entities to a tuple of strings, such as the identifier in a knowledge base.

    # Returns

    `networkx.MultiDiGraph`
        A node is the tuple of strings of its entities. It has the attributes `type`, `text` (both
        of the first entity) and `mentions` (how many entities there are). An edge has `type`, which
        is its key too, `mentions` (how many relations), and, if the relations were predicted, the
        highest of their probabilities as `probability`.

    # Raises

    `DocumentError`
        If `merge` is `"none"`, and two documents have the same identifier, or none.
    `ImportError`
        If networkx is not installed.
    """
    try:
        import networkx
    except ImportError as error:
        raise ImportError("a graph needs networkx: pip install 'dts_ee[graph]'") from error
    key = MERGES[merge] if isinstance(merge, str) else merge
    ids: set[str] = set()
    graph = networkx.MultiDiGraph()
    for document in documents:
        if merge == "none":
            if not document.id or document.id in ids:
                raise DocumentError(
                    "each entity is a node of its own only if each document has another identifier",
                    "orig_id",
                    document.id,
                )
            ids.add(document.id)
        nodes = [key(document, entity) for entity in document.entities]
        for node, entity in zip(nodes, document.entities, strict=True):
            if node not in graph:
                text = document.entity_text(entity)
                graph.add_node(node, type=entity.type, text=text, mentions=0)
            graph.nodes[node]["mentions"] += 1
        for relation in document.relations:
            ends = (nodes[relation.head], nodes[relation.tail], relation.type)
            if not graph.has_edge(*ends):
                graph.add_edge(*ends, type=relation.type, mentions=0)
            edge = graph.edges[ends]
            edge["mentions"] += 1
            if relation.probability is not None:
                edge["probability"] = max(relation.probability, edge.get("probability", 0.0))
    return graph
