import pytest

from dts_ee.corpora.conll04_corp import read_conll04_corp
from dts_ee.document import DocumentError
from tests.documents import document

CORPUS = """\
3\tPeop\t0\tO\tNNP/NNP\tAnn/Lee\tO\tO\tO
3\tO\t1\tO\t,\tCOMMA\tO\tO\tO
3\tO\t2\tO\t-LRB-\t-LRB-\tO\tO\tO
3\tOrg\t3\tO\tNNP/,/NNP\tNord/COMMA/Lys\tO\tO\tO
3\tO\t4\tO\t-RRB-\t-RRB-\tO\tO\tO
3\tLoc\t5\tO\tNNP\tOslo\tO\tO\tO

0\t3\tWork_For
3\t5\tOrgBased_In

4\tO\t0\tO\tCD\t1/2\tO\tO\tO
4\tO\t1\tO\t:\t/\tO\tO\tO
4\tO\t2\tO\tNN\train\tO\tO\tO


5\tO\t0\tO\tNN\tSnow\tO\tO\tO
"""


def read(tmp_path, text):
    path = tmp_path / "conll04.corp"
    path.write_text(text, encoding="utf-8")
    return read_conll04_corp(path)


def test_rows_become_tokens(tmp_path):
    corpus = read(tmp_path, CORPUS)
    assert corpus.documents == [
        document(
            "[Ann Lee|Peop] , ( [Nord , Lys|Org] ) [Oslo|Loc]",
            [("Work_For", 0, 1), ("OrgBased_In", 1, 2)],
            "3",
        ),
        document("1/2 / rain", id="4"),
        document("Snow", id="5"),
    ]
    assert corpus.remarks == []


def test_what_cannot_be_a_relation_is_listed(tmp_path):
    text = CORPUS.replace(
        "0\t3\tWork_For", "0\t3\tWork_For\n0\t3\tWork_For\n1\t3\tKill\n5\t5\tLocated_In"
    )
    corpus = read(tmp_path, text)
    assert len(corpus.documents[0].relations) == 2
    assert [str(remark) for remark in corpus.remarks] == [
        "document 3, line 9: relation is there twice: Work_For from 'Ann Lee' to 'Nord , Lys'",
        "document 3, line 10: relation of words that are no entity: Kill from ',' to 'Nord , Lys'",
        "document 3, line 11: relation of an entity with itself: Located_In from 'Oslo' to 'Oslo'",
    ]
    assert [remark.lost for remark in corpus.remarks] == [False, True, True]


def test_words_that_cannot_be_told_apart_stay_one_token(tmp_path):
    corpus = read(tmp_path, CORPUS.replace("Ann/Lee", "Ann/and/Lee"))
    assert corpus.documents[0].tokens[0] == "Ann/and/Lee"
    assert [(str(remark), remark.lost) for remark in corpus.remarks] == [
        (
            "document 3, line 1: words are not as many as parts of speech: 'Ann/and/Lee' stays one "
            "token, because of 'NNP/NNP'",
            False,
        )
    ]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("0\t3\tWork_For", "0\t6\tWork_For", "line 8 names row 6, which is missing"),
        ("0\t3\tWork_For", "Ann\t3\tWork_For", "line 8 has 'Ann' instead of a number"),
        ("0\t3\tWork_For", "0\tWork_For", "line 8 has 2 columns; a row has 9, a relation 3"),
        ("3\tO\t1\t", "3\tO\t2\t", "line 2 has the number 2, but should have 1"),
        ("4\tO\t0\t", "4\tO\t6\t", "line 11 has the number 6"),
        (CORPUS, "0\t3\tWork_For\n", "line 1 is a relation before the first sentence"),
    ],
)
def test_malformed_line_is_an_error(tmp_path, old, new, problem):
    with pytest.raises(DocumentError, match=problem) as raised:
        read(tmp_path, CORPUS.replace(old, new))
    assert raised.value.path == str(tmp_path / "conll04.corp")
