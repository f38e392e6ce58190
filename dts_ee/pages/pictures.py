"""
The pictures of one document, drawn by spaCy's displaCy.
"""

import html
from typing import Any, Mapping
from unicodedata import east_asian_width

from markupsafe import Markup
from spacy import displacy

from dts_ee.document import Document, Entity
from dts_ee.pages.displacy_data import arcs_between

MAX_ENTITY_WIDTH = 30
MAX_CONTEXT_WIDTH = 20


def draw_entities(document: Document, colours: Mapping[str, str]) -> list[Markup]:
    """
    The sentence with its entities marked, more than once if entities overlap.

    # Parameters

    document : `Document`
        The document.
    colours : `Mapping[str, str]`
        A CSS colour for each entity type.
    """
    text = " ".join(document.tokens) if document.text is None else document.text
    # displaCy escapes the sentence, but not the labels.
    options = {"colors": {html.escape(type): colour for type, colour in colours.items()}}
    pictures = []
    for layer in _layers(document):
        marks = []
        for entity in layer:
            start, end = document.character_span(entity.start, entity.end)
            marks.append({"start": start, "end": end, "label": html.escape(entity.type)})
        picture = displacy.render(
            {"text": text, "ents": marks}, style="ent", manual=True, jupyter=False, options=options
        )
        pictures.append(Markup(picture))
    return pictures


def draw_relations(document: Document) -> Markup:
    """
    The relations as arcs from head to tail, over their entities; see `arcs_between`. Long words are
    cut.

    # Parameters

    document : `Document`
        A document with at least one relation.
    """
    related = {index for relation in document.relations for index in (relation.head, relation.tail)}
    words, arcs = arcs_between(document, related)
    for word in words:
        width = MAX_ENTITY_WIDTH if word["tag"] else MAX_CONTEXT_WIDTH
        word["text"] = _cut(word["text"], width)
        # displaCy escapes the text, but not the tag.
        word["tag"] = html.escape(word["tag"])
    for arc in arcs:
        arc["label"] = html.escape(arc["label"])
    distance = _distance(words, arcs)
    options = {
        "distance": distance,
        "offset_x": distance / 2,
        "word_spacing": 25,
        "color": "inherit",
        "bg": "none",
        "font": "inherit",
    }
    picture = displacy.render(
        {"words": words, "arcs": arcs}, style="dep", manual=True, jupyter=False, options=options
    )
    return Markup(picture)


def _layers(document: Document) -> list[list[Entity]]:
    """The entities, the longest first, in groups without overlaps; at least one group."""
    layers: list[list[Entity]] = [[]]
    for entity in sorted(document.entities, key=lambda entity: entity.start - entity.end):
        for layer in layers:
            if not any(entity.overlaps(other) for other in layer):
                layer.append(entity)
                break
        else:
            layers.append([entity])
    return layers


def _distance(words: list[dict[str, str]], arcs: list[dict[str, Any]]) -> float:
    """Pixels from one word to the next; displaCy uses the same distance for all words."""
    return max(
        *(max(_width(word["text"]), _width(word["tag"])) + 24 for word in words),
        *((_width(arc["label"]) + 64) / (arc["end"] - arc["start"]) for arc in arcs),
    )


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1].rstrip()}…"


def _width(text: str) -> float:
    """The width of a text in pixels, roughly, at the font size of the page."""
    wide = sum(east_asian_width(character) in "WF" for character in text)
    capitals = sum(character.isupper() for character in text)
    return 7 * (len(text) + wide + 0.4 * capitals)
