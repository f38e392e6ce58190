"""
The tab-separated format of multi-head selection (Bekoulis et al., 2018).

A document begins with `#doc` and its identifier. Each of its tokens is a line: its number from 0,
the token, its tag (BIO), and two lists in Python's syntax: the types of the relations of which it
is the head, and the tokens that are their tails. The last token of an entity represents it in
relations. A token without relations has `['N']` and its own number.
"""

import ast
import re
from dataclasses import dataclass, replace
from typing import Any, Iterator, Optional, Sequence, Union

from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr, open_atomically
from dts_ee.corpora.lines import read_lines
from dts_ee.corpora.record_errors import RecordErrors
from dts_ee.corpora.tags import entities_to_tags, tags_to_entities
from dts_ee.corpora.token_rows import lost_with_tokens, one_cell, without_overlaps
from dts_ee.document import Document, DocumentError, Entity, Relation

NO_RELATION = "N"

_HEADER = "#doc"
_COLUMNS = ("number", "token", "tag", "relations", "tails")


@dataclass(frozen=True)
class _Row:
    line: int
    token: str
    tag: str
    relations: list[str]
    tails: list[int]


def read_multihead(path: PathOrStr, on_error: Optional[str] = None) -> Corpus:
    """
    The documents of a file.

    # Parameters

    path : `PathOrStr`
        The file.
    on_error : `str`, optional (default = `None`)
        What happens to an invalid document; see `RecordErrors`.

    # Raises

    `DocumentError`
        If the file cannot be read, or a line has a wrong number of columns or an invalid value.
    """
    documents = []
    remarks: list[Remark] = []
    errors = RecordErrors(path, on_error)
    for name, lines in _blocks(path):
        with errors.located(name):
            if name is None:
                raise DocumentError(f'line {lines[0][0]} comes before the first "{_HEADER}"')
            rows = [_row(number, line, i) for i, (number, line) in enumerate(lines)]
            document, of_document = _document(name, rows)
            documents.append(document)
            remarks.extend(of_document)
    return Corpus.of_sentences(documents, [*remarks, *errors.remarks])


def _blocks(path: PathOrStr) -> list[tuple[Optional[str], list[tuple[int, str]]]]:
    """
    The identifier, or else the location, of each document, and its lines with their numbers.

    Lines before the first document are a block with neither.
    """
    blocks: list[tuple[Optional[str], list[tuple[int, str]]]] = []
    for number, line in read_lines(path):
        # A token's number cannot begin like this.
        if line.startswith(_HEADER):
            id = line[len(_HEADER) :].removeprefix(" ")
            blocks.append((id or f"line {number}", []))
            continue
        if not blocks:
            blocks.append((None, []))
        blocks[-1][1].append((number, line))
    return blocks


def _row(line: int, text: str, number: int) -> _Row:
    cells = text.split("\t")
    if len(cells) != len(_COLUMNS):
        raise DocumentError(
            f"line {line} has {len(cells)} columns, not {len(_COLUMNS)}: {', '.join(_COLUMNS)}"
        )
    if cells[0] != str(number):
        raise DocumentError(f"the token of line {line} is {number}, not {cells[0]!r}")
    if not re.fullmatch("O|[BI]-.+", cells[2]):
        raise DocumentError(f"the tag of line {line} is {cells[2]!r}, not O, B-… or I-…")
    relations, tails = (_list(cells[i], type, line) for i, type in ((3, str), (4, int)))
    if len(relations) != len(tails):
        raise DocumentError(f"line {line} has {len(relations)} relations, but {len(tails)} tails")
    return _Row(line, cells[1], cells[2], relations, tails)


def _list(cell: str, type: type, line: int) -> list[Any]:
    try:
        values = ast.literal_eval(cell)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        values = None
    # `isinstance` takes booleans for numbers.
    if not isinstance(values, list) or any(value.__class__ is not type for value in values):
        kind = "words" if type is str else "numbers"
        raise DocumentError(f"{cell!r} in line {line} is not a list of {kind}")
    return values


