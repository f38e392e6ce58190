"""
WebAnno TSV 3.3, the format of INCEpTION: a line for each token, columns for each layer.

A line is the token's number, its characters in UTF-16 code units, the token, and the cells of the
layers; lines such as `1-3.1` are of a part of the token before them. An annotation of several
tokens has a number in brackets, and so have those that share a token. A relation is in the line of
its tail, with the number of its head's token.
"""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Optional

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr, is_hidden
from dts_ee.corpora.html_text import code_point_index
from dts_ee.corpora.lines import read_lines
from dts_ee.corpora.record_errors import RecordErrors
from dts_ee.corpora.text_reading import Spans, TextReading
from dts_ee.corpora.unread import Unread
from dts_ee.corpora.webanno_layers import (
    FORMAT,
    RELATION_LAYER,
    SPAN_LAYER,
    Item,
    Layer,
    items,
    layer,
    unescaped,
)
from dts_ee.document import Document, DocumentError

_SUFFIX = ".tsv"
_TEXT = "#Text="
_SENTENCE_ID = "#Sentence.id="


def read_webanno_tsv(
    path: PathOrStr, reading: TextReading, on_error: Optional[str] = None
) -> Corpus:
    """
    The sentences of a file, or of all files in a folder; the files are the groups.

    The annotations of span layers are entities, and those of relation layers relations, with the
    feature `value` or `label`, or else the first one, as their type. Layers of INCEpTION about
    words, such as parts of speech, chains and other features are lost.

    # Parameters

    path : `PathOrStr`
        The `.tsv` file, or a folder with such files.
    reading : `TextReading`
        How many sentences become one document; sentences and tokens are those of the files.
    on_error : `str`, optional (default = `None`)
        What happens to an invalid file; see `RecordErrors`.

    # Raises

    `DocumentError`
        If a file cannot be read, or a line is invalid.
    """
    documents: list[Document] = []
    groups: list[str] = []
    remarks: list[Remark] = []
    unread = Unread()
    errors = RecordErrors(path, on_error)
    for name, file in _files(Path(path)):
        with errors.located(None, file):
            text = _File(name, file, unread)
            sentences = text.documents(reading)
            documents.extend(sentences)
            groups.extend(name for _ in sentences)
            remarks.extend(text.annotated.remarks)
    return Corpus(documents, groups, [*remarks, *errors.remarks, *unread.remarks()])


def _files(path: Path) -> list[tuple[str, Path]]:
    if not path.is_dir():
        return [(path.name.removesuffix(".gz").removesuffix(_SUFFIX), path)]
    names = sorted(file.relative_to(path) for file in path.rglob(f"*{_SUFFIX}"))
    files = [
        (name.as_posix().removesuffix(_SUFFIX), path / name)
        for name in names
        if not is_hidden(name)
    ]
    if not files:
        raise DocumentError(f"there are no {_SUFFIX} files in the folder", path=str(path))
    return files


@dataclass
class _Row:
    """
    A token, or a part of one.

    `number` is that of the token in the file, and `span` its characters in the text.
    """

    location: str
    address: str
    number: int
    span: tuple[int, int]
    cells: list[str]


@dataclass
class _Sentence:
    """The lines of a sentence, split at tabs, with their numbers."""

    id: Optional[str] = None
    text: list[str] = field(default_factory=list)
    rows: list[tuple[int, list[str]]] = field(default_factory=list)


