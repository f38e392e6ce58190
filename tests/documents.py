"""
Documents for tests: the tiny fixtures, a terse notation, and Hypothesis strategies.
"""

import re
from pathlib import Path
from typing import Optional, Sequence

from hypothesis import strategies as st

from dts_ee.document import Document, Entity, Relation

TINY = Path(__file__).resolve().parent.parent / "fixtures" / "tiny"
FORMAT_FIXTURES = Path(__file__).resolve().parent / "fixtures" / "formats"
"""A small file of each format, as its own documentation lays it out."""

TINY_NEWS = TINY / "news.json"
TINY_CASE_REPORTS = TINY / "case_reports.jsonl"


def document(
    marked: str,
    relations: Sequence[tuple[str, int, int]] = (),
    id: Optional[str] = None,
) -> Document:
    """
    A document from marked tokens, for example `"[Ann Lee|Peop] left [Rome|Loc] ."`.
    """
    tokens: list[str] = []
    entities = []
    for part in re.findall(r"\[[^\]]*\]|\S+", marked):
        if part.startswith("["):
            words, type = part[1:-1].split("|")
            entities.append(Entity(type, len(tokens), len(tokens) + len(words.split())))
            tokens.extend(words.split())
        else:
            tokens.append(part)
    return Document(
        tokens=tuple(tokens),
        entities=tuple(entities),
        relations=tuple(Relation(*relation) for relation in relations),
        id=id,
    )


def named_relations(document: Document) -> list[tuple[str, str, str]]:
    """The type, the head and the tail of each relation, as they are written."""
    texts = [document.entity_text(entity) for entity in document.entities]
    return [
        (relation.type, texts[relation.head], texts[relation.tail])
        for relation in document.relations
    ]


_TOKENS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=4).filter(
    lambda token: bool(token.strip())
)
_WHITE_SPACE = st.text(" \t\u00a0\n", max_size=2)
_ENTITY_TYPES = st.sampled_from(["Peop", "Loc", "Adverse-Effect"])
_RELATION_TYPES = st.sampled_from(["Kill", "Live_In"])


@st.composite
def annotations(
    draw: st.DrawFn, tokens: tuple[str, ...], overlaps: bool = True
) -> tuple[tuple[Entity, ...], tuple[Relation, ...]]:
    """Entities of the tokens, and relations between them."""
    entities: list[Entity] = []
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(tokens) - 1))
        end = draw(st.integers(start + 1, min(start + 4, len(tokens))))
        entity = Entity(draw(_ENTITY_TYPES), start, end)
        if entity not in entities and (
            overlaps or not any(entity.overlaps(other) for other in entities)
        ):
            entities.append(entity)
    relations: dict[tuple[str, int, int], Relation] = {}
    if len(entities) > 1:
        for _ in range(draw(st.integers(0, 4))):
            head = draw(st.integers(0, len(entities) - 1))
            tail = (head + draw(st.integers(1, len(entities) - 1))) % len(entities)
            type = draw(_RELATION_TYPES)
            probability = draw(st.none() | st.floats(0, 1))
            relations[type, head, tail] = Relation(type, head, tail, probability)
    return tuple(entities), tuple(relations.values())


@st.composite
def documents(draw: st.DrawFn, overlaps: bool = True) -> Document:
    """Any valid document; its text is there or not."""
    tokens = tuple(draw(st.lists(_TOKENS, min_size=1, max_size=8)))
    entities, relations = draw(annotations(tokens, overlaps))
    id = draw(st.none() | st.text("abc1"))
    start_char = draw(st.none() | st.integers(0, 9))
    if draw(st.booleans()):
        return Document(tokens, entities, relations, id, start_char=start_char)
    text = draw(_WHITE_SPACE)
    offsets = []
    for token in tokens:
        offsets.append((len(text), len(text) + len(token)))
        text += token + draw(_WHITE_SPACE)
    return Document(tokens, entities, relations, id, text, tuple(offsets), start_char)


@st.composite
def annotated_twice(draw: st.DrawFn) -> list[tuple[Document, Document]]:
    """Sentences, each with two independent annotations."""
    pairs = []
    for _ in range(draw(st.integers(1, 4))):
        tokens = tuple("abcdef"[: draw(st.integers(2, 6))])
        one, other = (Document(tokens, *draw(annotations(tokens))) for _ in range(2))
        pairs.append((one, other))
    return pairs
