import csv

import pytest

from dts_ee.corpora.triples import COLUMNS, read_triples, write_triples
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.corpora.raw_text import reading, words
from tests.documents import FORMAT_FIXTURES


def read(tmp_path, text, name="corpus.csv"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_triples(tmp_path / name, reading(tokenize=words))


def triples_of(document):
    """The words and types of the heads and tails of a document's relations."""
    return [
        (
            document.entity_text(document.entities[relation.head]),
            relation.type,
            document.entity_text(document.entities[relation.tail]),
        )
        for relation in document.relations
    ]


def test_rows_of_one_text_are_one_document():
    corpus = read_triples(FORMAT_FIXTURES / "triples.csv", reading(tokenize=words))
    marta, bo, nobody = corpus.documents
    assert triples_of(marta) == [("Marta", "Live_In", "Tarnby"), ("Marta", "Work_For", "Elm Works")]
    assert {entity.type for entity in marta.entities} == {"Entity"}
    # The second Ann, which is nearer to Rome.
    assert bo.entities[0].span == (5, 6)
    assert triples_of(bo) == [("Ann", "Is_In", "Rome")]
    assert (nobody.id, nobody.entities) == ("line 5", ())
    assert corpus.groups == ["0", "1", "2"]
    assert [(str(remark), remark.lost) for remark in corpus.remarks] == [
        (
            "document line 4, line 4: mention that occurs several times: 'Ann': taken at "
            "character 20",
            False,
        ),
        ("5 are 'Entity'", False),
    ]


def test_other_names_types_starts_and_columns(tmp_path):
    corpus = read(
        tmp_path,
        "Doc-ID\tSentence\tSubject\tSubject Type\te1_start\tPredicate\tObject\tObject Type\tyear\n"
        "7\tAnn met Ann\tAnn\tPeop\t8.0\tMet\tAnn\tPeop\t1990\n"
        "7\tAnn met Ann\tAnn\tPeop\t0\tno_relation\tAnn\tPeop\t\n",
        "corpus.tsv",
    )
    (only,) = corpus.documents
    assert only.id == "7"
    assert only.entities == (Entity("Peop", 2, 3), Entity("Peop", 0, 1))
    assert only.relations == (Relation("Met", 0, 1),)
    assert [str(remark) for remark in corpus.remarks if remark.lost] == [
        "year (1 times, first in line 2)"
    ]


def test_missing_mentions_and_wrong_starts_are_listed(tmp_path):
    corpus = read(
        tmp_path,
        "text,head,head_start,head_type,relation,tail,tail_type\n"
        "Bo left Rome,Al,,P,Left,Rome,L\n"
        "Bo left Rome,Bo,3,P,Left,Rome,L\n"
        "Bo left Rome,Bo,,P,Is,Bo,P\n",
    )
    (only,) = corpus.documents
    assert triples_of(only) == [("Bo", "Left", "Rome")]
    assert [(remark.problem, remark.location, remark.lost) for remark in corpus.remarks] == [
        ("mention that is not in its text", "line 2", True),
        ("relation of an entity that is not there", "line 2", True),
        ("mention found by its text", "line 3", False),
        ("relation of an entity with itself", "line 4", True),
    ]


def test_quotation_marks_in_tab_separated_texts_are_characters(tmp_path):
    corpus = read(
        tmp_path,
        'text\thead\trelation\ttail\n"Hi" said Bo to Al\tBo\tSaid\tAl\n"Oh\tOh\t\t\n',
        "corpus.tsv",
    )
    assert [document.text for document in corpus.documents] == ['"Hi" said Bo to Al', '"Oh']


def test_relations_and_what_has_none_are_written(tmp_path):
    documents = [
        Document(
            ("Bo", "left", "Rome", "in", "May", "."),
            (Entity("Peop", 0, 1), Entity("Loc", 2, 3), Entity("Time", 4, 5)),
            (Relation("Left", 0, 1),),
            "a",
            "Bo left Rome in May.",
            ((0, 2), (3, 7), (8, 12), (13, 15), (16, 19), (19, 20)),
        ),
        Document(("It", 'rained,\r\n"x"'), (), (), "b"),
    ]
    lost = write_triples(tmp_path / "a.csv", documents)
    assert [remark.problem for remark in lost] == [
        "tokens that white space does not separate",
        "tokens that white space does not separate",
    ]
    with open(tmp_path / "a.csv", encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            list(COLUMNS),
            ["a", "Bo left Rome in May.", "Bo", "Peop", "0", "Left", "Rome", "Loc", "8"],
            ["a", "Bo left Rome in May.", "May", "Time", "16", "", "", "", ""],
            ["b", 'It rained,\r\n"x"', "", "", "", "", "", "", ""],
        ]
    again = read_triples(tmp_path / "a.csv", reading("whole", words)).documents
    assert again[0] == documents[0]
    assert [(document.id, document.text) for document in again[1:]] == [("b", 'It rained,\r\n"x"')]


def test_probabilities_have_columns_of_their_own(tmp_path):
    document = Document(
        ("Bo", "left", "Rome", "in", "May"),
        (Entity("Peop", 0, 1, 0.75), Entity("Loc", 2, 3), Entity("Time", 4, 5, 0.5)),
        (Relation("Left", 0, 1, 0.25),),
        "a",
    )
    assert write_triples(tmp_path / "a.csv", [document]) == []
    with open(tmp_path / "a.csv", encoding="utf-8", newline="") as file:
        header, relation, entity = csv.reader(file)
    assert header[9:] == ["probability", "head_probability", "tail_probability"]
    assert relation[9:] == ["0.25", "0.75", ""]
    assert entity[9:] == ["", "0.5", ""]
    (again,) = read_triples(tmp_path / "a.csv", reading("whole", words)).documents
    assert [entity.probability for entity in again.entities] == [0.75, None, 0.5]
    assert again.relations == document.relations


@pytest.mark.parametrize("cell", ["x", "1.5", "-1", "nan"])
def test_a_probability_that_is_none_is_an_error(tmp_path, cell):
    table = f"text,head,relation,tail,probability\nBo left Rome,Bo,Left,Rome,{cell}\n"
    with pytest.raises(DocumentError, match="line 2|probability"):
        read(tmp_path, table)


def test_documents_with_one_identifier_stay_apart(tmp_path):
    documents = [Document(("Bo",), id="a"), Document(("Al",), id="a"), Document(("Cy",))]
    lost = write_triples(tmp_path / "a.csv", documents)
    assert [str(remark) for remark in lost] == [
        "document a: identifier that is there twice: now a#2"
    ]
    again = read_triples(tmp_path / "a.csv", reading()).documents
    assert [document.id for document in again] == ["a", "a#2", "#3"]


def test_tabs_separate_the_columns_of_tsv(tmp_path):
    write_triples(tmp_path / "a.tsv", [Document(("Bo",), id="a")])
    assert (tmp_path / "a.tsv").read_text().splitlines()[0] == "\t".join(COLUMNS)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\n", "the file is empty"),
        ("text,head,tail\nBo,Bo,Bo\n", "there is no column relation: the first line names"),
        ("text,head,relation,tail\nBo,Bo\n", "line 2 has 2 columns, the first one 4"),
        ("text,head,relation,tail\n ,Bo,R,Bo\n", "the text of line 2 is empty"),
        ("text,head,relation,tail\nBo,Bo,R,\n", "line 2 has the relation 'R', but no tail"),
        ('text,head,relation,tail\n"Bo,Bo,R,Bo\n', "line 2 is no row of a table"),
        ("text,head,head_start,relation,tail\nBo,Bo,x,R,Bo\n", "'x' as head_start, not a number"),
        ("id,text,head,relation,tail\n1,Bo,,,\n1,Al,,,\n", "line 3 has another text"),
    ],
)
def test_malformed_table_is_an_error(tmp_path, text, problem):
    with pytest.raises(DocumentError, match=problem) as raised:
        read(tmp_path, text)
    assert raised.value.path == str(tmp_path / "corpus.csv")
