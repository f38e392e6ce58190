"""
The page around the pictures: summary, legend, one section for each document.
"""

from collections import Counter
from typing import Collection, Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from dts_ee.document import Document
from dts_ee.pages.pictures import draw_entities, draw_relations

_ENVIRONMENT = Environment(
    loader=PackageLoader("dts_ee.pages", ""),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render_page(documents: Sequence[Document], title: str) -> str:
    """
    An HTML page that shows documents: entities coloured in the sentence, relations as arcs.

    It is one file that loads nothing and runs nothing.

    # Parameters

    documents : `Sequence[Document]`
        Gold or predicted.
    title : `str`
        The page's title and heading.
    """
    entity_types = Counter(entity.type for doc in documents for entity in doc.entities)
    relation_types = Counter(relation.type for doc in documents for relation in doc.relations)
    colours = _colours(entity_types)
    return _ENVIRONMENT.get_template("page.html").render(
        title=title,
        documents=documents,
        entity_types=entity_types,
        relation_types=relation_types,
        colours=colours,
        draw_entities=lambda document: draw_entities(document, colours),
        draw_relations=draw_relations,
    )


def _colours(types: Collection[str]) -> dict[str, str]:
    """
    A CSS colour for each type: the hue, while the page's style sets what light and dark mode need.
    """
    # displaCy looks colours up without regard to case.
    keys = sorted({type.upper() for type in types})
    # Steps of the golden angle keep any number of hues as far apart as that number allows.
    colours = {key: f"hsl({(210 + i * 137.5) % 360:g} var(--tone))" for i, key in enumerate(keys)}
    return {type: colours[type.upper()] for type in types}
