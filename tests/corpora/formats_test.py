"""What holds for all formats that are written."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dts_ee.characters import is_blank
from dts_ee.corpora import read_documents
from dts_ee.corpora.formats import FORMATS, read_corpus
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.corpora.raw_text import reading
from tests.documents import TINY_CASE_REPORTS, TINY_NEWS, documents

SUFFIXES = {
    "spert": ".json",
    "jsonl": ".jsonl",
    "docbin": ".spacy",
    "label-studio": ".json",
    "bioc": ".xml",
}
OPTIONS = {"label-studio": {"unannotated": "predictions"}}
FLAT = ("multihead", "spacy-rel")
"""The formats in which entities cannot overlap."""

LOSING = [
    *("brat", "multihead", "dygie", "spacy-rel", "doccano", "gliner", "triples"),
    *("bioc", "pubtator", "webanno-tsv"),
]
"""The formats that cannot express all of a sentence."""

PLACING = ("spert", "jsonl")
READABLE = [name for name, format in FORMATS.items() if format.read]
WRITABLE = [name for name in READABLE if FORMATS[name].write and name != "conll"]
"""Those that are read too, without `conll`, which has neither relations nor identifiers."""


def written_and_read(folder, name, corpus):
    """What is read from what a format writes, and what it says is lost."""
    path = folder / f"corpus-{len(list(folder.iterdir()))}{SUFFIXES.get(name, '')}"
    write = FORMATS[name].write
    assert write is not None
    lost = write(path, corpus)
    assert all(remark.lost for remark in lost)
    return read_corpus(name, path, reading("whole"), OPTIONS.get(name, {})), lost


def content(document: Document):
    """All that a document says, whatever the order of its entities and relations."""

    def item(entity: Entity):
        return entity.type, entity.start, entity.end, entity.probability

    entities = document.entities
    return (
        document.id,
        document.tokens,
        sorted((item(entity) for entity in entities), key=repr),
        sorted(
            (
                (
                    relation.type,
                    item(entities[relation.head]),
                    item(entities[relation.tail]),
                    relation.probability,
                )
                for relation in document.relations
            ),
            key=repr,
        ),
        " ".join(document.tokens) if document.text is None else document.text,
    )


@pytest.mark.parametrize("name", WRITABLE)
@pytest.mark.parametrize("fixture", [TINY_NEWS, TINY_CASE_REPORTS])
def test_sample_corpora_are_read_as_written(tmp_path, name, fixture):
    corpus = read_documents(fixture)
    again, lost = written_and_read(tmp_path, name, corpus)
    assert again.remarks == []
    by_id = {document.id: document for document in again.documents}
    if name in FLAT and fixture == TINY_CASE_REPORTS:
        # A drug inside of an effect.
        assert {remark.problem for remark in lost} == {
            "entity that overlaps another",
            "relation of an entity that is lost",
        }
        corpus = [
            document
            for document in corpus
            if document.id not in {remark.document for remark in lost}
        ]
        assert len(corpus) == 6
    else:
        assert lost == []
    assert [content(by_id[document.id]) for document in corpus] == list(map(content, corpus))


@pytest.mark.parametrize("name", ["spert", "jsonl", "docbin", "label-studio", "prodigy"])
@given(st.lists(documents(), min_size=1, max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
def test_whatever_there_is_is_read_as_written(tmp_path, name, corpus):
    corpus = [replace(document, id=f"a{i}") for i, document in enumerate(corpus)]
    # A token of invisible characters alone is no entity.
    assume(
        not any(
            is_blank(document.entity_text(entity))
            for document in corpus
            for entity in document.entities
        )
    )
    again, lost = written_and_read(tmp_path, name, corpus)
    expressed = [document.start_char is None or name in PLACING for document in corpus]
    assert [remark.document for remark in lost] == [
        document.id for document, all_of_it in zip(corpus, expressed, strict=True) if not all_of_it
    ]
    assert again.remarks == []
    assert list(map(content, again.documents)) == list(map(content, corpus))


@pytest.mark.parametrize("name", LOSING)
@given(st.lists(documents(), min_size=1, max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_what_is_not_listed_as_lost_is_read_as_written(tmp_path, name, corpus):
    corpus = [replace(document, id=f"a{i}") for i, document in enumerate(corpus)]
    again, lost = written_and_read(tmp_path, name, corpus)
    # A token of invisible characters alone is no entity.
    lost += [remark for remark in again.remarks if remark.lost]
    ids, named = ({item.id for item in corpus}, {remark.document for remark in lost})
    # Where one file is one text, a remark names the file.
    assume(named <= ids)
    whole = ids - named
    by_id = {document.id: document for document in again.documents}
    for document in corpus:
        if document.id in whole:
            before, after = content(document), content(by_id[document.id])
            assert after[:4] == before[:4]
            assert after[4].strip() == before[4].strip()


@pytest.mark.parametrize(
    "name", [name for name in LOSING if name not in ("spacy-rel", "bioc", "triples")]
)
def test_probabilities_are_listed_where_they_are_lost(tmp_path, name):
    document = Document(
        ("Ann", "left", "Rome"),
        (Entity("Peop", 0, 1, 0.5), Entity("Loc", 2, 3)),
        (Relation("Live_In", 0, 1, 0.25),),
        "a",
    )
    _, lost = written_and_read(tmp_path, name, [document])
    assert [str(remark) for remark in lost] == [
        "document a: probability: entities[0]: 0.5",
        "document a: probability: relations[0]: 0.25",
    ]


def test_a_token_that_only_an_invisible_character_ends_is_listed_as_lost(tmp_path):
    # U+E0020, a tag, is in one grapheme cluster with the colon.
    document = Document(
        (":\U000e0020", "0"), id="a", text=":\U000e00200", token_offsets=((0, 2), (2, 3))
    )
    _, lost = written_and_read(tmp_path, "brat", [document])
    assert [remark.problem for remark in lost] == ["tokens that white space does not separate"]


@pytest.mark.parametrize("name", [name for name in WRITABLE if name not in PLACING])
def test_place_in_a_longer_text_is_listed_where_it_is_lost(tmp_path, name):
    document = Document(("Ann", "left"), id="a", start_char=40)
    _, lost = written_and_read(tmp_path, name, [document])
    assert [str(remark) for remark in lost] == [
        "document a: position in a longer text: begins at character 40"
    ]


@pytest.mark.parametrize("name", [name for name in READABLE if name != "brat"])
def test_missing_file_is_named(tmp_path, name):
    with pytest.raises(DocumentError, match="there is no such file") as raised:
        read_corpus(name, tmp_path / "missing", reading(), {})
    assert raised.value.path == str(tmp_path / "missing")


@pytest.mark.parametrize(("name", "suffix"), [("spert", ".jsonl"), ("jsonl", ".json")])
def test_name_of_another_format_is_an_error(tmp_path, name, suffix):
    write = FORMATS[name].write
    assert write is not None
    with pytest.raises(DocumentError, match="the name must end in"):
        write(tmp_path / f"a{suffix}", read_documents(TINY_NEWS))
    assert list(tmp_path.iterdir()) == []
