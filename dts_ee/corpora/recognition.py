"""
Recognising what a file is by its first bytes, lines or record.
"""

import re
import shlex
import zlib
from dataclasses import dataclass
from typing import Callable, Collection, Optional

from dts_ee.corpora.beginning import Beginning
from dts_ee.corpora.conll import NEW_TEXT, is_tag
from dts_ee.corpora.files import PathOrStr
from dts_ee.corpora.triples import is_header
from dts_ee.document import DocumentError


@dataclass(frozen=True)
class Kind:
    """
    A kind of file.

    # Parameters

    name : `str`
        The name of its format, or another one if it cannot be converted.
    description : `str`
        What it is, in a few words.
    looks_like : `Callable[[Beginning], bool]`
        Whether a file begins like that.
    remedy : `str`, optional (default = `""`)
        What to do with it if it cannot be converted.
    """

    name: str
    description: str
    looks_like: Callable[[Beginning], bool]
    remedy: str = ""

    def hint(self, path: str) -> str:
        """What it looks like, and what to do with it."""
        convert = f"dts-ee convert --from {self.name} {shlex.quote(path)} --to spert OUT"
        return f"this looks like {self.description}: {self.remedy or convert}"


def recognise(path: PathOrStr) -> Optional[Kind]:
    """
    The kind of a file or a folder, or `None` if it is none that is known.

    # Parameters

    path : `PathOrStr`
        The file or folder. Only its beginning is read.
    """
    beginning = Beginning(path)
    return next((kind for kind in KINDS if kind.looks_like(beginning)), None)


def with_hint(error: DocumentError, path: PathOrStr, expected: Collection[str]) -> DocumentError:
    """
    The error of a reader, with a hint if the file looks like something else.

    # Parameters

    error : `DocumentError`
        The error.
    path : `PathOrStr`
        The file that was read.
    expected : `Collection[str]`
        The names of the kinds that get no hint: those that it can be, for this reader.
    """
    kind = recognise(path)
    if kind is None or kind.name in expected:
        return error
    hint = kind.hint(str(path))
    if hint in error.problem:
        return error
    return DocumentError(f"{error.problem}; {hint}", error.field, error.document_id, error.path)


def _has(*keys: str) -> Callable[[Beginning], bool]:
    """Whether the first record has all of the keys."""
    return lambda beginning: all(key in beginning.record for key in keys)


def _has_any(beginning: Beginning, *keys: str) -> bool:
    return any(key in beginning.record for key in keys)


def _is_spert(beginning: Beginning) -> bool:
    sentence = beginning.first_item("sentences")
    return isinstance(beginning.first_item("tokens"), str) or (
        isinstance(sentence, dict) and "tokens" in sentence
    )


def _is_task(beginning: Beginning) -> bool:
    """Whether it is a task of Label Studio, annotated or with predictions."""
    record = beginning.record
    return isinstance(record.get("data"), dict) and _has_any(
        beginning, "annotations", "predictions", "completions"
    )


def _is_json_min(beginning: Beginning) -> bool:
    return _has_any(beginning, "annotation_id") and "data" not in beginning.record


def _is_bioc(beginning: Beginning) -> bool:
    if any(isinstance(beginning.record.get(key), list) for key in ("documents", "PubTator3")):
        return True
    return beginning.text.startswith("<") and "<collection" in beginning.text[:2000]


def _is_dygie(beginning: Beginning) -> bool:
    return isinstance(beginning.first_item("sentences"), list)


def _is_prodigy(beginning: Beginning) -> bool:
    if "text" not in beginning.record:
        return False
    span = beginning.first_item("spans")
    return _has_any(beginning, "_input_hash", "_task_hash", "answer") or (
        isinstance(span, dict) and "start" in span
    )


def _is_doccano(beginning: Beginning) -> bool:
    record = beginning.record
    if not any(isinstance(record.get(key), str) for key in ("text", "data")):
        return False
    entity = beginning.first_item("entities")
    if isinstance(entity, dict):
        return "start_offset" in entity
    return isinstance(entity, list) or _has_any(beginning, "label", "labels", "Comments")


def _is_gliner(beginning: Beginning) -> bool:
    record = beginning.record
    return "tokenized_text" in record or any(
        isinstance(record.get(schema), dict) and text in record
        for text, schema in (("input", "output"), ("text", "schema"))
    )


def _is_docbin(beginning: Beginning) -> bool:
    if not beginning.data.startswith(b"\x78"):
        return False
    try:
        start = zlib.decompressobj().decompress(beginning.data, 200)
    except zlib.error:
        return False
    return b"version" in start and b"attrs" in start


def _first_line_is(pattern: str) -> Callable[[Beginning], bool]:
    """Whether the first line matches a pattern."""
    return lambda beginning: bool(beginning.lines and re.match(pattern, beginning.lines[0]))


