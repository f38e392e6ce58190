"""
PubTator's format, which BC5CDR and BioRED have too.

A text is a line `id|t|title`, a line `id|a|abstract` and tab-separated lines: mentions, `id, start,
end, text, type, concept`, and relations between concepts, `id, type, concept, concept`. Offsets
count the characters of the title, one for its end, and those of the abstract.
"""

import re
from dataclasses import dataclass, field
from typing import Optional, Sequence

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity
from dts_ee.corpora.concept_relations import ConceptRelation, add_concept_relations
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr, open_atomically
from dts_ee.corpora.lines import read_lines
from dts_ee.corpora.record_errors import RecordErrors
from dts_ee.corpora.text_reading import TextReading
from dts_ee.corpora.token_rows import (
    lost_position,
    lost_probabilities,
    lost_token_borders,
    one_cell,
)
from dts_ee.document import Document, DocumentError

_NO_CONCEPTS = {"", "-", "-1"}


@dataclass
class _Article:
    """
    A text, and its other lines with their numbers.

    Lines before the first text are those of one without an identifier.
    """

    id: Optional[str]
    title: str = ""
    abstract: Optional[str] = None
    lines: list[tuple[int, str]] = field(default_factory=list)


def read_pubtator(
    path: PathOrStr,
    reading: TextReading,
    concept_relations: Optional[str] = None,
    on_error: Optional[str] = None,
) -> Corpus:
    """
    The sentences of all texts; the texts are the groups.

    # Parameters

    path : `PathOrStr`
        The file.
    reading : `TextReading`
        How a text becomes sentences and tokens. Title and abstract have no sentence in common.
    concept_relations : `str`, optional (default = `None`)
        What relations between concepts become; see `add_concept_relations`.
    on_error : `str`, optional (default = `None`)
        What happens to a text with an invalid line; see `RecordErrors`.

    # Raises

    `DocumentError`
        If the file cannot be read, or a line is invalid.
    """
    documents: list[Document] = []
    groups: list[str] = []
    remarks: list[Remark] = []
    num_concepts = 0
    errors = RecordErrors(path, on_error)
    for number, article in enumerate(_articles(path)):
        with errors.located(article.id):
            reader = _ArticleReader(article)
            text = reader.text
            add_concept_relations(
                text, reader.relations, reader.mentions, concept_relations, reading
            )
            sentences = text.documents(reading)
            num_concepts += reader.num_concepts
            documents.extend(sentences)
            groups.extend(str(number) for _ in sentences)
            remarks.extend(text.remarks)
    remarks += errors.remarks
    if num_concepts:
        remarks.append(Remark("normalisation", f"the concepts of {num_concepts} mentions are lost"))
    return Corpus(documents, groups, remarks)


def _articles(path: PathOrStr) -> list[_Article]:
    articles: list[_Article] = []
    for number, line in read_lines(path):
        match = re.fullmatch(r"([^|\t]+)\|([ta])\|(.*)", line, re.DOTALL)
        if match is None:
            if not articles:
                articles.append(_Article(None))
            articles[-1].lines.append((number, line))
        elif match[2] == "t":
            articles.append(_Article(match[1], title=match[3]))
        elif not articles or articles[-1].id != match[1]:
            articles.append(_Article(match[1], abstract=match[3]))
        elif articles[-1].abstract is None:
            articles[-1].abstract = match[3]
        else:
            articles[-1].lines.append((number, line))
    return articles


