"""
The formats among which documents are converted, by name.
"""

import os
from dataclasses import dataclass, replace
from typing import Callable, Mapping, Optional, Sequence

from dts_ee.corpora.ade_corpus import read_ade_corpus
from dts_ee.corpora.bioc import read_bioc, write_bioc
from dts_ee.corpora.brat import read_brat, write_brat
from dts_ee.corpora.concept_relations import SAME_SENTENCE
from dts_ee.corpora.conll import read_conll, write_conll
from dts_ee.corpora.conll04_corp import read_conll04_corp
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.corpus_graph import MERGES
from dts_ee.corpora.docbin import read_docbin, write_docbin
from dts_ee.corpora.doccano import read_doccano, write_doccano
from dts_ee.corpora.dygie import read_dygie, write_dygie
from dts_ee.corpora.files import PathOrStr
from dts_ee.corpora.gliner import read_gliner, write_gliner
from dts_ee.corpora.graph_files import BASE_URI, write_graphml, write_neo4j, write_turtle
from dts_ee.corpora.label_studio import read_label_studio
from dts_ee.corpora.label_studio_writer import write_label_studio
from dts_ee.corpora.multihead import read_multihead, write_multihead
from dts_ee.corpora.prodigy import read_prodigy, write_prodigy
from dts_ee.corpora.pubtator import read_pubtator, write_pubtator
from dts_ee.corpora.record_errors import SKIP, RecordErrors
from dts_ee.corpora.spacy_rel import write_spacy_rel
from dts_ee.corpora.spert import read_documents, write_documents
from dts_ee.corpora.text_reading import TextReading, check_no_windows
from dts_ee.corpora.triples import read_triples, write_triples
from dts_ee.corpora.webanno_tsv import read_webanno_tsv
from dts_ee.corpora.webanno_writer import write_webanno_tsv
from dts_ee.document import Document, DocumentError

Reader = Callable[..., Corpus]
Writer = Callable[..., list[Remark]]


@dataclass(frozen=True)
class FormatOption:
    """
    An option of the reader or the writer of a format.

    # Parameters

    name : `str`
        Its name: of `text-key`, it is `--text-key` on the command line, and the argument of
        the reader or writer is `text_key`.
    description : `str`
        What it does, in a few words.
    choices : `Tuple[str, ...]`, optional (default = `()`)
        The possible values; without them, any string is.
    """

    name: str
    description: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """
    A format.

    # Parameters

    description : `str`
        What it is, in a few words.
    read : `Callable[..., Corpus]`, optional (default = `None`)
        Reads a file or a folder; takes its path, a `TextReading` and the format's options.
    write : `Callable[..., list[Remark]]`, optional (default = `None`)
        Writes a file or a folder, all of it or nothing, and returns what the format cannot express;
        takes its path, the documents and the format's options.
    keeps_extra : `bool`, optional (default = `False`)
        Whether it has what is in `Document.extra`.
    options : `Tuple[FormatOption, ...]`, optional (default = `()`)
        The options of its reader.
    write_options : `Tuple[FormatOption, ...]`, optional (default = `()`)
        The options of its writer.
    """

    description: str
    read: Optional[Reader] = None
    write: Optional[Writer] = None
    keeps_extra: bool = False
    options: tuple[FormatOption, ...] = ()
    write_options: tuple[FormatOption, ...] = ()


def read_corpus(
    format: str, path: PathOrStr, reading: TextReading, options: Mapping[str, str]
) -> Corpus:
    """
    Reads a file or a folder. Documents of several sentences say so.

    # Parameters

    format : `str`
        The name of its format.
    path : `PathOrStr`
        The file or folder.
    reading : `TextReading`
        How raw text becomes sentences and tokens.
    options : `Mapping[str, str]`
        The values of options of the format, by their names.

    # Raises

    `DocumentError`
        If the format has no such option or an option no such value, or as its reader does.
    """
    read = FORMATS[format].read
    assert read is not None
    corpus = read(path, reading, **_arguments(format, FORMATS[format].options, options))
    if reading.windows == 1:
        return corpus
    documents = [replace(document, windows=reading.windows) for document in corpus.documents]
    return replace(corpus, documents=documents)


def write_corpus(
    format: str, path: PathOrStr, documents: Sequence[Document], options: Mapping[str, str]
) -> list[Remark]:
    """
    Writes a file or a folder, completely or not at all.

    # Parameters

    format : `str`
        The name of its format.
    path : `PathOrStr`
        The file or folder.
    documents : `Sequence[Document]`
        The documents.
    options : `Mapping[str, str]`
        The values of options of the format, by their names.

    # Returns

    `list[Remark]`
        What the format cannot express.

    # Raises

    `DocumentError`
        If the format has no such option or an option no such value, or as its writer does.
    """
    write = FORMATS[format].write
    assert write is not None
    return write(path, documents, **_arguments(format, FORMATS[format].write_options, options))


def _arguments(
    format: str, options: Sequence[FormatOption], values: Mapping[str, str]
) -> dict[str, str]:
    """The arguments of a format's reader or writer for values of its options."""
    known = {option.name: option for option in options}
    for name, value in values.items():
        if name not in known:
            others = ", ".join(_formats_with_option(name))
            raise DocumentError(f"{format} has no option --{name}; it is one of {others}")
        choices = known[name].choices
        if choices and value not in choices:
            raise DocumentError(f"--{name} of {format} is {' or '.join(choices)}, not {value}")
    return {name.replace("-", "_"): value for name, value in values.items()}


def _formats_with_option(name: str) -> list[str]:
    return [
        format
        for format, description in FORMATS.items()
        if any(option.name == name for option in (*description.options, *description.write_options))
    ]


