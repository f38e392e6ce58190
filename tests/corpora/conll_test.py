import pytest

from dts_ee.corpora.conll import read_conll, write_conll
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.documents import FORMAT_FIXTURES, document


def read(tmp_path, text):
    path = tmp_path / "corpus.conll"
    path.write_text(text, encoding="utf-8")
    return read_conll(path)


def column(tags, tokens="abcdefgh"):
    return "".join(f"{token} {tag}\n" for token, tag in zip(tokens, tags.split(), strict=False))


def test_conll_2003_as_published_is_read():
    corpus = read_conll(FORMAT_FIXTURES / "conll.txt")
    assert corpus.documents == [
        document("[EU|ORG] rejects [German|MISC] call .", (), "#1-1"),
        document("[Peter Blackburn|PER] [Anna|PER]", (), "#1-2"),
        document("[BRUSSELS|LOC] 1996-08-22", (), "#2-1"),
    ]
    assert corpus.groups == ["1", "1", "2"]
    assert [(str(remark), remark.lost) for remark in corpus.remarks] == [
        ("B- only stands between two neighbours of one type", False),
        ("column 2 (10 times, first in #1-1)", True),
        ("column 3 (9 times, first in #1-1)", True),
    ]


@pytest.mark.parametrize(
    ("tags", "entities", "problems"),
    [
        # BIO; an entity may begin with I-, or follow another of its type.
        ("B-X I-X B-X O B-Y", [("X", 0, 2), ("X", 2, 3), ("Y", 4, 5)], []),
        ("I-X O B-Y B-Y", [("X", 0, 1), ("Y", 2, 3), ("Y", 3, 4)], ["entity that begins with I-"]),
        ("B-X I-Y", [("X", 0, 1), ("Y", 1, 2)], ["entity that begins with I-"]),
        # IOB1.
        ("I-X I-X B-X O I-Y", [("X", 0, 2), ("X", 2, 3), ("Y", 4, 5)], ["tags read as IOB1"]),
        # BIOES, BILOU and BMES.
        ("B-X I-X E-X S-X S-Y O", [("X", 0, 3), ("X", 3, 4), ("Y", 4, 5)], []),
        ("B-X I-X L-X U-X U-Y O", [("X", 0, 3), ("X", 3, 4), ("Y", 4, 5)], []),
        ("B-X M-X E-X S-X O", [("X", 0, 3), ("X", 3, 4)], []),
        ("B-X I-X O U-X", [("X", 0, 2), ("X", 3, 4)], ["entity without an end"]),
        ("B-X B-X L-X", [("X", 0, 1), ("X", 1, 3)], ["entity without an end"]),
        ("O U-X L-X", [("X", 1, 2), ("X", 2, 3)], ["entity that begins with L-"]),
        ("S-X B-X", [("X", 0, 1), ("X", 1, 2)], ["entity without an end"]),
        # Types with hyphens, and without prefixes.
        ("B-T-cell I-T-cell O", [("T-cell", 0, 2)], []),
        (
            "X X Y O E-mail",
            [("X", 0, 2), ("Y", 2, 3), ("E-mail", 4, 5)],
            ["tags without B- and I-"],
        ),
        ("O O", [], []),
    ],
)
def test_tags_are_recognised(tmp_path, tags, entities, problems):
    corpus = read(tmp_path, column(tags))
    (only,) = corpus.documents
    assert only.entities == tuple(Entity(*entity) for entity in entities)
    assert [remark.problem for remark in corpus.remarks] == problems
    assert not any(remark.lost for remark in corpus.remarks)


def test_tabs_numbers_comments_and_line_ends_of_windows(tmp_path):
    corpus = read(
        tmp_path,
        "# id a-7 domain=en\r\n1\tNew York\t_\tB-LOC\r\n2\t#\t_\tO\r\n\r\n"
        "# a remark\r\n1\tBo\t_\tB-PER\r\n\r\n\r\n",
    )
    assert corpus.documents == [
        Document(("New York", "#"), (Entity("LOC", 0, 1),), id="a-7"),
        Document(("Bo",), (Entity("PER", 0, 1),), id="#2"),
    ]
    assert corpus.groups == ["a-7", "#2"]
    assert corpus.remarks == []


def test_tokens_without_words_are_left_out(tmp_path):
    corpus = read(tmp_path, "Bo B-PER\n\u00a0 I-PER\nLind I-PER\n\n\u00a0 O\n")
    assert corpus.documents == [document("[Bo Lind|PER]", (), "#1")]
    assert [(str(remark), remark.lost) for remark in corpus.remarks] == [
        ("line 2: token without words: left out", False),
        ("line 5: token without words: left out", False),
    ]


def test_tokens_and_tags_are_written(tmp_path):
    documents = [
        document("[Ann Lee|Peop] left [Rome|Loc]", (), "a-1"),
        document("It rained", (), "a-2"),
        Document(
            ("New York", "."),
            (Entity("Big City", 0, 1, 0.5), Entity("All", 0, 2)),
            (Relation("In", 0, 1),),
            "b",
        ),
        Document(
            ("Bo", "met", "Al"), (Entity("P", 0, 1), Entity("P", 2, 3)), (Relation("M", 0, 1),)
        ),
    ]
    lost = write_conll(tmp_path / "a.txt", documents)
    assert (tmp_path / "a.txt").read_text() == (
        "-DOCSTART- -X- O O\n\n"
        "Ann B-Peop\nLee I-Peop\nleft O\nRome B-Loc\n\nIt O\nrained O\n\n"
        "-DOCSTART- -X- O O\n\n"
        "New_York B-All\n. I-All\n\n"
        "-DOCSTART- -X- O O\n\n"
        "Bo B-P\nmet O\nAl B-P\n\n"
    )
    assert [remark.problem for remark in lost] == [
        "probability",
        "entity that overlaps another",
        "relation of an entity that is lost",
        "white space in a token or a type",
        "relation",
        "identifier",
    ]
    again = read_conll(tmp_path / "a.txt")
    assert [sentence.entities for sentence in again.documents] == [
        *(sentence.entities for sentence in documents[:2]),
        (Entity("All", 0, 2),),
        documents[3].entities,
    ]
    assert again.groups == ["1", "1", "2", "3"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("Ann B-PER\nLee\n", "line 2 has one column, 'Lee'"),
        ("Ann B-PER\nLee PER\n", "the last column of line 2 is 'PER', not O"),
    ],
)
def test_malformed_line_is_an_error(tmp_path, text, problem):
    with pytest.raises(DocumentError, match=problem) as raised:
        read(tmp_path, text)
    assert raised.value.path == str(tmp_path / "corpus.conll")
