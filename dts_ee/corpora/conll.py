"""
Columns with a token and its tag per line, as in CoNLL-2003: entities alone.

The token is the first column and the tag the last; columns are separated by tabs or spaces. A blank
line ends a sentence, a line that begins with `-DOCSTART-` begins a text. Tags may be BIO, IOB1 (as
CoNLL-2003 was published: `B-` only between two neighbours of one type), BIOES, BILOU (or BIOUL),
BMES, or types without a prefix.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Callable, Iterator, Optional, Sequence

from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr, open_atomically, read_text
from dts_ee.corpora.record_errors import RecordErrors
from dts_ee.corpora.tags import OUTSIDE, entities_to_tags
from dts_ee.corpora.text_groups import texts_of
from dts_ee.corpora.token_rows import lost_with_tokens, relation_remark, without_overlaps
from dts_ee.corpora.unread import Unread
from dts_ee.counted import counted
from dts_ee.document import Document, DocumentError, Entity

NEW_TEXT = "-DOCSTART-"

_BEGIN = ("B", "S", "U")
_LAST = ("E", "L", "S", "U")
_PREFIXES = (*_BEGIN, "I", "M", "E", "L")

_USUAL = ("B-", "I-", "S-", "U-")
"""Beginnings of tags, one of which is in each file whose tags have prefixes."""

_NOTHING = ("", "_", "-", "-X-", OUTSIDE)
"""What stands in a column that says nothing."""


@dataclass
class _Sentence:
    line: int
    text: int
    """The number of the text that it belongs to, or 0 where there are no texts."""

    id: str = ""
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    """The line and the columns of each token."""


def read_conll(path: PathOrStr, on_error: Optional[str] = None) -> Corpus:
    """
    The sentences of a file; the texts are the groups, or the sentences where it has no texts.

    # Parameters

    path : `PathOrStr`
        The file.
    on_error : `str`, optional (default = `None`)
        What happens to a sentence with an invalid line; see `RecordErrors`.

    # Raises

    `DocumentError`
        If the file cannot be read, a line has one column only, or its last column is no tag.
    """
    unread = Unread("column that is not read")
    remarks: list[Remark] = []
    errors = RecordErrors(path, on_error)
    sentences = _valid(_sentences(read_text(path)), _check_columns, errors)
    if _have_prefixes(sentences):
        sentences = _valid(sentences, _check_tags, errors)
    scheme = _Scheme(sentences)
    sentences = _without_empty_tokens(sentences, scheme.token_column, remarks)
    _name(sentences)
    documents: list[Document] = []
    groups: list[str] = []
    for sentence in sentences:
        with errors.located(None):
            document = Document(
                tokens=tuple(columns[scheme.token_column] for _, columns in sentence.rows),
                entities=tuple(scheme.entities(sentence, remarks)),
                id=sentence.id,
            )
            _add_unread_columns(sentence, scheme.token_column, unread)
            documents.append(document)
            groups.append(str(sentence.text or sentence.id))
    remarks = [*scheme.remarks(), *remarks, *errors.remarks, *unread.remarks()]
    return Corpus(documents, groups, remarks)


def _valid(
    sentences: Sequence[_Sentence], check: Callable[[_Sentence], None], errors: RecordErrors
) -> list[_Sentence]:
    """The sentences that pass a check."""
    valid = []
    for sentence in sentences:
        with errors.located(None):
            check(sentence)
            valid.append(sentence)
    return valid


def _check_columns(sentence: _Sentence) -> None:
    for line, columns in sentence.rows:
        if len(columns) < 2:
            raise DocumentError(
                f"line {line} has one column, {columns[0]!r}: a token and its tag are expected"
            )


def _check_tags(sentence: _Sentence) -> None:
    for line, columns in sentence.rows:
        if not is_tag(columns[-1]):
            raise DocumentError(
                f"the last column of line {line} is {columns[-1]!r}, not O, B-… or I-…"
            )


def _inside_tags(sentences: Sequence[_Sentence]) -> set[str]:
    return {columns[-1] for sentence in sentences for _, columns in sentence.rows} - {OUTSIDE}


def _have_prefixes(sentences: Sequence[_Sentence]) -> bool:
    tags = _inside_tags(sentences)
    return not tags or any(tag[:2] in _USUAL for tag in tags)


def _without_empty_tokens(
    sentences: Sequence[_Sentence], token_column: int, remarks: list[Remark]
) -> list[_Sentence]:
    """The sentences without tokens of white space alone, and without sentences of such tokens."""
    for sentence in sentences:
        for line, columns in sentence.rows:
            if not columns[token_column].strip():
                remarks.append(
                    Remark("token without words", "left out", False, location=f"line {line}")
                )
        sentence.rows = [row for row in sentence.rows if row[1][token_column].strip()]
    return [sentence for sentence in sentences if sentence.rows]


def _name(sentences: Sequence[_Sentence]) -> None:
    """Gives each sentence without an identifier its number, in its text if there are texts."""
    counts: Counter[int] = Counter()
    for sentence in sentences:
        counts[sentence.text] += 1
        number = str(counts[sentence.text])
        if not sentence.id:
            sentence.id = f"#{sentence.text}-{number}" if sentence.text else f"#{number}"


def _add_unread_columns(sentence: _Sentence, token_column: int, unread: Unread) -> None:
    for _, columns in sentence.rows:
        for i in range(token_column + 1, len(columns) - 1):
            if columns[i] not in _NOTHING:
                unread.add(f"column {i + 1}", sentence.id)


def _sentences(text: str) -> list[_Sentence]:
    # Tokens may hold spaces where tabs separate the columns.
    separator = re.compile("\t" if "\t" in text else " +")
    sentences: list[_Sentence] = []
    text_number, id = 0, ""
    begun = False
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.rstrip("\r")
        if not line.strip():
            begun = False
        elif line.startswith(NEW_TEXT):
            text_number += 1
            begun = False
        elif line.startswith("# ") and not begun and not is_tag(line.split()[-1]):
            match = re.match(r"#\s*(?:sent_)?id(?:\s*=\s*|\s+)(\S+)", line)
            id = match[1] if match else id
        else:
            columns = separator.split(line.strip(" \n"))
            if not begun:
                sentences.append(_Sentence(number, text_number, id))
                begun, id = True, ""
            sentences[-1].rows.append((number, columns))
    return sentences


def is_tag(cell: str) -> bool:
    """Whether a cell is a tag with a prefix, or the outside tag."""
    return cell == OUTSIDE or re.fullmatch(rf"[{''.join(_PREFIXES)}]-.+", cell) is not None


class _Scheme:
    """How the tags of a file say where entities begin and end."""

    def __init__(self, sentences: Sequence[_Sentence]) -> None:
        numbers = [columns[0] for sentence in sentences for _, columns in sentence.rows]
        expected = [str(i) for sentence in sentences for i in range(1, len(sentence.rows) + 1)]
        # The first of three columns may be the number of the token in its sentence.
        self.token_column = int(
            numbers == expected
            and len(numbers) > 1
            and all(len(columns) > 2 for sentence in sentences for _, columns in sentence.rows)
        )
        self.has_prefixes = _have_prefixes(sentences)
        prefixes = {tag[0] for tag in _inside_tags(sentences)} if self.has_prefixes else set()
        self.has_ends = bool(prefixes.intersection("ELSU"))
        self._is_iob1 = self.has_prefixes and prefixes <= {"I", "B"} and _begins_with_i(sentences)

    def remarks(self) -> list[Remark]:
        """What was decided about the tags."""
        if self._is_iob1:
            detail = "B- only stands between two neighbours of one type"
            return [Remark("tags read as IOB1", detail, lost=False)]
        if not self.has_prefixes:
            return [Remark("tags without B- and I-", "neighbours are one entity", lost=False)]
        return []

    def entities(self, sentence: _Sentence, remarks: list[Remark]) -> Iterator[Entity]:
        """The entities of a sentence, from left to right."""
        start, open_type = 0, ""

        def remark(problem: str, i: int) -> None:
            line, columns = sentence.rows[i]
            detail = f"{columns[-1]} at {columns[self.token_column]!r}"
            remarks.append(Remark(problem, detail, False, sentence.id, f"line {line}"))

        for i, (_, columns) in enumerate(sentence.rows):
            prefix, type = self._split(columns[-1])
            if open_type and (prefix in ("", *_BEGIN) or type != open_type):
                if self.has_ends:
                    remark("entity without an end", i - 1)
                yield Entity(open_type, start, i)
                open_type = ""
            if prefix and not open_type:
                if prefix not in _BEGIN and self.has_prefixes and not self._is_iob1:
                    remark(f"entity that begins with {prefix}-", i)
                start, open_type = i, type
            if prefix in _LAST:
                yield Entity(open_type, start, i + 1)
                open_type = ""
        if open_type:
            if self.has_ends:
                remark("entity without an end", len(sentence.rows) - 1)
            yield Entity(open_type, start, len(sentence.rows))

    def _split(self, tag: str) -> tuple[str, str]:
        if tag == OUTSIDE:
            return "", ""
        if not self.has_prefixes:
            return "I", tag
        return tag[0], tag[2:]


def _begins_with_i(sentences: Sequence[_Sentence]) -> bool:
    """Whether entities begin with `I-`, and with `B-` only behind another of their type."""
    found = False
    for sentence in sentences:
        previous = ""
        for _, columns in sentence.rows:
            tag = columns[-1]
            if tag.startswith("B-") and previous != tag[2:]:
                return False
            found = found or (tag.startswith("I-") and previous != tag[2:])
            previous = tag[2:]
    return found


def write_conll(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes tokens and BIO tags, completely or not at all.

    # Returns

    `list[Remark]`
        What the format cannot express: relations, entities that overlap a longer one, identifiers,
        texts, probabilities, and white space in a token or a type.
    """
    remarks: list[Remark] = []
    with open_atomically(path) as file:
        for _, sentences in texts_of(documents):
            file.write(f"{NEW_TEXT} -X- O O\n\n")
            for document in sentences:
                remarks.extend(lost_with_tokens(document))
                flat, lost = without_overlaps(document)
                remarks.extend(lost)
                remarks.extend(
                    relation_remark("relation", flat, relation) for relation in flat.relations
                )
                tags = entities_to_tags(flat.entities, len(flat.tokens))
                for token, tag in zip(flat.tokens, tags, strict=True):
                    cells = [_cell(cell, document, remarks) for cell in (token, tag)]
                    file.write(" ".join(cells) + "\n")
                file.write("\n")
    named = [document for document in documents if document.id is not None]
    if named:
        detail = f"of {counted(len(named), 'document')}, the first {named[0].id!r}"
        remarks.append(Remark("identifier", detail))
    return remarks


def _cell(text: str, document: Document, remarks: list[Remark]) -> str:
    cell = re.sub(r"\s", "_", text)
    if cell != text:
        remarks.append(Remark("white space in a token or a type", repr(text), document=document.id))
    return cell
