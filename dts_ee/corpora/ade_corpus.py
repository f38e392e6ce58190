"""
ADE-Corpus-V2 (Gurulingappa et al., 2012) as it was published: the file `DRUG-AE.rel`.

A line is a relation, `PubMed-id|sentence|effect|begin|end|drug|begin|end`. The numbers count the
characters of the abstract, which is not in the file; where its sentences begin in it is not said.
"""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Iterator, Sequence

from tqdm import tqdm

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr
from dts_ee.corpora.lines import read_lines
from dts_ee.corpora.text_reading import TextReading
from dts_ee.document import Document, DocumentError

EFFECT = "Adverse-Effect"
"""The type of an effect, and of its relation to the drug, as in SpERT's files."""

DRUG = "Drug"

_NUM_FIELDS = 8


@dataclass(frozen=True)
class _Mention:
    """A quoted entity, and its characters in the abstract."""

    type: str
    text: str
    begin: int
    end: int

    def __str__(self) -> str:
        return repr(self.text)


@dataclass(frozen=True)
class _Line:
    place: str
    abstract: str
    sentence: str
    effect: _Mention
    drug: _Mention


def read_ade_corpus(path: PathOrStr, reading: TextReading) -> Corpus:
    """
    The sentences, in the order in which the file has them first; the abstracts are the groups.

    The lines of one sentence of one abstract become one document: an effect or a drug which is in
    several of them is one entity. The sentence's place in the abstract is the one with which all
    offsets give the quoted texts. A mention for which there is none is looked for by its text.

    # Parameters

    path : `PathOrStr`
        The file.
    reading : `TextReading`
        How a sentence becomes tokens. Its `sentences` is not used: the file has sentences.

    # Raises

    `DocumentError`
        If the file cannot be read, or a line has not 8 fields, an empty field, or an offset that is
        no number.
    """
    sentences: dict[tuple[str, str], list[_Line]] = {}
    for line in _lines(path):
        sentences.setdefault((line.abstract, line.sentence), []).append(line)
    if not sentences:
        raise DocumentError("there are no lines in the file", path=str(path))
    whole = TextReading(reading.tokenize, "whole")
    documents: list[Document] = []
    groups: list[str] = []
    remarks: list[Remark] = []
    seen: Counter[str] = Counter()
    for (abstract, _), lines in tqdm(
        sentences.items(), "sentences", disable=None, delay=1, leave=False
    ):
        seen[abstract] += 1
        text = _annotated(f"{abstract}-{seen[abstract]}", lines)
        for document in text.documents(whole):
            documents.append(document)
            groups.append(abstract)
        remarks.extend(text.remarks)
    return Corpus(documents, groups, remarks)


def _lines(path: PathOrStr) -> Iterator[_Line]:
    for number, text in read_lines(path):
        fields = text.split("|")
        place = f"line {number}"
        if len(fields) != _NUM_FIELDS:
            raise DocumentError(
                f"{place} has {len(fields)} fields, not {_NUM_FIELDS}: "
                "PubMed-id|sentence|effect|begin|end|drug|begin|end",
                path=str(path),
            )
        for i in (0, 1, 2, 5):
            if not fields[i].strip():
                raise DocumentError(f"field {i + 1} of {place} is empty", path=str(path))
        offsets = {}
        for i in (3, 4, 6, 7):
            if not re.fullmatch("[0-9]+", fields[i]):
                raise DocumentError(
                    f"field {i + 1} of {place} is {fields[i]!r}, but should be a number",
                    path=str(path),
                )
            offsets[i] = int(fields[i])
        yield _Line(
            place,
            fields[0],
            fields[1],
            _Mention(EFFECT, fields[2], offsets[3], offsets[4]),
            _Mention(DRUG, fields[5], offsets[6], offsets[7]),
        )


def _annotated(id: str, lines: Sequence[_Line]) -> AnnotatedText:
    """A sentence with all that its lines say."""
    text = AnnotatedText(id, lines[0].sentence)
    places: dict[_Mention, str] = {}
    for line in lines:
        for mention in (line.effect, line.drug):
            places.setdefault(mention, line.place)
    shift = _place_in_abstract(text, list(places), lines[0].place)
    for mention, place in places.items():
        text.add_quoted(
            TextEntity(mention, mention.type, mention.begin - shift, mention.end - shift, place),
            mention.text,
        )
    for line in lines:
        text.relations.append(TextRelation(EFFECT, line.effect, line.drug, line.place))
    return text


def _place_in_abstract(text: AnnotatedText, mentions: Sequence[_Mention], place: str) -> int:
    """The character of the abstract with which the sentence begins."""
    votes: Counter[int] = Counter()
    for mention in mentions:
        votes.update({mention.begin - start for start in _occurrences(text.text, mention.text)})
    if not votes:
        return 0
    most = max(votes.values())
    # The last place is the one that takes the first occurrence of what is there more than once.
    *others, last = sorted(shift for shift, count in votes.items() if count == most)
    if others and most == len(mentions):
        text.remark(
            "mention in more than one place",
            "the offsets fit as well elsewhere in the sentence; the first place is taken",
            place,
            lost=False,
        )
    return last


def _occurrences(text: str, quoted: str) -> list[int]:
    # Looks ahead, because occurrences may overlap.
    return [match.start() for match in re.finditer(f"(?={re.escape(quoted)})", text)]
