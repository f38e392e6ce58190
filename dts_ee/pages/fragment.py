"""
One document for a page of other things.
"""

from zlib import crc32

from dts_ee.document import Document, document_method
from dts_ee.pages.pictures import draw_entities, draw_relations
from dts_ee.pages.templates import TEMPLATES


@document_method("_repr_html_")
def render_fragment(document: Document) -> str:
    """
    The pictures of one document as HTML to be put into a page of other things.

    Its style concerns nothing else in that page; it loads nothing and runs nothing. A Jupyter
    notebook shows it for a document.

    # Parameters

    document : `Document`
        Gold or predicted.
    """
    colours = {entity.type: _colour(entity.type) for entity in document.entities}
    return TEMPLATES.get_template("fragment.html").render(
        document=document,
        draw_entities=lambda document: draw_entities(document, colours),
        draw_relations=draw_relations,
    )


def _colour(type: str) -> str:
    # The same wherever it appears: the next fragment knows nothing of the types in this one.
    hue = crc32(type.upper().encode()) * 137.508 % 360
    return f"hsl({hue:.0f} var(--tone))"
