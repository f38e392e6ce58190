"""
Tables of relations: a text, a head, a relation and a tail in each row, as CSV or TSV.

The first row names the columns, in any order: `text`, `head`, `relation` and `tail`, and optionally
`id`, `head_type`, `tail_type`, `head_start` and `tail_start` (the first characters of head and tail
in the text), and for predictions `probability`, `head_probability` and `tail_probability`. Rows of
one text, or of one `id`, are one document. A row without a relation has an entity, two, or none:
what the text has without relations.
"""

import csv
import io
import os
import re
from typing import Literal, Optional, Sequence, Union

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr, open_atomically, read_text
from dts_ee.corpora.json_values import as_probability
from dts_ee.corpora.occurrences import nearest_pair, occurrences
from dts_ee.corpora.record_errors import RecordErrors
from dts_ee.corpora.text_reading import Spans, TextReading
from dts_ee.corpora.token_rows import lost_position, lost_probabilities, lost_token_borders
from dts_ee.corpora.unread import Unread
from dts_ee.document import Document, DocumentError, Entity, Relation

COLUMNS = (
    "id",
    "text",
    "head",
    "head_type",
    "head_start",
    "relation",
    "tail",
    "tail_type",
    "tail_start",
)
PROBABILITIES = ("probability", "head_probability", "tail_probability")

_OTHER_NAMES = {
    "text": ("sentence", "sent", "context", "passage", "document"),
    "head": ("subject", "subj", "entity1", "entity_1", "e1", "head_entity", "source", "arg1"),
    "tail": ("object", "obj", "entity2", "entity_2", "e2", "tail_entity", "target", "arg2"),
    "relation": ("predicate", "rel", "relation_type", "label"),
    "head_type": ("subject_type", "subj_type", "entity1_type", "e1_type", "source_type"),
    "tail_type": ("object_type", "obj_type", "entity2_type", "e2_type", "target_type"),
    "head_start": ("subject_start", "subj_start", "entity1_start", "e1_start"),
    "tail_start": ("object_start", "obj_start", "entity2_start", "e2_start"),
    "id": ("doc_id", "document_id", "sentence_id", "orig_id"),
}
_COLUMN_OF = {name: column for column, others in _OTHER_NAMES.items() for name in (column, *others)}

NO_RELATION = ("", "no_relation", "no relation", "norelation", "none", "na", "n/a", "o")
"""The relations, in small letters, that are none."""

NO_TYPE = "Entity"
"""The type of entities in a table without types."""


def read_triples(path: PathOrStr, reading: TextReading, on_error: Optional[str] = None) -> Corpus:
    """
    The sentences of all texts; the texts are the groups.

    Where a head or a tail occurs several times and the table does not say where it starts, the
    nearest two are taken.

    # Parameters

    path : `PathOrStr`
        The file. Commas, semicolons or tabs separate its columns.
    reading : `TextReading`
        How a text is divided into sentences and tokens.
    on_error : `str`, optional (default = `None`)
        What happens to a text with an invalid row, and to a row with too few or too many columns,
        whose text is not known; see `RecordErrors`.

    # Raises

    `DocumentError`
        If the file cannot be read, a column is missing, or a row has too few or too many.
    """
    unread = Unread("column that is not read")
    documents: list[Document] = []
    groups: list[str] = []
    remarks: list[Remark] = []
    num_untyped = 0
    errors = RecordErrors(path, on_error)
    try:
        rows = _rows(read_text(path), unread, errors)
    except DocumentError as error:
        raise error.located(None, os.fspath(path)) from None
    for number, rows_of_text in enumerate(_by_text(rows)):
        with errors.located(None):
            table = _Table(rows_of_text)
            sentences = table.text.documents(reading)
            documents.extend(sentences)
            groups.extend(str(number) for _ in sentences)
            remarks.extend(table.text.remarks)
            num_untyped += table.num_untyped
    remarks += errors.remarks
    if num_untyped:
        detail = f"{num_untyped:,} are {NO_TYPE!r}"
        remarks.append(Remark("entity without a type", detail, lost=False))
    return Corpus(documents, groups, [*remarks, *unread.remarks()])


_Item = Union[Entity, Relation, None]

_Row = tuple[int, dict[str, str]]
"""The line and the cells of a row, by the names of our columns."""


