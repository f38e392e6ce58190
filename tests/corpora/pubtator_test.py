import pytest

from dts_ee.corpora.pubtator import read_pubtator, write_pubtator
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.corpora.raw_text import reading, words
from tests.documents import FORMAT_FIXTURES, named_relations

PATH = FORMAT_FIXTURES / "pubtator.txt"


def test_titles_and_abstracts_become_sentences():
    corpus = read_pubtator(PATH, reading(tokenize=words))
    assert [document.id for document in corpus.documents] == [
        *("101-1", "101-2", "101-3", "101-4", "102")
    ]
    assert corpus.groups == ["0", "0", "0", "0", "1"]
    assert [
        (document.text, [document.entity_text(entity) for entity in document.entities])
        for document in corpus.documents
    ] == [
        ("Brinzol rash in a boy", ["Brinzol", "rash"]),
        ("A boy had a rash.", ["rash"]),
        ("Brinzol was stopped.", ["Brinzol"]),
        ("No rash after tamofex.", ["rash", "tamofex"]),
        ("Zalotril or tamofex for cough.", ["Zalotril", "tamofex", "cough"]),
    ]
    # Each of these concepts has one mention.
    assert named_relations(corpus.documents[4]) == [
        ("Cotreatment", "Zalotril", "tamofex"),
        ("Treats", "Zalotril", "cough"),
    ]
    assert [str(remark) for remark in corpus.remarks if remark.lost] == [
        "document 101, line 10: what a relation has beside its concepts: 'Novel'",
        "document 101, line 9: relation of concepts with several mentions: CID from MESH:D01 to "
        "MESH:D02: 2 and 3 mentions; --concept-relations same-sentence relates those in one "
        "sentence",
        "document 101, line 10: relation of concepts with several mentions: Association from "
        "MESH:D03 to MESH:D02: 1 and 3 mentions; --concept-relations same-sentence relates those "
        "in one sentence",
        "document 102, line 19: relation of a concept without a mention: Treats from MESH:D09 to "
        "MESH:D06",
        "the concepts of 9 mentions are lost",
    ]


def test_relations_between_concepts_in_one_sentence():
    corpus = read_pubtator(PATH, reading(tokenize=words), "same-sentence")
    assert [named_relations(document) for document in corpus.documents] == [
        [("CID", "Brinzol", "rash")],
        [],
        [],
        [("Association", "tamofex", "rash")],
        [("Cotreatment", "Zalotril", "tamofex"), ("Treats", "Zalotril", "cough")],
    ]


def test_relation_of_concepts_in_no_sentence_is_listed(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(
        "1|t|A rash.\n1|a|Brinzol.\n1\t2\t6\trash\tDisease\tD\n1\t8\t15\tBrinzol\tChemical\tC\n"
        "1\tCID\tC\tD\n"
    )
    corpus = read_pubtator(path, reading(), "same-sentence")
    assert [remark.problem for remark in corpus.remarks if remark.lost] == [
        *("relation of concepts in no sentence", "normalisation")
    ]
    assert [remark.problem for remark in read_pubtator(path, reading()).remarks if remark.lost] == [
        *("relation between two sentences", "normalisation")
    ]


def test_documents_are_written_as_titles(tmp_path):
    documents = [
        Document(
            ("Brinzol", "rash", "."),
            (Entity("Drug", 0, 1), Entity("Effect", 1, 2), Entity("Sign", 1, 2)),
            (Relation("CID", 0, 1),),
            "a",
        ),
        Document(("Yes",), id="a"),
        Document(("No\tway",), id="b|t"),
    ]
    lost = write_pubtator(tmp_path / "a.txt", documents)
    assert (tmp_path / "a.txt").read_text() == (
        "a|t|Brinzol rash .\na|a|\n"
        "a\t0\t7\tBrinzol\tDrug\tT1\na\t8\t12\trash\tEffect\tT2\na\t8\t12\trash\tSign\t-\n"
        "a\tCID\tT1\tT2\n\n"
        "document-2|t|Yes\ndocument-2|a|\n\n"
        "document-3|t|No way\ndocument-3|a|\n\n"
    )
    assert [remark.problem for remark in lost] == [
        "identifier with | or twice",
        "tokens that white space does not separate",
        "identifier with | or twice",
        "tab or end of line",
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("1\t0\t3\tAnn\tPeop\tx", "line 1 is .* but should begin a text, as in id|t|title"),
        ("1|t|Ann\n2\t0\t3\tAnn\tPeop\tx", "line 2 is .* the identifier of the text before it"),
        ("1|t|Ann\n1\t0\tx\tAnn\tPeop\tx", "line 2 is no mention"),
        ("1|t|Ann\n1\t0\t3\tAnn", "line 2 is no mention .* no relation"),
        ("1|t|Ann\n1|a|Bob\n1|a|Bob", "line 3 is a second abstract of 1"),
        ("1|t|Ann\n1\tKnows\t\tx", "line 2 is no mention"),
    ],
)
def test_malformed_line_is_an_error(tmp_path, text, problem):
    (tmp_path / "a.txt").write_text(text)
    with pytest.raises(DocumentError, match=problem):
        read_pubtator(tmp_path / "a.txt", reading())