class _File:
    """The text of a file, with its annotations."""

    def __init__(self, name: str, path: Path, unread: Unread) -> None:
        self._unread = unread
        self._layers: list[Layer] = []
        self._sentence_ids: list[Optional[str]] = []
        self._rows: list[_Row] = []
        self._tokens: Spans = []
        self.annotated = AnnotatedText(name, "")
        text = ""
        starts = []
        for sentence in self._sentences(path):
            if not sentence.rows:
                continue
            if text:
                text += "\n"
            self._sentence_ids.append(sentence.id)
            content = unescaped("\n".join(sentence.text))
            starts.append(len(text))
            self._add_rows(sentence, content, len(text))
            text += content
        self.annotated.text = text
        self.annotated.tokens = self._tokens
        self.annotated.sentence_starts = starts[1:]
        # By the name of a layer and the address of a row: the keys of the entities there, with
        # their identifiers.
        self._entities: dict[tuple[str, str], list[tuple[int, int]]] = {}
        self._num_entities = 0
        column = 0
        relations = []
        for item in self._layers:
            if item.is_linguistic or item.kind not in (SPAN_LAYER, RELATION_LAYER):
                self._count(item, column)
            elif item.kind == SPAN_LAYER:
                self._add_entities(item, column)
            else:
                relations.append((item, column))
            column += len(item.features)
        for item, column in relations:
            self._add_relations(item, column)

    def documents(self, reading: TextReading) -> list[Document]:
        """The sentences, with their identifiers in the file if it has them."""
        documents = self.annotated.documents(reading)
        # Sentences that were joined have none.
        if len(documents) != len(self._sentence_ids):
            return documents
        return [
            document if id is None else replace(document, id=id)
            for document, id in zip(documents, self._sentence_ids, strict=True)
        ]

    def _sentences(self, path: Path) -> list[_Sentence]:
        sentences = [_Sentence()]
        for position, (number, line) in enumerate(read_lines(path)):
            if position == 0:
                if not line.startswith(FORMAT):
                    raise DocumentError(f"the first line is not {FORMAT}.3, but {line[:40]!r}")
            elif line.startswith(_SENTENCE_ID):
                # The next sentence begins with its identifier or its text.
                sentences.append(_Sentence(unescaped(line.removeprefix(_SENTENCE_ID))))
            elif line.startswith(_TEXT):
                if sentences[-1].rows:
                    sentences.append(_Sentence())
                sentences[-1].text.append(line.removeprefix(_TEXT))
            elif re.match(r"[0-9]+-[0-9]+(\.[0-9]+)?\t", line):
                sentences[-1].rows.append((number, line.split("\t")))
            elif (found := layer(line)) is not None:
                self._layers.append(found)
            elif not line.startswith("#"):
                raise DocumentError(f"line {number} is no token: {line[:40]!r}")
        return sentences

    def _add_rows(self, sentence: _Sentence, text: str, start: int) -> None:
        num_columns = sum(len(item.features) for item in self._layers)
        position = 0
        token, token_offset = (0, 0), 0
        for number, cells in sentence.rows:
            location = f"line {number}"
            if len(cells) < 3 + num_columns:
                raise DocumentError(f"{location} has {len(cells)} columns, not {3 + num_columns}")
            offsets = re.fullmatch(r"([0-9]{1,18})-([0-9]{1,18})", cells[1])
            if offsets is None:
                raise DocumentError(f"{location}: {cells[1]!r} are no offsets, as in 0-4")
            first, last = int(offsets[1]), int(offsets[2])
            word = unescaped(cells[2])
            if "." not in cells[0]:
                found = text.find(word, position)
                if found < 0 or not word.strip():
                    raise DocumentError(
                        f"{location}: {word!r} is not in the text of the sentence after "
                        f"character {position}"
                    )
                self._add_tokens_between(text, position, found, start)
                position = found + len(word)
                token, token_offset = (start + found, start + position), first
                self._tokens.append(token)
                span = token
            else:
                of_token = text[token[0] - start : token[1] - start]
                ends = [code_point_index(of_token, end - token_offset) for end in (first, last)]
                span = (token[0] + ends[0], min(token[0] + ends[1], token[1]))
            number_of_token = len(self._tokens)
            columns = cells[3 : 3 + num_columns]
            self._rows.append(_Row(location, cells[0], number_of_token, span, columns))
        self._add_tokens_between(text, position, len(text), start)

    def _add_tokens_between(self, text: str, first: int, last: int, start: int) -> None:
        for match in re.finditer(r"\S+", text[first:last]):
            self._tokens.append((start + first + match.start(), start + first + match.end()))
            self.annotated.remark("text in no token", repr(match[0]), lost=False)

    def _count(self, item: Layer, column: int) -> None:
        """Counts the annotations of a layer that is not read, in each row."""
        for row in self._rows:
            number = len(items(row.cells[column]))
            if number:
                self._unread.add(f"layer {item.name}", self.annotated.id, number)

    def _add_entities(self, item: Layer, column: int) -> None:
        # The entity of each identifier, and the number of its last token.
        last: dict[int, tuple[int, int]] = {}
        for row in self._rows:
            annotations = self._annotations(item, row, column)
            for id, type in annotations:
                key, number = last.get(id, (0, -1))
                # An identifier that comes again further on is that of another annotation.
                if id and number >= row.number - 1:
                    self._extend(key, row.span)
                else:
                    key = self._num_entities
                    self._num_entities += 1
                    self.annotated.entities.append(TextEntity(key, type, *row.span, row.location))
                last[id] = key, row.number
                at_row = self._entities.setdefault((item.name, row.address), [])
                at_row.append((id, key))

    def _extend(self, key: int, span: tuple[int, int]) -> None:
        entity = self.annotated.entities[key]
        self.annotated.entities[key] = replace(
            entity, start=min(entity.start, span[0]), end=max(entity.end, span[1])
        )

    def _annotations(self, item: Layer, row: _Row, column: int) -> list[tuple[int, str]]:
        """The identifiers and the types of a layer's annotations in a row."""
        columns = [items(row.cells[column + i]) for i in range(len(item.features))]
        type_column = item.type_column
        for i, values in enumerate(columns):
            name = item.features[i]
            if i != type_column and name != item.base_column and any(map(_has_value, values)):
                self._unread.add(f"feature {name} of {item.name}", self.annotated.id)
        values = columns[0 if type_column is None else type_column]
        types = [
            value.value if type_column is not None and value.value else item.short_name
            for value in values
        ]
        return [(value.id, type) for value, type in zip(values, types, strict=True)]

    def _add_relations(self, item: Layer, column: int) -> None:
        for row in self._rows:
            heads = row.cells[column + len(item.features) - 1]
            if heads == "_":
                continue
            types = [type for _, type in self._annotations(item, row, column)]
            addresses = heads.split("|")
            if len(item.features) == 1:
                types = [item.short_name] * len(addresses)
            if len(types) != len(addresses):
                raise DocumentError(
                    f"{row.location} has {len(types)} relations of {item.name}, but "
                    f"{len(addresses)} heads"
                )
            for type, address in zip(types, addresses, strict=True):
                match = re.fullmatch(
                    r"([0-9]+-[0-9]+(?:\.[0-9]+)?)(?:\[([0-9]{1,9})_([0-9]{1,9})\])?", address
                )
                if match is None:
                    raise DocumentError(
                        f"{row.location}: {address!r} is no token, as in 1-3 or 1-3[0_2]"
                    )
                head = self._key(item.base, match[1], int(match[2] or 0))
                tail = self._key(item.base, row.address, int(match[3] or 0))
                self.annotated.relations.append(TextRelation(type, head, tail, row.location))

    def _key(self, layer_name: str, address: str, id: int) -> object:
        """The key of an entity, or the address if there is none."""
        entities = self._entities.get((layer_name, address), [])
        for own_id, key in entities:
            if own_id == id or (id == 0 and len(entities) == 1):
                return key
        return f"token {address}"


def _has_value(item: Item) -> bool:
    return item.value is not None