def _by_text(rows: Sequence[_Row]) -> list[list[_Row]]:
    """The rows of each text, or of each identifier."""
    texts: dict[tuple[bool, str], list[_Row]] = {}
    for line, row in rows:
        id = row.get("id", "").strip()
        texts.setdefault((bool(id), id or row["text"]), []).append((line, row))
    return list(texts.values())


def _rows(text: str, unread: Unread, errors: RecordErrors) -> list[_Row]:
    delimiter = _delimiter(text.lstrip("\n\r").partition("\n")[0])
    try:
        lines = _lines(text, delimiter, csv.QUOTE_MINIMAL)
    except DocumentError:
        # Texts in a TSV file may begin with a quotation mark that quotes no cell.
        if delimiter != "\t":
            raise
        lines = _lines(text, delimiter, csv.QUOTE_NONE)
    if not lines:
        raise DocumentError("the file is empty")
    names = _column_names(lines[0][1])
    rows = []
    for line, cells in lines[1:]:
        with errors.located(None):
            if len(cells) != len(names):
                raise DocumentError(
                    f"line {line} has {len(cells)} columns, the first one {len(names)}"
                )
            row = dict(zip(names, cells, strict=True))
            rows.append((line, row))
            unread.add_keys(row, (*COLUMNS, *PROBABILITIES), f"line {line}")
    return rows


