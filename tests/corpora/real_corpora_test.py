"""
The published corpora are converted whole.

They are not part of the repository: these tests run where `DTS_EE_DATA` names the folder that holds
`conll04/` and `ade/`, as continuous integration does.
"""

import os
from collections import Counter
from pathlib import Path

import pytest

from dts_ee.corpora import read_documents
from dts_ee.corpora.ade_corpus import read_ade_corpus
from dts_ee.corpora.folds import divide_into_folds
from dts_ee.corpora.formats import read_corpus, write_corpus
from dts_ee.corpora.multihead import read_multihead, write_multihead
from dts_ee.corpora.token_rows import without_overlaps
from dts_ee.document import Document, Entity
from dts_ee.tokenizers import sentence_splitter_of, text_reading, tokenizer_of

DATA = Path(os.environ.get("DTS_EE_DATA", ""))

pytestmark = pytest.mark.skipif(
    "DTS_EE_DATA" not in os.environ, reason="DTS_EE_DATA does not say where the corpora are"
)


@pytest.fixture(scope="module")
def ade():
    return read_ade_corpus(
        DATA / "ade" / "DRUG-AE.rel", text_reading(tokenizer_of("rules"), divide_tokens=True)
    )


def typed_span(document: Document, entity: Entity) -> tuple[str, int, int]:
    """An entity by its characters, where white space does not count."""
    before = len("".join(document.tokens[: entity.start]))
    return entity.type, before, len("".join(document.tokens[: entity.end]))


def entities(document: Document) -> Counter:
    return Counter(typed_span(document, entity) for entity in document.entities)


def relations(document: Document) -> Counter:
    typed_spans = [typed_span(document, entity) for entity in document.entities]
    return Counter(
        (relation.type, typed_spans[relation.head], typed_spans[relation.tail])
        for relation in document.relations
    )


def test_every_line_of_ade_is_converted(ade):
    assert len(ade.documents) == 4_272
    assert len(set(ade.groups)) == 1_644
    assert sum(len(document.relations) for document in ade.documents) == 6_821
    assert not any(remark.lost for remark in ade.remarks)
    assert Counter(remark.problem for remark in ade.remarks) == {
        "token divided at the border of an entity": 19,
        "white space around an entity": 2,
    }


def test_ade_agrees_with_what_others_made_of_it(ade):
    others = read_documents(DATA / "ade" / "ade_full.json")
    assert ["".join(document.tokens) for document in ade.documents] == [
        "".join(document.tokens) for document in others
    ]
    assert sum(len(document.entities) for document in others) == 10_839
    pairs = list(zip(ade.documents, others, strict=True))
    assert [entities(one) for one, _ in pairs] == [entities(other) for _, other in pairs]
    assert [relations(one) for one, _ in pairs] == [relations(other) for _, other in pairs]
    # Tokens are not the same everywhere.
    assert sum(one.tokens == other.tokens for one, other in pairs) == 4_218
    overlapping = [
        document
        for document in ade.documents
        if without_overlaps(document)[0].entities != document.entities
    ]
    assert len(overlapping) == 119


def test_folds_of_ade_keep_abstracts_together(ade):
    folds = divide_into_folds(ade.groups, 10, 0)
    assert sorted(map(len, folds)) == [427] * 8 + [428] * 2
    abstracts = [{ade.groups[index] for index in fold} for fold in folds]
    assert sum(map(len, abstracts)) == len(set(ade.groups))


def test_multihead_file_is_written_as_it_was(tmp_path):
    path = DATA / "conll04" / "multihead_dev.txt"
    corpus = read_multihead(path)
    assert corpus.remarks == []
    assert len(corpus.documents) == 243
    assert sum(len(document.entities) for document in corpus.documents) == 877
    assert sum(len(document.relations) for document in corpus.documents) == 353
    assert write_multihead(tmp_path / "again.txt", corpus.documents) == []
    assert (tmp_path / "again.txt").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", ["multihead", "brat", "label-studio", "docbin", "jsonl"])
def test_conll04_is_the_same_after_every_format(tmp_path, name):
    documents = read_documents(DATA / "conll04" / "conll04_dev.json")
    target = tmp_path / ("dev.jsonl" if name == "jsonl" else "dev")
    assert write_corpus(name, target, documents, {}) == []
    reading = text_reading(tokenizer_of("whitespace"), sentence_splitter_of("whole"))
    corpus = read_corpus(name, target, reading, {})
    assert corpus.remarks == []
    again = {document.id: document for document in corpus.documents}
    assert len(again) == len(documents)
    for document in documents:
        assert again[str(document.id)].tokens == document.tokens
        assert entities(again[str(document.id)]) == entities(document)
        assert relations(again[str(document.id)]) == relations(document)
