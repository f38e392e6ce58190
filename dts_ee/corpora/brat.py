"""
brat's standoff format: a folder with a `.txt` and an `.ann` file for each text.

A line of an `.ann` file is an entity, `T1<tab>Type start end<tab>text`, or a relation, `R1<tab>Type
Arg1:T1 Arg2:T2`; `start` and `end` count the characters of the `.txt` file, `end` is exclusive.
"""

import os
import re
import shutil
from pathlib import Path
from typing import Sequence

from tqdm import tqdm

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr, open_atomically, read_text
from dts_ee.corpora.lines import read_lines
from dts_ee.corpora.text_reading import TextReading
from dts_ee.corpora.token_rows import lost_position, lost_probabilities, lost_token_borders
from dts_ee.document import Document, DocumentError, document_method

_OTHER_KINDS = {
    "E": "event",
    "A": "attribute",
    "M": "attribute",
    "N": "normalisation",
    "#": "note",
    "*": "equivalence",
}
"""Kinds of annotation that a document cannot express, by the first character of their lines."""


def read_brat(path: PathOrStr, reading: TextReading) -> Corpus:
    """
    The sentences of all texts in a folder and the folders in it; the texts are the groups.

    Entities of several pieces, events, attributes, normalisations, notes and equivalences are lost,
    and so is a relation between entities of two sentences.

    # Parameters

    path : `PathOrStr`
        The folder.
    reading : `TextReading`
        How a text becomes sentences and tokens.

    # Raises

    `DocumentError`
        If the folder is missing or has no texts, a file cannot be read, an `.ann` file has no
        `.txt` file, or one of its lines is invalid.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise DocumentError("there is no such folder", path=str(path))
    names = sorted(
        file.relative_to(folder).with_suffix("")
        for suffix in (".txt", ".ann")
        for file in folder.rglob(f"*{suffix}")
    )
    if not names:
        raise DocumentError("there are no .txt files in the folder", path=str(path))
    documents: list[Document] = []
    groups: list[str] = []
    remarks: list[Remark] = []
    for name in tqdm(dict.fromkeys(names), "texts", disable=None, delay=1, leave=False):
        text = _annotated(folder, name)
        for document in text.documents(reading):
            documents.append(document)
            groups.append(text.id)
        remarks.extend(text.remarks)
    return Corpus(documents, groups, remarks)


def _annotated(folder: Path, name: Path) -> AnnotatedText:
    """A text with the annotation of its `.ann` file."""
    text = AnnotatedText(name.as_posix(), read_text(_with_suffix(folder / name, ".txt")))
    annotations = _with_suffix(folder / name, ".ann")
    if not annotations.exists():
        text.remark("text without annotations", f"there is no {annotations}", lost=False)
        return text
    seen = set()
    for number, line in read_lines(annotations):
        location = f"line {number} of {name.as_posix()}.ann"
        try:
            if line[0] == "T":
                key = _add_entity(text, line, location)
                if key in seen:
                    raise DocumentError(f"{key} occurs twice")
                seen.add(key)
            elif line[0] == "R":
                text.relations.append(_relation(line, location))
            elif line[0] in _OTHER_KINDS:
                text.remark(_OTHER_KINDS[line[0]], repr(line), location)
            else:
                raise DocumentError(f"{line!r} is not an annotation")
        except DocumentError as error:
            raise DocumentError(f"line {number}: {error.problem}", path=str(annotations)) from None
    return text


def _with_suffix(name: Path, suffix: str) -> Path:
    # `with_suffix` would replace what follows a dot in the name.
    return name.with_name(name.name + suffix)


def _add_entity(text: AnnotatedText, line: str, location: str) -> str:
    match = re.fullmatch(r"(T\S+)\t(\S+) ([0-9]+ [0-9]+(?:;[0-9]+ [0-9]+)*)(?:\t(.*))?", line)
    if match is None:
        raise DocumentError(f'{line!r} is not as in "T1<tab>Type 0 5<tab>text"')
    key, type, spans, quoted = match.groups()
    pieces = [tuple(map(int, piece.split())) for piece in spans.split(";")]
    if len(pieces) > 1:
        text.remark("entity of several pieces", f"{key} {type} {spans} {quoted!r}", location)
        return key
    start, end = pieces[0]
    entity = TextEntity(key, type, start, end, location)
    if quoted is None:
        text.entities.append(entity)
    else:
        text.add_quoted(entity, quoted)
    return key


def _relation(line: str, location: str) -> TextRelation:
    match = re.fullmatch(r"R\S+\t(\S+) (\S+):(\S+) (\S+):(\S+)\s*", line)
    if match is None:
        raise DocumentError(f'{line!r} is not as in "R1<tab>Type Arg1:T1 Arg2:T2"')
    type, first_name, first, second_name, second = match.groups()
    if (first_name, second_name) == ("Arg2", "Arg1"):
        first, second = second, first
    return TextRelation(type, first, second, location)


def write_brat(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes a folder, completely or not at all; each document is a text of its own.

    Its files are named by its identifier, if that is a possible name and unique.

    # Returns

    `list[Remark]`
        What the format cannot express: tokens that white space does not separate, probabilities,
        positions in a longer text, identifiers that are not file names, and white space in types.

    # Raises

    `FileExistsError`
        If there is a file with that name, or a folder that is not empty.
    """
    target = Path(path)
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise FileExistsError(f"{target} exists already, and is not an empty folder")
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    remarks: list[Remark] = []
    taken: set[str] = set()
    try:
        temporary.mkdir(parents=True)
        for number, document in enumerate(documents, start=1):
            name = _file_name(document, number, taken, remarks)
            _write_document(temporary / name, document, remarks)
        os.replace(temporary, target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    return remarks


def _file_name(document: Document, number: int, taken: set[str], remarks: list[Remark]) -> str:
    name = document.id
    # Some file systems ignore the case of letters.
    if name is None or not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)*", name) or name.lower() in taken:
        name = f"document-{number}"
        while name in taken:
            name = f"{name}-{number}"
        if document.id is not None:
            remarks.append(
                Remark("identifier that is no file name", f"now {name}", document=document.id)
            )
    taken.add(name.lower())
    return name


