"""The columns of the output, and their documents."""

import json
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

import pyarrow as pa

from dts_ee.document import Document, Entity, Relation
from dts_ee.scale.row_columns import JSON_LINE, SOURCE_FILE, SOURCE_ROW, RowColumns
from dts_ee.tasks import TASKS

METADATA_KEY = b"dts_ee"
"""The key of the schema's metadata for what this package writes there, as JSON."""

_INDEX = pa.int32()
_TEXT = pa.string()
_SPAN = [("start", _INDEX), ("end", _INDEX), ("start_char", _INDEX), ("end_char", _INDEX)]
_LISTS: Dict[str, List[Tuple[str, pa.DataType]]] = {
    "tokens": [("text", _TEXT), ("start_char", _INDEX), ("end_char", _INDEX)],
    "sentences": _SPAN,
    "entities": [("type", _TEXT), *_SPAN, ("text", _TEXT), ("probability", pa.float64())],
    "relations": [
        ("type", _TEXT),
        ("head", _INDEX),
        ("tail", _INDEX),
        ("probability", pa.float64()),
    ],
}
"""The columns that are lists of structs, with the fields of these."""


def prediction_fields() -> List[pa.Field]:
    """
    The columns that are predicted, for each row.

    Spans of entities and sentences are indices of the row's `tokens`, `head` and `tail` of its
    `entities`; characters are counted in the row's text. All ends are exclusive. Lists are null
    where there is an `error`. Further tasks have a column of their own, with one JSON value a
    sentence.
    """
    lists = [pa.field(name, pa.list_(pa.struct(fields))) for name, fields in _LISTS.items()]
    further = [pa.field(key, pa.list_(_TEXT)) for key in _further_keys()]
    return [*lists, *further, pa.field("warnings", pa.list_(_TEXT)), pa.field("error", _TEXT)]


def output_schema(input_schema: pa.Schema, columns: RowColumns) -> pa.Schema:
    """
    The schema of the output for an input's.

    It has the source of a row, if the input has it, the columns that are copied, and
    `prediction_fields`. Values that are copied from JSON are strings.
    """
    names = [name for name in (SOURCE_FILE, SOURCE_ROW) if name in input_schema.names]
    fields = [input_schema.field(name) for name in names]
    for name in columns.copied:
        is_json = JSON_LINE in input_schema.names
        fields.append(pa.field(name, _TEXT) if is_json else input_schema.field(name))
    return pa.schema([*fields, *prediction_fields()])


class PredictionColumns:
    """Collects the predicted columns of a batch, row by row."""

    def __init__(self) -> None:
        self._lists = {name: _StructLists(fields) for name, fields in _LISTS.items()}
        self._further: Dict[str, List[Optional[List[str]]]] = {key: [] for key in _further_keys()}
        self._warnings: List[Optional[List[str]]] = []
        self._errors: List[Optional[str]] = []

    def add(self, sentences: Sequence[Document], warnings: Iterable[str]) -> None:
        """Adds a row with its predicted sentences."""
        rows: Dict[str, List[Tuple]] = {name: [] for name in _LISTS}
        for document in sentences:
            _add_sentence(document, rows)
        for name, values in rows.items():
            self._lists[name].add(values)
        for key, column in self._further.items():
            column.append([json.dumps(document.extra.get(key)) for document in sentences])
        self._warnings.append(list(warnings))
        self._errors.append(None)

    def add_error(self, message: str) -> None:
        """Adds a row that could not be predicted."""
        for column in self._lists.values():
            column.add(None)
        for further in self._further.values():
            further.append(None)
        self._warnings.append(None)
        self._errors.append(message)

    def arrays(self) -> List[pa.Array]:
        """The arrays of `prediction_fields`."""
        lists = [column.array() for column in self._lists.values()]
        further = [pa.array(column, pa.list_(_TEXT)) for column in self._further.values()]
        warnings = pa.array(self._warnings, pa.list_(_TEXT))
        return [*lists, *further, warnings, pa.array(self._errors, _TEXT)]