def _read_spert(path: PathOrStr, reading: TextReading, on_error: Optional[str] = None) -> Corpus:
    check_no_windows(reading)
    errors = RecordErrors(path, on_error)
    documents = read_documents(path, errors)
    return Corpus.of_sentences(documents, errors.remarks)


def _without_text(read: Callable[..., Corpus]) -> Reader:
    """The reader of a format that has sentences and tokens."""

    def read_sentences(path: PathOrStr, reading: TextReading, **options: str) -> Corpus:
        check_no_windows(reading)
        return read(path, **options)

    return read_sentences


def _spert_writer(*suffixes: str) -> Writer:
    def write(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
        name = os.fspath(path)
        if not name.endswith(suffixes):
            raise DocumentError(f"the name must end in {' or '.join(suffixes)}", path=name)
        write_documents(path, documents)
        return []

    return write


_CONCEPT_RELATIONS = FormatOption(
    "concept-relations",
    "what a relation between concepts with several mentions becomes",
    (SAME_SENTENCE,),
)

_ON_ERROR = FormatOption(
    "on-error",
    "what to do with a record that cannot be read: stop and write nothing, or leave it out and "
    "list it",
    ("stop", SKIP),
)

_MERGE_ENTITIES = FormatOption(
    "merge-entities",
    "which entities are one node: those with the same type and text, without it; the same in lower "
    "case; or none",
    tuple(MERGES),
)

FORMATS = {
    "spert": Format(
        "SpERT's JSON, a list of documents",
        _read_spert,
        _spert_writer(".json", ".json.gz"),
        keeps_extra=True,
        options=(_ON_ERROR,),
    ),
    "jsonl": Format(
        "the same documents, one per line",
        _read_spert,
        _spert_writer(".jsonl", ".jsonl.gz"),
        keeps_extra=True,
        options=(_ON_ERROR,),
    ),
    "multihead": Format(
        "the tab-separated format of multi-head selection (Bekoulis et al., 2018)",
        _without_text(read_multihead),
        write_multihead,
        options=(_ON_ERROR,),
    ),
    "brat": Format(
        "brat's standoff, a folder of .txt and .ann files",
        read_brat,
        write_brat,
        options=(
            FormatOption("unannotated", "what a text without an .ann file is", ("empty",)),
            FormatOption("events", "what an event becomes", ("trigger-argument",)),
            FormatOption("equivalences", "the type of relations between equivalent entities"),
            _ON_ERROR,
        ),
    ),
    "label-studio": Format(
        "Label Studio's JSON",
        read_label_studio,
        write_label_studio,
        options=(
            FormatOption("text-key", "the key of the text in a task's data"),
            FormatOption(
                "unannotated",
                "what a task without annotation has",
                ("empty", "predictions"),
            ),
            _ON_ERROR,
        ),
    ),
    "bioc": Format(
        "BioC, in XML or JSON", read_bioc, write_bioc, options=(_CONCEPT_RELATIONS, _ON_ERROR)
    ),
    "pubtator": Format(
        "PubTator's lines, as of BC5CDR and BioRED",
        read_pubtator,
        write_pubtator,
        options=(_CONCEPT_RELATIONS, _ON_ERROR),
    ),
    "webanno-tsv": Format(
        "WebAnno TSV 3.3, of INCEpTION",
        read_webanno_tsv,
        write_webanno_tsv,
        options=(_ON_ERROR,),
    ),
    "docbin": Format("spaCy's DocBin", read_docbin, write_docbin, options=(_ON_ERROR,)),
    "spacy-rel": Format(
        "spaCy's DocBin with the relations of its relation component",
        read_docbin,
        write_spacy_rel,
        options=(_ON_ERROR,),
    ),
    "dygie": Format(
        "the JSON Lines of DyGIE++, SciERC, PURE and PL-Marker",
        read_dygie,
        write_dygie,
        options=(_ON_ERROR,),
    ),
    "prodigy": Format(
        "Prodigy's JSON Lines, of ner.manual and rel.manual",
        read_prodigy,
        write_prodigy,
        options=(_ON_ERROR,),
    ),
    "doccano": Format(
        "doccano's JSON Lines, with relations", read_doccano, write_doccano, options=(_ON_ERROR,)
    ),
    "gliner": Format(
        "the training data of GLiNER and GLiNER2", read_gliner, write_gliner, options=(_ON_ERROR,)
    ),
    "conll": Format(
        "columns of tokens and tags, as in CoNLL-2003",
        _without_text(read_conll),
        write_conll,
        options=(_ON_ERROR,),
    ),
    "triples": Format(
        "a table (CSV, TSV) of texts, heads, relations and tails",
        read_triples,
        write_triples,
        options=(_ON_ERROR,),
    ),
    "ade-corpus": Format(
        "ADE-Corpus-V2 as published, the file DRUG-AE.rel or the folder", read_ade_corpus
    ),
    "conll04-corp": Format(
        "CoNLL04 as published, the file conll04.corp", _without_text(read_conll04_corp)
    ),
    "graphml": Format(
        "GraphML, one graph of all entities and relations",
        write=write_graphml,
        write_options=(_MERGE_ENTITIES,),
    ),
    "turtle": Format(
        "the same graph as RDF, in Turtle",
        write=write_turtle,
        write_options=(
            _MERGE_ENTITIES,
            FormatOption("base-uri", f"the beginning of the URIs, {BASE_URI} without it"),
        ),
    ),
    "neo4j": Format(
        "the same graph as a folder of tables (CSV) for Neo4j's import",
        write=write_neo4j,
        write_options=(_MERGE_ENTITIES,),
    ),
}
"""Each format by the name that the command line has for it."""
