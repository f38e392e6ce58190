"""
ADE-Corpus-V2 (Gurulingappa et al., 2012) as it was published.

A line of `DRUG-AE.rel` is a relation, `PubMed-id|sentence|effect|begin|end|drug|begin|end`, and one
of `DRUG-DOSE.rel` has a dose in the place of the effect. The numbers count the characters of the
abstract, which is not in the files, and neither are the positions of sentences. `ADE-NEG.txt` has
sentences without an adverse effect of a drug, `PubMed-id NEG sentence`; the drugs and effects in
them are not annotated.
"""

import re
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterator, Sequence

from tqdm import tqdm

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr
from dts_ee.corpora.lines import read_lines
from dts_ee.corpora.text_reading import TextReading, check_no_windows, start_of_text
from dts_ee.document import Document, DocumentError

EFFECT = "Adverse-Effect"
"""The type of an effect, and of its relation to the drug, as in SpERT's files."""

DRUG = "Drug"

DOSE = "Dose"
"""The type of a dose, and of its relation to the drug."""

_TYPES = {"DRUG-AE.rel": EFFECT, "DRUG-DOSE.rel": DOSE}
_NEGATIVES = "ADE-NEG.txt"

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
    """A sentence, and the effect or the dose of a drug in it, if it has one."""

    location: str
    abstract: str
    sentence: str
    mentions: tuple[_Mention, ...] = ()


def read_ade_corpus(path: PathOrStr, reading: TextReading) -> Corpus:
    """
    The sentences, in the order of their first lines; the abstracts are the groups.

    The lines of one sentence of one abstract become one document: an effect or a drug in several
    lines is one entity. The sentence's position in the abstract is the one at which all offsets
    match the quoted texts. A mention whose offsets do not match is searched by its text.

    # Parameters

    path : `PathOrStr`
        The file `DRUG-AE.rel`, `DRUG-DOSE.rel` or `ADE-NEG.txt`, or the folder, of which all three
        are read as far as they are there: first the sentences with effects, then those that have
        doses alone, then those without either.
    reading : `TextReading`
        Its tokenizer is used; its `sentences` is not, as the file has sentences.

    # Raises

    `DocumentError`
        If the file cannot be read, or a line has a wrong number of fields, an empty field, or an
        offset that is not a number.
    """
    check_no_windows(reading)
    sentences: dict[tuple[str, str], list[_Line]] = {}
    for file in _files(Path(path)):
        for line in _negatives(file) if _is_negatives(file) else _lines(file):
            sentences.setdefault((line.abstract, line.sentence), []).append(line)
    if not sentences:
        raise DocumentError("there are no lines in the file", path=str(path))
    whole = replace(reading, sentences=start_of_text)
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


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = [path / name for name in (*_TYPES, _NEGATIVES) if (path / name).is_file()]
    if not files:
        raise DocumentError(
            f"there is no {', '.join(_TYPES)} or {_NEGATIVES} in the folder", path=str(path)
        )
    return files


def _is_negatives(path: Path) -> bool:
    """Whether a file is, whatever its name, as `ADE-NEG.txt`."""
    lines = read_lines(path)
    return bool(lines) and re.match(r"[0-9]+ NEG ", lines[0][1]) is not None


def _negatives(path: Path) -> Iterator[_Line]:
    for number, text in read_lines(path):
        match = re.fullmatch(r"([0-9]+) NEG (.*\S.*)", text)
        if match is None:
            raise DocumentError(
                f"line {number} is not as in 'PubMed-id NEG sentence'", path=str(path)
            )
        yield _Line(f"line {number} of {path.name}", match[1], match[2].strip())


def _lines(path: Path) -> Iterator[_Line]:
    # A file of another name has effects.
    type = _TYPES.get(path.name, EFFECT)
    for number, text in read_lines(path):
        fields = text.split("|")
        location = f"line {number}"
        if len(fields) != _NUM_FIELDS:
            raise DocumentError(
                f"{location} has {len(fields)} fields, not {_NUM_FIELDS}: "
                "PubMed-id|sentence|effect|begin|end|drug|begin|end",
                path=str(path),
            )
        for i in (0, 1, 2, 5):
            if not fields[i].strip():
                raise DocumentError(f"field {i + 1} of {location} is empty", path=str(path))
        offsets = {}
        for i in (3, 4, 6, 7):
            if not re.fullmatch("[0-9]+", fields[i]):
                raise DocumentError(
                    f"field {i + 1} of {location} is {fields[i]!r}, but should be a number",
                    path=str(path),
                )
            offsets[i] = int(fields[i])
        yield _Line(
            location,
            fields[0],
            fields[1],
            (
                _Mention(type, fields[2], offsets[3], offsets[4]),
                _Mention(DRUG, fields[5], offsets[6], offsets[7]),
            ),
        )


def _annotated(id: str, lines: Sequence[_Line]) -> AnnotatedText:
    """A sentence with the annotation of its lines."""
    text = AnnotatedText(id, lines[0].sentence)
    locations: dict[_Mention, str] = {}
    for line in lines:
        for mention in line.mentions:
            locations.setdefault(mention, line.location)
    shift = _start_in_abstract(text, list(locations), lines[0].location)
    for mention, location in locations.items():
        text.add_quoted(
            TextEntity(mention, mention.type, mention.begin - shift, mention.end - shift, location),
            mention.text,
        )
    for line in lines:
        if line.mentions:
            head, tail = line.mentions
            text.relations.append(TextRelation(head.type, head, tail, line.location))
    return text


def _start_in_abstract(text: AnnotatedText, mentions: Sequence[_Mention], location: str) -> int:
    """The character of the abstract at which the sentence begins."""
    votes: Counter[int] = Counter()
    for mention in mentions:
        votes.update({mention.begin - start for start in _occurrences(text.text, mention.text)})
    if not votes:
        return 0
    most = max(votes.values())
    # The last position matches the first occurrence of a text that occurs more than once.
    *others, last = sorted(shift for shift, count in votes.items() if count == most)
    if others and most == len(mentions):
        text.remark(
            "mention at more than one position",
            "the offsets also match elsewhere in the sentence; the first position is taken",
            location,
            lost=False,
        )
    return last


def _occurrences(text: str, quoted: str) -> list[int]:
    # A lookahead finds overlapping occurrences, too.
    return [match.start() for match in re.finditer(f"(?={re.escape(quoted)})", text)]
