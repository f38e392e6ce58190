import gc

import pytest
import spacy
from spacy.tokens import Doc, DocBin, Span

from dts_ee.corpora.docbin import read_docbin, write_docbin
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.corpora.raw_text import reading

VOCABULARY = spacy.blank("en").vocab


def docs_of(path):
    return list(DocBin().from_disk(path).get_docs(VOCABULARY))


def save(path, *docs):
    DocBin(docs=docs, store_user_data=True, attrs=["SENT_START", "ENT_IOB", "ENT_TYPE"]).to_disk(
        path
    )
    return path


def test_docs_have_the_text_the_entities_and_the_relations(tmp_path):
    document = Document(
        ("lithium", "toxicity", "seen", "."),
        (Entity("Drug", 0, 1, 0.5), Entity("Adverse-Effect", 0, 2)),
        (Relation("Adverse-Effect", 1, 0, 0.25),),
        "a",
        " lithium  toxicity\nseen. ",
        ((1, 8), (10, 18), (19, 23), (23, 24)),
    )
    assert write_docbin(tmp_path / "a.spacy", [document]) == []
    (doc,) = docs_of(tmp_path / "a.spacy")
    assert doc.text == document.text
    assert [(span.text, span.label_) for span in doc.spans["entities"]] == [
        ("lithium", "Drug"),
        ("lithium  toxicity", "Adverse-Effect"),
    ]
    assert [(span.text, span.label_) for span in doc.ents] == [
        ("lithium  toxicity", "Adverse-Effect")
    ]
    assert list(doc._.relations) == [
        {"type": "Adverse-Effect", "head": 1, "tail": 0, "probability": 0.25}
    ]
    assert doc._.document_id == "a"
    assert len(list(doc.sents)) == 1
    (again,) = read_docbin(tmp_path / "a.spacy", reading()).documents
    assert again == document
    assert again.entities[0].probability == 0.5


def test_doc_of_spacy_has_its_sentences_and_entities(tmp_path):
    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    doc = pipeline("Ann left.\nBob stayed in Rome.")
    doc.ents = [Span(doc, 0, 1, "PERSON"), Span(doc, 7, 8, "GPE")]
    corpus = read_docbin(save(tmp_path / "a.spacy", doc), reading())
    first, second = corpus.documents
    assert (first.id, first.text, first.entities) == (
        "#1-1",
        "Ann left.",
        (Entity("PERSON", 0, 1),),
    )
    assert second.tokens == ("Bob", "stayed", "in", "Rome", ".")
    assert second.entities == (Entity("GPE", 3, 4),)
    assert corpus.groups == ["1", "1"]
    assert corpus.remarks == []


def test_sentences_of_white_space_alone_are_none(tmp_path):
    words = ["\n", "Ann", "left", ".", "\n", "Bob", "\n"]
    doc = Doc(spacy.blank("en").vocab, words, [False] * len(words))
    for token in doc:
        token.is_sent_start = token.i not in (2, 3)
    doc.ents = [Span(doc, 5, 6, "PERSON")]
    first, second = read_docbin(save(tmp_path / "a.spacy", doc), reading()).documents
    assert (first.tokens, first.entities) == (("Ann", "left", "."), ())
    assert (second.tokens, second.entities) == (("Bob",), (Entity("PERSON", 0, 1),))


def test_relation_between_two_sentences_is_listed(tmp_path):
    write_docbin(tmp_path / "a.spacy", [Document(("a",))])
    doc = spacy.blank("en")("Ann left. Bob stayed.")
    doc[3].is_sent_start = True
    doc.ents = [Span(doc, 0, 1, "PERSON"), Span(doc, 3, 4, "PERSON")]
    doc._.relations = [{"type": "Knows", "head": 0, "tail": 1}]
    corpus = read_docbin(save(tmp_path / "a.spacy", doc), reading())
    assert [str(remark) for remark in corpus.remarks] == [
        "document #1, relations[0]: relation between two sentences: Knows from 0 to 1"
    ]


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("relations", [{"type": "Knows", "head": 0}], r'has not "type", "head" and "tail"'),
        ("relations", ["Knows"], r'has not "type", "head" and "tail"'),
        ("entity_probabilities", [0.5], "there are 1 for 0 entities"),
    ],
)
def test_malformed_extension_is_an_error(tmp_path, name, value, problem):
    write_docbin(tmp_path / "a.spacy", [Document(("a",))])
    doc = spacy.blank("en")("Ann left.")
    doc._.set(name, value)
    with pytest.raises(DocumentError, match=problem) as raised:
        read_docbin(save(tmp_path / "a.spacy", doc), reading())
    assert raised.value.path == str(tmp_path / "a.spacy")
    assert raised.value.document_id == "#1"


@pytest.mark.parametrize("content", [b"", b"[]", b"\x78\x9c\x03\x00\x00\x00\x00\x01"])
def test_other_file_is_an_error(tmp_path, content):
    (tmp_path / "a.spacy").write_bytes(content)
    with pytest.raises(DocumentError, match="is not a DocBin"):
        read_docbin(tmp_path / "a.spacy", reading())
    assert gc.isenabled()
