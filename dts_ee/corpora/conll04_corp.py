"""
CoNLL04 as Roth and Yih (2004) published it: the file `conll04.corp`.

Each sentence is a block of lines with nine columns, of which the first is the sentence's number,
the second the entity's type, the third the number of the row, the fifth its part of speech and the
sixth its words. An entity is one row, its words joined by slashes, as are their parts of speech.
After a blank line come the sentence's relations: the numbers of two rows and a type.
"""

import re
from dataclasses import dataclass, field
from typing import Sequence

from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr
from dts_ee.corpora.lines import read_lines
from dts_ee.document import Document, DocumentError, Entity, Relation

_NUM_TOKEN_COLUMNS = 9
_NUM_RELATION_COLUMNS = 3
_NONE = "O"

_WORDS = {"COMMA": ",", "-LRB-": "(", "-RRB-": ")"}


@dataclass
class _Block:
    id: str
    line: int
    tokens: list[str] = field(default_factory=list)
    rows: list[tuple[int, int, str]] = field(default_factory=list)
    """The start and end tokens and the type of each row; the end is exclusive."""
    relations: list[tuple[int, int, int, str]] = field(default_factory=list)
    """The line, the rows of head and tail, and the type of each relation."""

    remarks: list[Remark] = field(default_factory=list)


def read_conll04_corp(path: PathOrStr) -> Corpus:
    """
    The sentences of the file. `COMMA`, `-LRB-` and `-RRB-` become `,`, `(` and `)`.

    # Raises

    `DocumentError`
        If the file cannot be read, or a line has neither nine columns nor three, or wrong numbers
        of rows.
    """
    blocks: list[_Block] = []
    documents = []
    remarks: list[Remark] = []
    try:
        for number, line in read_lines(path):
            _add(blocks, number, [cell.strip() for cell in line.strip().split("\t")])
        for block in blocks:
            remarks.extend(block.remarks)
            documents.append(_document(block, remarks))
    except DocumentError as error:
        raise error.located(None, str(path)) from None
    return Corpus.of_sentences(documents, remarks)


def _add(blocks: list[_Block], number: int, cells: Sequence[str]) -> None:
    """Adds a line to the sentence that it belongs to."""
    if len(cells) == _NUM_TOKEN_COLUMNS:
        row = _number(cells[2], number)
        if row == 0 or not blocks:
            blocks.append(_Block(cells[0], number))
        block = blocks[-1]
        if row != len(block.rows) or block.relations:
            raise DocumentError(
                f"line {number} has the number {row}, but should have {len(block.rows)}",
                None,
                cells[0],
            )
        words = _words(cells[5], cells[4])
        if len(words) == 1 and "/" in cells[4] and "/" in cells[5]:
            detail = f"{cells[5]!r} stays one token, because of {cells[4]!r}"
            block.remarks.append(
                Remark(
                    "words are not as many as parts of speech",
                    detail,
                    False,
                    block.id,
                    f"line {number}",
                )
            )
        start = len(block.tokens)
        block.tokens.extend(words)
        block.rows.append((start, start + len(words), cells[1]))
    elif len(cells) == _NUM_RELATION_COLUMNS:
        if not blocks:
            raise DocumentError(f"line {number} is a relation before the first sentence")
        head, tail = _number(cells[0], number), _number(cells[1], number)
        for row in (head, tail):
            if row >= len(blocks[-1].rows):
                raise DocumentError(
                    f"line {number} names row {row}, which is missing", None, blocks[-1].id
                )
        blocks[-1].relations.append((number, head, tail, cells[2]))
    else:
        raise DocumentError(
            f"line {number} has {len(cells)} columns; a row has {_NUM_TOKEN_COLUMNS}, a relation "
            f"{_NUM_RELATION_COLUMNS}"
        )


def _number(cell: str, line: int) -> int:
    if not re.fullmatch("[0-9]+", cell):
        raise DocumentError(f"line {line} has {cell!r} instead of a number")
    return int(cell)


def _words(cell: str, parts_of_speech: str) -> list[str]:
    words = cell.split("/")
    # A slash may be part of a word, which then has one part of speech.
    if len(words) != len(parts_of_speech.split("/")) or not all(words):
        words = [cell]
    return [_WORDS.get(word, word) for word in words]


def _document(block: _Block, remarks: list[Remark]) -> Document:
    entities: list[Entity] = []
    entity_of: dict[int, int] = {}
    for i, (start, end, type) in enumerate(block.rows):
        if type != _NONE:
            entity_of[i] = len(entities)
            entities.append(Entity(type, start, end))
    relations: dict[Relation, None] = {}
    for line, head, tail, type in block.relations:
        names = [" ".join(block.tokens[slice(*block.rows[row][:2])]) for row in (head, tail)]
        problem, lost = "", True
        if head not in entity_of or tail not in entity_of:
            problem = "relation of words that are no entity"
        elif head == tail:
            problem = "relation of an entity with itself"
        else:
            relation = Relation(type, entity_of[head], entity_of[tail])
            if relation in relations:
                problem, lost = "relation is there twice", False
            relations[relation] = None
        if problem:
            detail = f"{type} from {names[0]!r} to {names[1]!r}"
            remarks.append(Remark(problem, detail, lost, block.id, f"line {line}"))
    return Document(
        tokens=tuple(block.tokens),
        entities=tuple(entities),
        relations=tuple(relations),
        id=block.id,
    )