class _StructLists:
    """A column of lists of structs. Its fields are columns too, which is quick to build."""

    def __init__(self, fields: Sequence[Tuple[str, pa.DataType]]) -> None:
        self._fields = fields
        self._values: List[List[Any]] = [[] for _ in fields]
        self._starts: List[Optional[int]] = []

    def add(self, structs: Optional[Sequence[Tuple]]) -> None:
        self._starts.append(None if structs is None else len(self._values[0]))
        if structs:
            for column, values in zip(self._values, zip(*structs)):
                column.extend(values)

    def array(self) -> pa.Array:
        arrays = [pa.array(v, type) for v, (_, type) in zip(self._values, self._fields)]
        structs = pa.StructArray.from_arrays(
            arrays, fields=list(map(pa.field, *zip(*self._fields)))
        )
        offsets = pa.array([*self._starts, len(self._values[0])], pa.int32())
        return pa.ListArray.from_arrays(offsets, structs)


def _add_sentence(document: Document, rows: Mapping[str, List[Tuple]]) -> None:
    first = len(rows["tokens"])
    first_entity = len(rows["entities"])
    first_char = document.start_char or 0
    offsets = document.token_offsets or _offsets_of_joined(document.tokens)
    length = offsets[-1][1] if document.text is None else len(document.text)
    rows["tokens"] += [
        (token, first_char + start, first_char + end)
        for token, (start, end) in zip(document.tokens, offsets)
    ]
    last = first + len(document.tokens)
    rows["sentences"].append((first, last, first_char, first_char + length))
    for entity in document.entities:
        span = (first + entity.start, first + entity.end)
        start, end = first_char + offsets[entity.start][0], first_char + offsets[entity.end - 1][1]
        text = document.entity_text(entity)
        rows["entities"].append((entity.type, *span, start, end, text, entity.probability))
    for relation in document.relations:
        head, tail = first_entity + relation.head, first_entity + relation.tail
        rows["relations"].append((relation.type, head, tail, relation.probability))


def _offsets_of_joined(tokens: Sequence[str]) -> List[Tuple[int, int]]:
    """The characters of tokens that are joined by spaces."""
    offsets = []
    start = 0
    for token in tokens:
        offsets.append((start, start + len(token)))
        start += len(token) + 1
    return offsets


def documents_of_row(row: Mapping[str, Any], text: Optional[str] = None) -> List[Document]:
    """
    The documents of a row of the output, one for each sentence.

    # Parameters

    row : `Mapping[str, Any]`
        The row, as `to_pylist` returns it. It must have no `error`.
    text : `str`, optional (default = `None`)
        The row's text, which the output only has if it was kept. With it, documents have their
        texts and offsets.
    """
    documents: List[Document] = []
    first_entity = 0
    for sentence in row["sentences"]:
        first, last, first_char = sentence["start"], sentence["end"], sentence["start_char"]
        tokens = row["tokens"][first:last]
        entities = [item for item in row["entities"] if first <= item["start"] < last]
        last_entity = first_entity + len(entities)
        offsets = [(t["start_char"] - first_char, t["end_char"] - first_char) for t in tokens]
        documents.append(
            Document(
                tokens=tuple(token["text"] for token in tokens),
                entities=tuple(
                    Entity(e["type"], e["start"] - first, e["end"] - first, e["probability"])
                    for e in entities
                ),
                relations=tuple(
                    Relation(
                        r["type"],
                        r["head"] - first_entity,
                        r["tail"] - first_entity,
                        r["probability"],
                    )
                    for r in row["relations"]
                    if first_entity <= r["head"] < last_entity
                ),
                text=None if text is None else text[first_char : sentence["end_char"]],
                token_offsets=None if text is None else tuple(offsets),
                start_char=first_char,
                extra={key: json.loads(row[key][len(documents)]) for key in _further_keys()},
            )
        )
        first_entity = last_entity
    return documents


def _further_keys() -> List[str]:
    return [task.key for task in TASKS.values() if task.key is not None]