def _lines(text: str, delimiter: str, quoting: Literal[0, 3]) -> list[tuple[int, list[str]]]:
    """The cells of each row that is not empty, with the number of its last line."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting, strict=True
    )
    try:
        return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise DocumentError(f"line {reader.line_num} is no row of a table: {error}") from None


def _delimiter(header: str) -> str:
    return max("\t,;", key=header.count)


def is_header(line: str) -> bool:
    """Whether a line names the columns of a table of relations."""
    try:
        ((_, cells),) = _lines(line, _delimiter(line), csv.QUOTE_MINIMAL)
        _column_names(cells)
    except ValueError:
        return False
    return True


def _column_names(cells: Sequence[str]) -> list[str]:
    names = []
    for cell in cells:
        name = re.sub(r"[\s-]+", "_", cell.strip().lower())
        column = _COLUMN_OF.get(name, cell)
        names.append(cell if column in names else column)
    missing = [column for column in ("text", "head", "relation", "tail") if column not in names]
    if missing:
        raise DocumentError(
            f"there is no column {' and no column '.join(missing)}: the first line names the "
            "columns text, head, relation and tail"
        )
    return names


class _Table:
    """The text of some rows, with their entities and relations."""

    def __init__(self, rows: Sequence[_Row]) -> None:
        first_line, first = rows[0]
        id = first.get("id", "").strip()
        self.text = AnnotatedText(id or f"line {first_line}", first["text"])
        self.num_untyped = 0
        self._keys: set[tuple[int, int, str]] = set()
        for line, row in rows:
            location = f"line {line}"
            if not row["text"].strip():
                raise DocumentError(f"the text of {location} is empty")
            if row["text"] != self.text.text:
                raise DocumentError(
                    f"{location} has another text than the line before with its id", "text", id
                )
            self._add(row, location)

    def _add(self, row: dict[str, str], location: str) -> None:
        """Adds the entities and the relation of a row."""
        spans = {end: self._spans(row, end, location) for end in ("head", "tail")}
        for end in spans:
            if row[end].strip() and not spans[end]:
                self.text.remark("mention that is not in its text", repr(row[end]), location)
        pair = nearest_pair(spans["head"], spans["tail"])
        chosen = {end: spans[end][:1] for end in spans}
        if pair is not None:
            chosen = {"head": [pair[0]], "tail": [pair[1]]}
        for end, taken in chosen.items():
            if len(spans[end]) > 1:
                start = taken[0][0]
                self.text.remark(
                    "mention that occurs several times",
                    f"{row[end]!r}: taken at character {start}",
                    location,
                    lost=False,
                )
        keys = {end: self._key(row, end, taken, location) for end, taken in chosen.items()}
        type = row["relation"].strip()
        if type.lower() in NO_RELATION:
            return
        for end in ("head", "tail"):
            if not row[end].strip():
                raise DocumentError(f"{location} has the relation {type!r}, but no {end}")
        if None not in keys.values():
            probability = _probability(row, "probability", location)
            self.text.relations.append(
                TextRelation(type, keys["head"], keys["tail"], location, probability)
            )
        else:
            self.text.remark(
                "relation of an entity that is not there",
                f"{type} from {row['head']!r} to {row['tail']!r}",
                location,
            )

    def _spans(self, row: dict[str, str], end: str, location: str) -> Spans:
        """Where the head or the tail may be."""
        found = occurrences(self.text.text, row[end])
        start = row.get(f"{end}_start", "").strip()
        if not start:
            return found
        # A column with gaps has numbers with a fraction after pandas.
        match = re.fullmatch(r"([0-9]{1,9})(\.0*)?", start)
        if match is None:
            raise DocumentError(f"{location} has {start!r} as {end}_start, not a number")
        first = int(match[1])
        last = first + len(row[end])
        if self.text.text[first:last] == row[end]:
            return [(first, last)]
        self.text.remark(
            "mention found by its text",
            f"{row[end]!r} is not at character {start}",
            location,
            lost=not found,
        )
        return sorted(found, key=lambda span: abs(span[0] - first))[:1]

    def _key(
        self, row: dict[str, str], end: str, spans: Spans, location: str
    ) -> Optional[tuple[int, int, str]]:
        """The key of the entity, which is added if it is new."""
        if not spans:
            return None
        type = row.get(f"{end}_type", "").strip()
        key = (*spans[0], type or NO_TYPE)
        if key not in self._keys:
            self.num_untyped += not type
            self._keys.add(key)
            probability = _probability(row, f"{end}_probability", location)
            self.text.entities.append(
                TextEntity(key, key[2], key[0], key[1], probability=probability)
            )
        return key


def _probability(row: dict[str, str], column: str, location: str) -> Optional[float]:
    cell = row.get(column, "").strip()
    if not cell:
        return None
    try:
        return as_probability(float(cell), (column,))
    except ValueError:
        raise DocumentError(f"{location} has {cell!r} as {column}, not a probability") from None


def write_triples(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes a table, completely or not at all: TSV if the name ends in `.tsv`, else CSV.

    Each relation is a row, and so is each entity without one, and each document without entities.

    # Returns

    `list[Remark]`
        What the format cannot express: tokens that white space does not separate, positions in a
        longer text, and an identifier that another document has.
    """
    remarks: list[Remark] = []
    taken: set[str] = set()
    is_predicted = any(map(lost_probabilities, documents))
    tabs = os.fspath(path).endswith((".tsv", ".tsv.gz"))
    with open_atomically(path) as file:
        # Lines end with "\r\n" (RFC 4180), so that both characters are quoted in a cell.
        writer = csv.writer(file, delimiter="\t" if tabs else ",")

        def write(document: Document, *cells: str, items: Sequence[_Item] = ()) -> None:
            # Python 3.10 reads no table with null characters.
            row = [cell.replace("\0", "\ufffd") for cell in cells]
            if row != list(cells):
                remarks.append(Remark("null character", "now U+FFFD", document=document.id))
            probabilities = [None if item is None else item.probability for item in items]
            writer.writerow([*row, *probabilities] if is_predicted else row)

        writer.writerow([*COLUMNS, *PROBABILITIES] if is_predicted else COLUMNS)
        for number, document in enumerate(documents, start=1):
            remarks += lost_token_borders(document)
            remarks += lost_position(document)
            id = document.id or f"#{number}"
            if id in taken:
                id = f"{id}#{number}"
                remarks.append(
                    Remark("identifier that is there twice", f"now {id}", document=document.id)
                )
            taken.add(id)
            text = " ".join(document.tokens) if document.text is None else document.text
            ends = [_cells(document, i) for i in range(len(document.entities))]
            related: set[int] = set()
            for relation in document.relations:
                related.update((relation.head, relation.tail))
                head, tail = ends[relation.head], ends[relation.tail]
                entities = (document.entities[relation.head], document.entities[relation.tail])
                cells = (*head, relation.type, *tail)
                write(document, id, text, *cells, items=(relation, *entities))
            for i, end in enumerate(ends):
                if i not in related:
                    items = (None, document.entities[i], None)
                    write(document, id, text, *end, "", "", "", "", items=items)
            if not ends:
                write(document, id, text, *[""] * 7, items=(None, None, None))
    return remarks


def _cells(document: Document, index: int) -> list[str]:
    entity = document.entities[index]
    start, _ = document.character_span(entity.start, entity.end)
    return [document.entity_text(entity), entity.type, str(start)]
