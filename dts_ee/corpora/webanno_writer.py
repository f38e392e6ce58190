"""
Writing WebAnno TSV 3.3.
"""

from typing import Sequence

from dts_ee.corpora.corpus import Remark
from dts_ee.corpora.files import PathOrStr, open_atomically
from dts_ee.corpora.token_rows import lost_position, lost_probabilities
from dts_ee.corpora.webanno_layers import (
    RELATION_LAYER,
    SPAN_LAYER,
    Layer,
    escaped_text,
    escaped_value,
    header,
)
from dts_ee.document import Document

# What a new project of INCEpTION has.
_ENTITIES = Layer(SPAN_LAYER, "custom.Span", ("label",))
_RELATIONS = Layer(RELATION_LAYER, "custom.Relation", ("label", f"BT_{_ENTITIES.name}"))


def write_webanno_tsv(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes a file, completely or not at all; the documents are its sentences.

    The layers are those of a new project of INCEpTION, `custom.Span` and `custom.Relation`.

    # Returns

    `list[Remark]`
        What the format cannot express: white space around a sentence, probabilities and positions
        in a longer text.
    """
    remarks: list[Remark] = []
    with open_atomically(path) as file:
        file.write(header([_ENTITIES, _RELATIONS]))
        offset = 0
        next_id = 1
        for number, document in enumerate(documents, start=1):
            remarks += lost_probabilities(document) + lost_position(document)
            text = " ".join(document.tokens) if document.text is None else document.text
            if text != text.strip():
                remarks.append(
                    Remark("white space around a sentence", repr(text), document=document.id)
                )
            first, last = document.character_span(0, len(document.tokens))
            if document.id is not None:
                file.write(f"#Sentence.id={escaped_text(document.id)}\n")
            for line in text[first:last].split("\n"):
                file.write(f"#Text={escaped_text(line)}\n")
            ids = [next_id + i for i in range(len(document.entities))]
            next_id += len(ids)
            cells = _cells(document, number, ids)
            for i, token in enumerate(document.tokens):
                start, end = document.character_span(i, i + 1)
                begin = offset + _length(text[first:start])
                span = f"{begin}-{begin + _length(text[start:end])}"
                row = [f"{number}-{i + 1}", span, escaped_text(token), *cells[i]]
                file.write("\t".join(row) + "\t\n")
            file.write("\n")
            offset += _length(text[first:last]) + 1
    return remarks


def _length(text: str) -> int:
    """The number of UTF-16 code units."""
    return len(text.encode("utf-16-le")) // 2


def _cells(document: Document, sentence: int, ids: Sequence[int]) -> list[list[str]]:
    """The cells of each token: entities, relations and the heads of these."""
    entities: list[list[str]] = [[] for _ in document.tokens]
    for entity, id in zip(document.entities, ids, strict=True):
        for i in range(entity.start, entity.end):
            entities[i].append(f"{escaped_value(entity.type)}[{id}]")
    relations: list[list[str]] = [[] for _ in document.tokens]
    heads: list[list[str]] = [[] for _ in document.tokens]
    for relation in document.relations:
        head, tail = document.entities[relation.head], document.entities[relation.tail]
        relations[tail.start].append(escaped_value(relation.type))
        address = f"{sentence}-{head.start + 1}"
        heads[tail.start].append(f"{address}[{ids[relation.head]}_{ids[relation.tail]}]")
    columns = zip(entities, relations, heads, strict=True)
    return [["|".join(cell) or "_" for cell in cells] for cells in columns]