def _write_document(name: Path, document: Document, remarks: list[Remark]) -> None:
    remarks.extend(lost_token_borders(document))
    remarks.extend(lost_probabilities(document) + lost_position(document))
    types = [entity.type for entity in document.entities]
    types += [relation.type for relation in document.relations]
    for type in types:
        if _type(type) != type:
            remarks.append(Remark("white space in a type", repr(type), document=document.id))
    for suffix, content in zip((".txt", ".ann"), to_brat(document), strict=True):
        with open_atomically(_with_suffix(name, suffix)) as file:
            file.write(content)


@document_method("to_brat")
def to_brat(document: Document) -> tuple[str, str]:
    """
    The contents of the `.txt` and the `.ann` file of a document.

    Registered as a method of `Document` with name `"to_brat"`.

    White space in a type becomes `_`; probabilities and the borders of tokens are left out.

    # Parameters

    document : `Document`
        The document.
    """
    text = " ".join(document.tokens) if document.text is None else document.text
    lines = []
    for i, entity in enumerate(document.entities, start=1):
        start, end = document.character_span(entity.start, entity.end)
        quoted = re.sub(r"\s", " ", text[start:end])
        lines.append(f"T{i}\t{_type(entity.type)} {start} {end}\t{quoted}\n")
    for i, relation in enumerate(document.relations, start=1):
        arguments = f"Arg1:T{relation.head + 1} Arg2:T{relation.tail + 1}"
        lines.append(f"R{i}\t{_type(relation.type)} {arguments}\n")
    return text, "".join(lines)


def _type(type: str) -> str:
    return re.sub(r"\s", "_", type)