class _ArticleReader:
    """The text of an article, the relations between its concepts and the mentions of these."""

    def __init__(self, article: _Article) -> None:
        self._title_length = len(article.title)
        # A blank line ends the sentence of the title.
        content = (
            article.title if not article.abstract else f"{article.title}\n\n{article.abstract}"
        )
        self.text = AnnotatedText(article.id or "", content)
        self.relations: list[ConceptRelation] = []
        self.mentions: dict[str, list[int]] = {}
        self.num_concepts = 0
        self._num_mentions = 0
        for number, line in article.lines:
            location = f"line {number}"
            cells = line.split("\t")
            if line.startswith(f"{article.id}|"):
                raise DocumentError(f"{location} is a second abstract of {article.id}")
            if cells[0] != article.id:
                raise DocumentError(
                    f"{location} is {line[:40]!r}, but should begin a text, as in id|t|title, or "
                    "with the identifier of the text before it and a tab"
                )
            has_offsets = all(re.fullmatch("[0-9]{1,18}", cell) for cell in cells[1:3])
            if len(cells) >= 5 and has_offsets:
                self._add_mention(cells, location)
            elif len(cells) in (4, 5) and all(cells[1:4]) and not has_offsets:
                self._add_relation(cells, location)
            else:
                raise DocumentError(
                    f"{location} is no mention (id, start, end, text, type, concept) and no "
                    "relation (id, type, concept, concept)"
                )

    def _add_mention(self, cells: list[str], location: str) -> None:
        _, start, end, quoted, type = cells[:5]
        self._num_mentions += 1
        key = self._num_mentions
        self.text.add_quoted(
            TextEntity(key, type, self._character(start), self._character(end), location), quoted
        )
        concept = cells[5] if len(cells) > 5 else ""
        if len(cells) > 6 and any(cells[6:]):
            self.text.remark("parts of a mention", repr(cells[6]), location)
        if concept in _NO_CONCEPTS:
            return
        if concept != _mention_id(key):
            self.num_concepts += 1
        # A mention of several concepts has all their identifiers.
        for name in dict.fromkeys([concept, *re.split(r"[|,;+]", concept)]):
            if name not in _NO_CONCEPTS:
                self.mentions.setdefault(name, []).append(key)

    def _add_relation(self, cells: list[str], location: str) -> None:
        _, type, head, tail = cells[:4]
        if len(cells) > 4:
            self.text.remark("what a relation has beside its concepts", repr(cells[4]), location)
        self.relations.append(ConceptRelation(type, head, tail, location))

    def _character(self, offset: str) -> int:
        return int(offset) + (int(offset) > self._title_length)


def write_pubtator(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes a file, completely or not at all; each document is the title of a text of its own.

    An entity that has relations is a concept of its own.

    # Returns

    `list[Remark]`
        What the format cannot express: tokens that white space does not separate, tabs and ends of
        lines, probabilities, positions in a longer text, and identifiers with `|`.
    """
    remarks: list[Remark] = []
    taken: set[str] = set()
    with open_atomically(path) as file:
        for number, document in enumerate(documents, start=1):
            file.write(_article(document, number, taken, remarks))
    return remarks


def _article(document: Document, number: int, taken: set[str], remarks: list[Remark]) -> str:
    remarks += lost_token_borders(document) + lost_probabilities(document) + lost_position(document)
    id = _identifier(document, number, taken, remarks)
    text = " ".join(document.tokens) if document.text is None else document.text
    text = one_cell(text, document, remarks)
    lines = [f"{id}|t|{text}", f"{id}|a|"]
    related = {i for relation in document.relations for i in (relation.head, relation.tail)}
    for i, entity in enumerate(document.entities):
        start, end = document.character_span(*entity.span)
        concept = _mention_id(i + 1) if i in related else "-"
        cells = [id, str(start), str(end), text[start:end]]
        lines.append("\t".join([*cells, one_cell(entity.type, document, remarks), concept]))
    for relation in document.relations:
        type = one_cell(relation.type, document, remarks)
        ends = [_mention_id(i + 1) for i in (relation.head, relation.tail)]
        lines.append("\t".join([id, type, *ends]))
    return "\n".join(lines) + "\n\n"


def _identifier(document: Document, number: int, taken: set[str], remarks: list[Remark]) -> str:
    id = document.id
    if id is None or not re.fullmatch(r"(?=.*\S)[^|\t\n\r]+", id) or id in taken:
        id = f"document-{number}"
        while id in taken:
            id = f"{id}-{number}"
        if document.id is not None:
            remarks.append(Remark("identifier with | or twice", f"now {id}", document=document.id))
    taken.add(id)
    return id


def _mention_id(number: int) -> str:
    """The concept of an entity that has none beside itself."""
    return f"T{number}"
