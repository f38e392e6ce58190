import pytest

from dts_ee.corpora.webanno_layers import Item, escaped_text, escaped_value, items, unescaped
from dts_ee.corpora.webanno_tsv import read_webanno_tsv
from dts_ee.corpora.webanno_writer import write_webanno_tsv
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.corpora.raw_text import reading
from tests.documents import FORMAT_FIXTURES, named_relations

PATH = FORMAT_FIXTURES / "webanno.tsv"
HEADER = (
    "#FORMAT=WebAnno TSV 3.3\n#T_SP=custom.Span|label\n"
    "#T_RL=custom.Relation|label|BT_custom.Span\n\n\n"
)


def named_entities(document):
    return [(entity.type, document.entity_text(entity)) for entity in document.entities]


def read(tmp_path, body, header=HEADER):
    path = tmp_path / "a.tsv"
    path.write_text(header + body, encoding="utf-8")
    return read_webanno_tsv(path, reading())


def test_layers_become_entities_and_relations():
    corpus = read_webanno_tsv(PATH, reading())
    first, second = corpus.documents
    assert first.tokens == (
        *("\N{SMILING FACE WITH SMILING EYES}", "Ms.", "Haag", "play", "s", "for", "Elm", "Works"),
        ".",
    )
    assert first.text == "\N{SMILING FACE WITH SMILING EYES} Ms. Haag plays\nfor Elm\tWorks."
    assert named_entities(first) == [
        ("PER", "Ms. Haag"),
        ("title", "Ms."),
        ("verb_stem|x", "play"),
        ("ORG", "Elm\tWorks"),
    ]
    assert named_relations(first) == [
        ("works_for", "Ms. Haag", "Elm\tWorks"),
        ("has", "play", "Elm\tWorks"),
    ]
    # An entity without a value has the name of its layer as type.
    assert named_entities(second) == [("NamedEntity", "She"), ("LOC", "Tarnby")]
    assert named_relations(second) == [("left", "She", "Tarnby")]
    assert [document.id for document in corpus.documents] == ["webanno-1", "second"]
    assert corpus.groups == ["webanno", "webanno"]
    problems = [(remark.problem, remark.detail) for remark in corpus.remarks if remark.lost]
    layer = "de.tudarmstadt.ukp.dkpro.core.api"
    count = "{} ({} times, first in webanno)".format
    assert problems == [
        ("relation between two sentences", "in from 3 to 5"),
        ("what is not read", count(f"layer {layer}.lexmorph.type.pos.POS", 12)),
        ("what is not read", count(f"feature identifier of {layer}.ner.type.NamedEntity", 1)),
        ("what is not read", count(f"layer {layer}.coref.type.CoreferenceLink", 2)),
    ]


def test_windows_join_sentences():
    (document,) = read_webanno_tsv(PATH, reading(windows=2)).documents
    assert document.id == "webanno"
    assert ("in", "Elm\tWorks", "Tarnby") in named_relations(document)


