"""
The page around the pictures: summary, legend, one section for each document.
"""

from collections import Counter
from typing import Sequence

from dts_ee.document import Document
from dts_ee.pages.colours import type_colours
from dts_ee.pages.pictures import draw_entities, draw_relations
from dts_ee.pages.templates import TEMPLATES


def render_page(documents: Sequence[Document], title: str) -> str:
    """
    An HTML page that shows documents: entities coloured in the sentence, relations as arcs.

    It is a single file without scripts, and loads no other files.

    # Parameters

    documents : `Sequence[Document]`
        Gold or predicted documents.
    title : `str`
        The page's title and heading.
    """
    entity_types = Counter(entity.type for doc in documents for entity in doc.entities)
    relation_types = Counter(relation.type for doc in documents for relation in doc.relations)
    colours = type_colours(entity_types)
    return TEMPLATES.get_template("page.html").render(
        title=title,
        documents=documents,
        entity_types=entity_types,
        relation_types=relation_types,
        colours=colours,
        draw_entities=lambda document: draw_entities(document, colours),
        draw_relations=draw_relations,
    )