def _is_conll04_corp(beginning: Beginning) -> bool:
    return (
        bool(beginning.lines)
        and beginning.lines[0].strip().count("\t") == 8
        and any(re.fullmatch(r"\d+\t\d+\t\w+", line.strip()) for line in beginning.lines)
    )


def _is_conll(beginning: Beginning) -> bool:
    lines = [line for line in beginning.lines[:50] if not line.startswith((NEW_TEXT, "# "))]
    return bool(lines) and all(
        len(cells) > 1 and is_tag(cells[-1]) for cells in map(str.split, lines)
    )


def _is_triples(beginning: Beginning) -> bool:
    return bool(beginning.lines) and is_header(beginning.lines[0])


def _is_plain_text(beginning: Beginning) -> bool:
    return bool(beginning.text) and not beginning.text.startswith(("{", "[", "<"))


_AS_JSON = 'in Label Studio, export as "JSON", in which relations have regions to refer to'

KINDS = (
    Kind(
        "brat",
        "brat's standoff, a folder of .txt and .ann files",
        lambda beginning: any(name.endswith((".ann", ".a1")) for name in beginning.names),
    ),
    Kind(
        "text-folder",
        "a folder of texts without annotation",
        lambda beginning: any(name.endswith(".txt") for name in beginning.names),
        remedy="dts-ee predict MODEL FOLDER finds what is in them",
    ),
    Kind("docbin", "spaCy's DocBin", _is_docbin),
    Kind(
        "pdf",
        "a PDF file",
        lambda beginning: beginning.data.startswith(b"%PDF"),
        remedy="save its text as a .txt file",
    ),
    Kind(
        "zip",
        "a zipped file",
        lambda beginning: beginning.data.startswith(b"PK\x03\x04"),
        remedy="unpack it, or, from Word, save its text as a .txt file",
    ),
    Kind("spert", "SpERT's JSON", _is_spert),
    Kind("label-studio", "Label Studio's JSON", _is_task),
    Kind("json-min", "Label Studio's JSON-MIN", _is_json_min, remedy=_AS_JSON),
    Kind(
        "label-studio-table",
        "Label Studio's CSV or TSV",
        _first_line_is(r'.*"annotation_id"[,\t]"annotator"[,\t]'),
        remedy=_AS_JSON,
    ),
    Kind("bioc", "BioC", _is_bioc),
    Kind("dygie", "the JSON Lines of DyGIE++, SciERC or PURE", _is_dygie),
    Kind("gliner", "the training data of GLiNER", _is_gliner),
    Kind("prodigy", "Prodigy's JSON Lines", _is_prodigy),
    Kind("doccano", "doccano's JSON Lines", _is_doccano),
    Kind(
        "spacy-2",
        "the JSON of spaCy 2",
        _has("paragraphs"),
        remedy="python -m spacy convert FILE FOLDER makes a DocBin of it",
    ),
    Kind(
        "uima-cas-json",
        "INCEpTION's UIMA CAS JSON",
        _has("%TYPES"),
        remedy="export it as WebAnno TSV 3.3",
    ),
    Kind(
        "texts",
        "texts without annotation",
        lambda beginning: (
            _has_any(beginning, "text", "sentence")
            and not _has_any(beginning, "entities", "relations")
        ),
        remedy="dts-ee predict MODEL FILE finds what is in them",
    ),
    Kind("webanno-tsv", "WebAnno TSV", _first_line_is("#FORMAT=WebAnno TSV")),
    Kind(
        "webanno-tsv-2",
        "WebAnno TSV 1 or 2",
        _first_line_is(r"# \w+(\.\w+){2,}"),
        remedy="export it as WebAnno TSV v3.3",
    ),
    Kind("pubtator", "PubTator", _first_line_is(r"[^|\s]+\|[ta]\|")),
    Kind("multihead", "the format of multi-head selection", _first_line_is("#doc")),
    Kind(
        "ade-corpus",
        "a file of ADE-Corpus-V2",
        _first_line_is(r"\d+\|[^|]+\|[^|]+\|\d+\|\d+\|[^|]+\|\d+\|\d+$|\d+ NEG \S"),
    ),
    Kind(
        "ann",
        "an .ann file of brat",
        _first_line_is(r"T\d+\t\S+ \d+ \d+"),
        remedy="dts-ee convert --from brat FOLDER --to spert OUT, with the folder that it is in",
    ),
    Kind("conll04-corp", "conll04.corp", _is_conll04_corp),
    Kind("conll", "columns of tokens and tags, as in CoNLL-2003", _is_conll),
    Kind("triples", "a table of texts, heads, relations and tails", _is_triples),
    Kind(
        "text",
        "plain text without annotation",
        _is_plain_text,
        remedy="dts-ee predict MODEL FOLDER reads a folder of .txt files",
    ),
)
"""All kinds; a file is of the first one that it looks like."""