def test_folder_of_files(tmp_path):
    for name in ("a/one.tsv", "b/two.tsv", "._one.tsv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(PATH.read_bytes())
    corpus = read_webanno_tsv(tmp_path, reading())
    assert corpus.groups == ["a/one", "a/one", "b/two", "b/two"]
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(DocumentError, match=r"there are no \.tsv files in the folder"):
        read_webanno_tsv(empty, reading())


def test_disambiguation_identifiers_of_one_end(tmp_path):
    # The example of the format's documentation, with values.
    corpus = read(
        tmp_path,
        "#Text=This is a test .\n"
        "1-1\t0-4\tThis\ta\t_\t_\n1-2\t5-7\tis\t_\t_\t_\n1-3\t8-9\ta\t_\t_\t_\n"
        "1-4\t10-14\ttest\t_\t_\t_\n1-5\t15-16\t.\tb[1]|c[2]\t*\t1-1[0_2]\n",
    )
    (document,) = corpus.documents
    assert document.entities == (Entity("a", 0, 1), Entity("b", 4, 5), Entity("c", 4, 5))
    # A relation without a value has the name of its layer as type.
    assert document.relations == (Relation("Relation", 0, 2),)


def test_entity_over_the_end_of_a_sentence(tmp_path):
    corpus = read(
        tmp_path,
        "#Text=Ann\n1-1\t0-3\tAnn\tPeop[1]\t_\t_\n\n#Text=Lee left\n"
        "2-1\t4-7\tLee\tPeop[1]\t_\t_\n2-2\t8-12\tleft\tPeop[1]\t_\t_\n",
    )
    assert corpus.documents[0].entities == (Entity("Peop", 0, 3),)
    assert [remark.problem for remark in corpus.remarks] == ["sentences joined"]


def test_identifier_that_comes_again_is_another_entity(tmp_path):
    # As where each sentence is numbered from the beginning.
    corpus = read(
        tmp_path,
        "#Text=Ann Lee left\n1-1\t0-3\tAnn\tPeop[1]\t_\t_\n1-2\t4-7\tLee\tPeop[1]\t_\t_\n"
        "1-3\t8-12\tleft\t_\t_\t_\n\n#Text=Bob Ray\n"
        "2-1\t13-16\tBob\tPeop[1]\t_\t_\n2-2\t17-20\tRay\tPeop[1]\tKnows\t1-1[1_1]\n",
    )
    assert [named_entities(document) for document in corpus.documents] == [
        [("Peop", "Ann Lee")],
        [("Peop", "Bob Ray")],
    ]
    assert [remark.problem for remark in corpus.remarks] == ["relation between two sentences"]


def test_relations_of_tokens_and_slots_are_listed(tmp_path):
    header = (
        "#FORMAT=WebAnno TSV 3.2\n"
        "#T_SP=webanno.custom.Frame|ROLE_webanno.custom.Frame:Roles_webanno.custom.Link|uima.X|FE\n"
        "#T_RL=webanno.custom.Arc|BT_de.tudarmstadt.ukp.dkpro.core.api.segmentation.type.Token\n\n"
    )
    corpus = read(
        tmp_path,
        "#Text=Ann left\n1-1\t0-3\tAnn\t_\t_\t_\t_\t\n1-2\t4-8\tleft\tseller\t1-1\tgo\t1-1\t\n",
        header,
    )
    assert named_entities(corpus.documents[0]) == [("go", "left")]
    assert [str(remark) for remark in corpus.remarks] == [
        "document a, line 7: relation of an entity that is not there: Arc of token 1-1",
        "feature ROLE_webanno.custom.Frame:Roles_webanno.custom.Link of webanno.custom.Frame "
        "(1 times, first in a)",
        "feature uima.X of webanno.custom.Frame (1 times, first in a)",
    ]


def test_text_in_no_token_is_a_token(tmp_path):
    corpus = read(
        tmp_path, "#Text=Ann -- left !\n1-1\t0-3\tAnn\t_\t_\t_\n1-2\t7-11\tleft\tA\t_\t_\n"
    )
    (document,) = corpus.documents
    assert document.tokens == ("Ann", "--", "left", "!")
    assert document.entities == (Entity("A", 2, 3),)
    assert [remark.problem for remark in corpus.remarks] == ["text in no token"] * 2


def test_documents_are_sentences(tmp_path):
    documents = [
        Document(
            ("Ann_Lee", "\N{DOG}", "left"),
            (Entity("Pe_op", 0, 1), Entity("x|[1]", 0, 2), Entity("a->b", 2, 3)),
            (Relation("A*", 1, 2), Relation("B", 0, 2)),
            "one",
        ),
        Document(("Yes",), (Entity("y", 0, 1),), text=" Yes ", token_offsets=((1, 4),)),
    ]
    lost = write_webanno_tsv(tmp_path / "b.tsv", documents)
    assert (tmp_path / "b.tsv").read_text(encoding="utf-8") == (
        f"{HEADER}"
        "#Sentence.id=one\n#Text=Ann_Lee \N{DOG} left\n"
        "1-1\t0-7\tAnn_Lee\tPe\\_op[1]|x\\|\\[1\\][2]\t_\t_\t\n"
        "1-2\t8-10\t\N{DOG}\tx\\|\\[1\\][2]\t_\t_\t\n"
        "1-3\t11-15\tleft\ta\\->b[3]\tA\\*|B\t1-1[2_3]|1-1[1_3]\t\n\n"
        "#Text=Yes\n2-1\t16-19\tYes\ty[4]\t_\t_\t\n\n"
    )
    assert [remark.problem for remark in lost] == ["white space around a sentence"]
    first, second = read_webanno_tsv(tmp_path / "b.tsv", reading()).documents
    assert (first.id, first.entities, first.relations) == (
        *("one", documents[0].entities, documents[0].relations),
    )
    assert (second.id, second.text) == ("b-2", "Yes")


def test_cells():
    assert items("_") == []
    assert items("*") == [Item(None, 0)]
    assert items(r"\_|\*[2]|a\|b\[3\]|*[4]") == [
        *(Item("_", 0), Item("*", 2), Item("a|b[3]", 0), Item(None, 4))
    ]
    assert items(r"a\\[1]") == [Item("a\\", 1)]
    for text in ("a\\tb\t\n\r_->", "\\", "[1]", "*;|_"):
        assert unescaped(escaped_value(text)) == unescaped(escaped_text(text)) == text


ROW = "#Text=Ann\n1-1\t0-3\tAnn\t_\t_\t_\n"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("#Text=Ann\n", "the first line is not #FORMAT=WebAnno TSV 3.3, but '#Text=Ann'"),
        (HEADER + "Ann\n", "line 6 is no token: 'Ann'"),
        (HEADER + ROW.replace("\t_\n", "\n"), "line 7 has 5 columns, not 6"),
        (HEADER + ROW.replace("0-3", "0"), "line 7: '0' are no offsets"),
        (HEADER + ROW.replace("\tAnn", "\tBob"), "line 7: 'Bob' is not in the text"),
        (HEADER + ROW.replace("_\t_\n", "A\tx\n"), "line 7: 'x' is no token"),
        (HEADER + ROW.replace("_\t_\n", "A|B\t1-1\n"), "line 7 has 2 relations of custom.Relation"),
        ("#FORMAT=WebAnno TSV 3.3\n#T_RL=a|b\n", "does not end with BT_ and the name of a layer"),
    ],
)
def test_malformed_file_is_an_error(tmp_path, content, problem):
    (tmp_path / "a.tsv").write_text(content)
    with pytest.raises(DocumentError) as raised:
        read_webanno_tsv(tmp_path / "a.tsv", reading())
    assert problem in raised.value.problem
    assert raised.value.path == str(tmp_path / "a.tsv")
