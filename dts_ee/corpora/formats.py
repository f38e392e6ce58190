"""
The formats among which documents are converted, by name.
"""

import os
from dataclasses import dataclass
from typing import Callable, Optional, Sequence

from dts_ee.corpora.ade_corpus import read_ade_corpus
from dts_ee.corpora.brat import read_brat, write_brat
from dts_ee.corpora.conll import read_conll, write_conll
from dts_ee.corpora.conll04_corp import read_conll04_corp
from dts_ee.corpora.corpus import Corpus, Remark
from dts_ee.corpora.docbin import read_docbin, write_docbin
from dts_ee.corpora.doccano import read_doccano, write_doccano
from dts_ee.corpora.dygie import read_dygie, write_dygie
from dts_ee.corpora.files import PathOrStr
from dts_ee.corpora.gliner import read_gliner, write_gliner
from dts_ee.corpora.label_studio import read_label_studio, write_label_studio
from dts_ee.corpora.multihead import read_multihead, write_multihead
from dts_ee.corpora.prodigy import read_prodigy, write_prodigy
from dts_ee.corpora.spacy_rel import write_spacy_rel
from dts_ee.corpora.spert import read_documents, write_documents
from dts_ee.corpora.text_reading import TextReading
from dts_ee.corpora.triples import read_triples, write_triples
from dts_ee.document import Document, DocumentError

Reader = Callable[[PathOrStr, TextReading], Corpus]
Writer = Callable[[PathOrStr, Sequence[Document]], list[Remark]]


@dataclass(frozen=True)
class Format:
    """
    A format.

    # Parameters

    description : `str`
        What it is, in a few words.
    read : `Callable[[PathOrStr, TextReading], Corpus]`
        Reads a file or a folder.
    write : `Callable[[PathOrStr, Sequence[Document]], list[Remark]]`, optional (default = `None`)
        Writes a file or a folder, all of it or nothing, and returns what the format cannot express.
    keeps_extra : `bool`, optional (default = `False`)
        Whether it has what is in `Document.extra`.
    """

    description: str
    read: Reader
    write: Optional[Writer] = None
    keeps_extra: bool = False


def _read_spert(path: PathOrStr) -> Corpus:
    return Corpus.of_sentences(read_documents(path))


def _without_text(read: Callable[[PathOrStr], Corpus]) -> Reader:
    """The reader of a format that has sentences and tokens."""
    return lambda path, reading: read(path)


def _spert_writer(*suffixes: str) -> Writer:
    def write(path: PathOrStr, documents: Sequence[Document]) -> list[Remark]:
        name = os.fspath(path)
        if not name.endswith(suffixes):
            raise DocumentError(f"the name must end in {' or '.join(suffixes)}", path=name)
        write_documents(path, documents)
        return []

    return write


FORMATS = {
    "spert": Format(
        "SpERT's JSON, a list of documents",
        _without_text(_read_spert),
        _spert_writer(".json", ".json.gz"),
        keeps_extra=True,
    ),
    "jsonl": Format(
        "the same documents, one per line",
        _without_text(_read_spert),
        _spert_writer(".jsonl", ".jsonl.gz"),
        keeps_extra=True,
    ),
    "multihead": Format(
        "the tab-separated format of multi-head selection (Bekoulis et al., 2018)",
        _without_text(read_multihead),
        write_multihead,
    ),
    "brat": Format("brat's standoff, a folder of .txt and .ann files", read_brat, write_brat),
    "label-studio": Format("Label Studio's JSON", read_label_studio, write_label_studio),
    "docbin": Format("spaCy's DocBin", read_docbin, write_docbin),
    "spacy-rel": Format(
        "spaCy's DocBin with the relations of its relation component", read_docbin, write_spacy_rel
    ),
    "dygie": Format(
        "the JSON Lines of DyGIE++, SciERC, PURE and PL-Marker", read_dygie, write_dygie
    ),
    "prodigy": Format(
        "Prodigy's JSON Lines, of ner.manual and rel.manual", read_prodigy, write_prodigy
    ),
    "doccano": Format("doccano's JSON Lines, with relations", read_doccano, write_doccano),
    "gliner": Format("the training data of GLiNER and GLiNER2", read_gliner, write_gliner),
    "conll": Format("columns of tokens and tags, as in CoNLL-2003", read_conll, write_conll),
    "triples": Format(
        "a table (CSV, TSV) of texts, heads, relations and tails", read_triples, write_triples
    ),
    "ade-corpus": Format("ADE-Corpus-V2 as published, the file DRUG-AE.rel", read_ade_corpus),
    "conll04-corp": Format(
        "CoNLL04 as published, the file conll04.corp", _without_text(read_conll04_corp)
    ),
}
"""Each format by the name that the command line has for it."""