def _document(id: str, rows: Sequence[_Row]) -> tuple[Document, list[Remark]]:
    remarks: list[Remark] = []
    entities = tags_to_entities([row.tag for row in rows])
    entity_at: dict[int, int] = {}
    for index, entity in enumerate(entities):
        entity_at.update(dict.fromkeys(range(entity.start, entity.end), index))
        first = rows[entity.start]
        if first.tag.startswith("I-"):
            remarks.append(
                Remark(
                    "entity that begins with I-",
                    f"{first.tag} at {first.token!r}",
                    False,
                    id,
                    f"line {first.line}",
                )
            )
    relations: dict[Relation, None] = {}
    for i, row in enumerate(rows):
        for type, tail in zip(row.relations, row.tails, strict=True):
            if type == NO_RELATION and tail == i:
                continue
            if not 0 <= tail < len(rows):
                raise DocumentError(f"line {row.line} has a tail at {tail}: there is no such token")
            relation = _relation(type, i, tail, entities, entity_at)
            detail = f"{type} from {row.token!r} to {rows[tail].token!r}"
            if isinstance(relation, str):
                remarks.append(Remark(relation, detail, True, id, f"line {row.line}"))
                continue
            ends = {entities[relation.head].end - 1: i, entities[relation.tail].end - 1: tail}
            if any(last != token for last, token in ends.items()):
                remarks.append(
                    Remark(
                        "relation not at the last token of an entity",
                        detail,
                        False,
                        id,
                        f"line {row.line}",
                    )
                )
            if relation in relations:
                remarks.append(
                    Remark("relation is there twice", detail, False, id, f"line {row.line}")
                )
            relations[relation] = None
    document = Document(
        tokens=tuple(row.token for row in rows),
        entities=tuple(entities),
        relations=tuple(relations),
        id=id,
    )
    return document, remarks


def _relation(
    type: str, head: int, tail: int, entities: Sequence[Entity], entity_at: dict[int, int]
) -> Union[Relation, str]:
    """The relation between two tokens, or the reason why there is none."""
    if head not in entity_at or tail not in entity_at:
        return "relation of a token that is in no entity"
    if entity_at[head] == entity_at[tail]:
        return "relation of an entity with itself"
    return Relation(type, entity_at[head], entity_at[tail])


def write_multihead(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes a file, completely or not at all.

    # Returns

    `list[Remark]`
        What the format cannot express: entities that overlap a longer one, texts, probabilities,
        and tabs and line ends in a token, a type or an identifier.
    """
    remarks: list[Remark] = []
    with open_atomically(path) as file:
        for number, document in enumerate(documents, start=1):
            remarks.extend(lost_with_tokens(document))
            flat, lost = without_overlaps(document)
            remarks.extend(lost)
            id = one_cell(str(number) if flat.id is None else flat.id, flat, remarks)
            file.write(f"{_HEADER} {id}\n")
            for row in _rows(flat, remarks):
                file.write(row + "\n")
    return remarks


def _rows(document: Document, remarks: list[Remark]) -> Iterator[str]:
    entities = [
        replace(entity, type=one_cell(entity.type, document, remarks))
        for entity in document.entities
    ]
    tags = entities_to_tags(entities, len(document.tokens))
    relations: dict[int, list[tuple[str, int]]] = {}
    for relation in document.relations:
        head, tail = (document.entities[index].end - 1 for index in (relation.head, relation.tail))
        relations.setdefault(head, []).append((relation.type, tail))
    for i, (token, tag) in enumerate(zip(document.tokens, tags, strict=True)):
        cells = relations.get(i, [(NO_RELATION, i)])
        types, tails = [type for type, _ in cells], [tail for _, tail in cells]
        yield f"{i}\t{one_cell(token, document, remarks)}\t{tag}\t{types}\t{tails}"
