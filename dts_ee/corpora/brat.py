"""
brat's standoff format: a folder with a `.txt` and an `.ann` file for each text.
"""

import re
from pathlib import Path
from typing import Iterable, Iterator, Optional, Sequence

from tqdm import tqdm

from dts_ee.atomic_files import make_folder_atomically
from dts_ee.corpora.annotated_text import AnnotatedText
from dts_ee.corpora.brat_annotations import BratAnnotations
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.files import PathOrStr, is_hidden, open_atomically, read_text
from dts_ee.corpora.lines import read_lines
from dts_ee.corpora.record_errors import RecordErrors
from dts_ee.corpora.text_reading import TextReading
from dts_ee.corpora.token_rows import lost_position, lost_probabilities, lost_token_borders
from dts_ee.document import Document, DocumentError, document_method

_ANNOTATION_SUFFIXES = ((".ann",), (".a1", ".a2"))
"""The files with the annotations of a text: those of BioNLP's shared tasks have two."""

_MAX_NAMES = 20


def read_brat(
    path: PathOrStr,
    reading: TextReading,
    unannotated: Optional[str] = None,
    events: Optional[str] = None,
    equivalences: Optional[str] = None,
    on_error: Optional[str] = None,
) -> Corpus:
    """
    The sentences of all annotated texts in a folder and its folders; the texts are the groups.

    A text is annotated if it has an `.ann` file, or those of BioNLP's shared tasks, `.a1` and
    `.a2`. Pieces of an entity with only white space between them are one; entities of other pieces,
    attributes, normalisations and notes are lost, and so is a relation between entities of two
    sentences. Hidden files are passed over.

    # Parameters

    path : `PathOrStr`
        The folder.
    reading : `TextReading`
        How a text becomes sentences and tokens.
    unannotated : `str`, optional (default = `None`)
        `"empty"`: a text without an annotation file has no entities. Otherwise it is left out.
    events : `str`, optional (default = `None`)
        `"trigger-argument"`: an event is a relation from its trigger to each of its arguments.
        Otherwise events are lost.
    equivalences : `str`, optional (default = `None`)
        The type of the relations between equivalent entities, from each to each later one.
        Otherwise equivalences are lost.
    on_error : `str`, optional (default = `None`)
        What happens to a text whose files cannot be read; see `RecordErrors`.

    # Raises

    `DocumentError`
        If the folder is missing or has no annotated texts, a file cannot be read, an annotation
        file has no `.txt` file, or one of its lines is invalid.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise DocumentError("there is no such folder", path=str(path))
    names, remarks = _names(folder, unannotated == "empty")
    documents: list[Document] = []
    groups: list[str] = []
    errors = RecordErrors(folder, on_error)
    for name in tqdm(names, "texts", disable=None, delay=1, leave=False):
        with errors.located(None):
            text = _annotated(folder, name, events is not None, equivalences)
            sentences = text.documents(reading)
            documents.extend(sentences)
            groups.extend(text.id for _ in sentences)
            remarks.extend(text.remarks)
    return Corpus(documents, groups, remarks + errors.remarks)


def _names(folder: Path, with_unannotated: bool) -> tuple[list[Path], list[Remark]]:
    """The texts of a folder, without their suffixes, and remarks on what is left out."""
    suffixes = [".txt", *(suffix for group in _ANNOTATION_SUFFIXES for suffix in group)]
    names: set[Path] = set()
    hidden: list[str] = []
    for suffix in suffixes:
        for file in folder.rglob(f"*{suffix}"):
            name = file.relative_to(folder)
            if is_hidden(name):
                hidden.append(name.as_posix())
            elif file.is_file():
                names.add(name.with_suffix(""))
    if not names:
        raise DocumentError("there are no .txt files in the folder", path=str(folder))
    annotated = {name for name in names if _annotation_files(folder, name)}
    remarks = _left_out("hidden files left out", hidden, lost=False)
    missing = sorted(names - annotated)
    if with_unannotated:
        return sorted(names), remarks
    if not annotated:
        raise DocumentError(
            f"none of the {len(missing)} .txt files has an .ann file beside it: give "
            "--unannotated empty if they are annotated with nothing",
            path=str(folder),
        )
    texts = [f"{name.as_posix()}.txt" for name in missing]
    return sorted(annotated), _left_out(
        "texts without an .ann file left out", texts, lost=True
    ) + remarks


def _left_out(problem: str, names: list[str], lost: bool) -> list[Remark]:
    """One remark on all files that are left out, if there are any."""
    if not names:
        return []
    shown = ", ".join(sorted(names)[:_MAX_NAMES])
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    hint = "; --unannotated empty reads them as annotated with nothing" if lost else ""
    return [Remark(problem, f"{len(names)} {problem}: {shown}{more}{hint}", lost)]


def _annotation_files(folder: Path, name: Path) -> list[Path]:
    for suffixes in _ANNOTATION_SUFFIXES:
        files = [_with_suffix(folder / name, suffix) for suffix in suffixes]
        found = [file for file in files if file.is_file()]
        if found:
            return found
    return []


def _annotated(
    folder: Path, name: Path, with_events: bool, equivalence_type: Optional[str]
) -> AnnotatedText:
    """A text with the annotation of its files."""
    text = AnnotatedText(name.as_posix(), read_text(_with_suffix(folder / name, ".txt")))
    annotations = BratAnnotations(text, with_events, equivalence_type)
    for file in _annotation_files(folder, name):
        for number, line in read_lines(file):
            location = f"line {number} of {file.relative_to(folder).as_posix()}"
            try:
                annotations.add(line, location)
            except DocumentError as error:
                raise DocumentError(f"line {number}: {error.problem}", path=str(file)) from None
    annotations.finish()
    return text


def _with_suffix(name: Path, suffix: str) -> Path:
    # `with_suffix` would replace what follows a dot in the name.
    return name.with_name(name.name + suffix)


def write_brat(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
    """
    Writes a folder, completely or not at all.

    Neighbouring sentences of a text that is known as a whole (`whole_text`) are one text, with
    offsets in it; each other document is a text of its own. The files are named by the text's
    identifier, if that is a possible name and unique.

    # Returns

    `list[Remark]`
        What the format cannot express: tokens that white space does not separate, probabilities,
        positions in a longer text that is not known, identifiers that are not file names, and white
        space in types.

    # Raises

    `FileExistsError`
        If there is a file with that name, or a folder that is not empty.
    """
    remarks: list[Remark] = []
    taken: set[str] = set()
    with make_folder_atomically(path) as folder:
        for number, sentences in enumerate(_texts(documents), start=1):
            name = _file_name(_text_id(sentences), number, taken, remarks)
            _write_text(folder / name, sentences, remarks)
    return remarks


def _texts(documents: Iterable[Document]) -> list[list[Document]]:
    """The documents of each text, in their order."""
    texts: list[list[Document]] = []
    for document in documents:
        if texts and _are_of_one_text(texts[-1][-1], document):
            texts[-1].append(document)
        else:
            texts.append([document])
    return texts


def _are_of_one_text(sentence: Document, following: Document) -> bool:
    return (
        _is_in_whole_text(sentence)
        and _is_in_whole_text(following)
        and sentence.whole_text == following.whole_text
        and _start(sentence) + len(_text(sentence)) <= _start(following)
    )


def _is_in_whole_text(document: Document) -> bool:
    return (
        document.whole_text is not None
        and document.start_char is not None
        and document.whole_text.startswith(_text(document), document.start_char)
    )


def _start(document: Document) -> int:
    return document.start_char or 0


def _text(document: Document) -> str:
    return " ".join(document.tokens) if document.text is None else document.text


def _text_id(sentences: Sequence[Document]) -> Optional[str]:
    id = sentences[0].id
    return id if id is None or len(sentences) == 1 else re.sub(r"-\d+$", "", id)


def _file_name(id: Optional[str], number: int, taken: set[str], remarks: list[Remark]) -> str:
    name = id
    # Some file systems ignore the case of letters.
    if name is None or not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)*", name) or name.lower() in taken:
        name = f"document-{number}"
        while name in taken:
            name = f"{name}-{number}"
        if id is not None:
            remarks.append(Remark("identifier that is no file name", f"now {name}", document=id))
    taken.add(name.lower())
    return name


def _write_text(name: Path, sentences: Sequence[Document], remarks: list[Remark]) -> None:
    whole = _is_in_whole_text(sentences[0])
    for sentence in sentences:
        remarks.extend(lost_token_borders(sentence) + lost_probabilities(sentence))
        if not whole:
            remarks.extend(lost_position(sentence))
        types = [entity.type for entity in sentence.entities]
        types += [relation.type for relation in sentence.relations]
        for type in types:
            if _type(type) != type:
                remarks.append(Remark("white space in a type", repr(type), document=sentence.id))
    if whole:
        text = sentences[0].whole_text or ""
        contents = text, _annotations(text, [(item, _start(item)) for item in sentences])
    else:
        contents = to_brat(sentences[0])
    for suffix, content in zip((".txt", ".ann"), contents, strict=True):
        with open_atomically(_with_suffix(name, suffix)) as file:
            file.write(content)


@document_method("to_brat")
def to_brat(document: Document) -> tuple[str, str]:
    """
    The contents of the `.txt` and the `.ann` file of a document.

    Registered as a method of `Document` with name `"to_brat"`.

    An entity that goes on in the next line has a piece in each. White space in a type becomes `_`;
    probabilities and the borders of tokens are left out.

    # Parameters

    document : `Document`
        The document.
    """
    text = _text(document)
    return text, _annotations(text, [(document, 0)])


def _annotations(text: str, sentences: Sequence[tuple[Document, int]]) -> str:
    """The lines of a text's sentences, which begin at the given characters."""
    entities: list[str] = []
    relations: list[str] = []
    for sentence, first in sentences:
        numbers = range(len(entities) + 1, len(entities) + len(sentence.entities) + 1)
        for number, entity in zip(numbers, sentence.entities, strict=True):
            start, end = sentence.character_span(entity.start, entity.end)
            pieces = list(_pieces(text, first + start, first + end))
            spans = ";".join(f"{start} {end}" for start, end in pieces)
            quoted = " ".join(re.sub(r"\s", " ", text[slice(*piece)]) for piece in pieces)
            entities.append(f"T{number}\t{_type(entity.type)} {spans}\t{quoted}\n")
        for relation in sentence.relations:
            arguments = f"Arg1:T{numbers[relation.head]} Arg2:T{numbers[relation.tail]}"
            relations.append(f"R{len(relations) + 1}\t{_type(relation.type)} {arguments}\n")
    return "".join(entities + relations)


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The parts of a span in the lines of a text: brat has no entity with the end of a line."""
    for line in re.finditer(r"[^\r\n]+", text[start:end]):
        words = line[0].strip()
        if words:
            first = start + line.start() + line[0].index(words)
            yield first, first + len(words)


def _type(type: str) -> str:
    return re.sub(r"\s", "_", type)
