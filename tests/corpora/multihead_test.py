import pytest

from dts_ee.corpora.multihead import read_multihead, write_multihead
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.documents import document

MAYOR = """\
#doc 12
0\tAnn\tB-Peop\t['N']\t[0]
1\tLee\tI-Peop\t['Live_In', 'Work_For']\t[5, 6]
2\t,\tO\t['N']\t[2]
3\tof\tO\t['N']\t[3]
4\tNew\tB-Loc\t['N']\t[4]
5\tHaven\tI-Loc\t['N']\t[5]
6\tNordlys\tB-Org\t['OrgBased_In']\t[5]
#doc 13
0\tIt\tO\t['N']\t[0]
1\trained\tO\t['N']\t[1]
"""


def read(tmp_path, text):
    path = tmp_path / "corpus.txt"
    path.write_text(text, encoding="utf-8")
    return read_multihead(path)


def test_relations_stand_at_the_last_tokens(tmp_path):
    corpus = read(tmp_path, MAYOR)
    assert corpus.documents == [
        document(
            "[Ann Lee|Peop] , of [New Haven|Loc] [Nordlys|Org]",
            [("Live_In", 0, 1), ("Work_For", 0, 2), ("OrgBased_In", 2, 1)],
            "12",
        ),
        document("It rained", id="13"),
    ]
    assert corpus.remarks == []
    assert corpus.groups == ["0", "1"]


def test_file_is_written_as_it_was(tmp_path):
    assert write_multihead(tmp_path / "again.txt", read(tmp_path, MAYOR).documents) == []
    assert (tmp_path / "again.txt").read_text() == MAYOR


def test_document_without_identifier_is_called_by_its_line(tmp_path):
    (only,) = read(tmp_path, "#doc\n0\tHi\tO\t['N']\t[0]\n").documents
    assert only.id == "line 1"


def test_unusual_tags_and_relations_are_listed(tmp_path):
    corpus = read(
        tmp_path,
        "#doc 1\n"
        "0\tAnn\tI-Peop\t['Live_In']\t[4]\n"
        "1\tLee\tI-Peop\t['Live_In']\t[4]\n"
        "2\tleft\tO\t['Live_In']\t[4]\n"
        "3\tNew\tB-Loc\t['Near']\t[4]\n"
        "4\tHaven\tI-Loc\t['N']\t[4]\n",
    )
    assert corpus.documents == [
        document("[Ann Lee|Peop] left [New Haven|Loc]", [("Live_In", 0, 1)], "1")
    ]
    assert [(remark.problem, str(remark.location), remark.lost) for remark in corpus.remarks] == [
        ("entity that begins with I-", "line 2", False),
        ("relation not at the last token of an entity", "line 2", False),
        ("relation is there twice", "line 3", False),
        ("relation of a token that is in no entity", "line 4", True),
        ("relation of an entity with itself", "line 5", True),
    ]


def test_longest_of_overlapping_entities_is_written(tmp_path):
    overlapping = Document(
        ("lithium", "toxicity", "in", "Oslo"),
        (
            Entity("Drug", 0, 1),
            Entity("Adverse-Effect", 0, 2),
            Entity("Loc", 3, 4),
        ),
        (Relation("Adverse-Effect", 1, 0), Relation("Seen_In", 1, 2)),
        "a",
    )
    lost = write_multihead(tmp_path / "a.txt", [overlapping])
    assert list(map(str, lost)) == [
        "document a: entity that overlaps another: Drug 'lithium', because of Adverse-Effect "
        "'lithium toxicity'",
        "document a: relation of an entity that is lost: Adverse-Effect from 'lithium toxicity' "
        "to 'lithium'",
    ]
    assert read_multihead(tmp_path / "a.txt").documents == [
        document("[lithium toxicity|Adverse-Effect] in [Oslo|Loc]", [("Seen_In", 0, 1)], "a")
    ]


def test_tabs_and_line_ends_are_listed(tmp_path):
    lost = write_multihead(
        tmp_path / "a.txt", [Document(("a\tb", "c"), (Entity("X\nY", 1, 2),), (), "1\n2")]
    )
    assert {remark.problem for remark in lost} == {"tab or end of line"}
    assert read_multihead(tmp_path / "a.txt").documents == [
        Document(("a b", "c"), (Entity("X Y", 1, 2),), (), "1 2")
    ]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("1\tLee\tO\t['N']", "line 3 has 4 columns, not 5"),
        ("2\tLee\tO\t['N']\t[2]", "the token of line 3 is 1, not '2'"),
        ("1\tLee\tPeop\t['N']\t[1]", "the tag of line 3 is 'Peop'"),
        ("1\tLee\tO\tN\t[1]", "'N' in line 3 is not a list of words"),
        ("1\tLee\tO\t['N']\t[True]", r"'\[True\]' in line 3 is not a list of numbers"),
        ("1\tLee\tO\t['N']\t[1, 2]", "line 3 has 1 relations, but 2 tails"),
        ("1\tLee\tO\t['Kill']\t[2]", "line 3 has a tail at 2: there is no such token"),
        ("1\t \tO\t['N']\t[1]", r"field tokens\[1\]: the token is empty"),
    ],
)
def test_malformed_row_is_an_error(tmp_path, row, problem):
    with pytest.raises(DocumentError, match=problem) as raised:
        read(tmp_path, f"#doc 7\n0\tAnn\tO\t['N']\t[0]\n{row}\n")
    assert raised.value.path == str(tmp_path / "corpus.txt")


def test_row_before_the_first_document_is_an_error(tmp_path):
    with pytest.raises(DocumentError, match='line 1 comes before the first "#doc"'):
        read(tmp_path, "0\tAnn\tO\t['N']\t[0]\n")
