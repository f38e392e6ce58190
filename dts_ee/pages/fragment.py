"""
The pictures of one document as an HTML fragment.
"""

from zlib import crc32

from dts_ee.document import Document, document_method
from dts_ee.pages.pictures import draw_entities, draw_relations
from dts_ee.pages.templates import TEMPLATES


@document_method("_repr_html_")
def render_fragment(document: Document) -> str:
    """
    The pictures of one document as HTML to be put into another page.

    Its style does not affect that page; it loads no files and has no scripts. A Jupyter notebook
    shows it for a document.

    # Parameters

    document : `Document`
        A gold or predicted document.
    """
    colours = {entity.type: _colour(entity.type) for entity in document.entities}
    return TEMPLATES.get_template("fragment.html").render(
        document=document,
        draw_entities=lambda document: draw_entities(document, colours),
        draw_relations=draw_relations,
    )


def _colour(type: str) -> str:
    # A type has the same colour in all fragments, which do not know each other's types.
    hue = crc32(type.upper().encode()) * 137.508 % 360
    return f"hsl({hue:.0f} var(--tone))"
