import pytest

from dts_ee.corpora.ade_corpus import read_ade_corpus
from dts_ee.document import Document, DocumentError, Entity, Relation
from tests.corpora.raw_text import reading

SENTENCE = "Brinzol caused a rash, and Brinzol with tamofex a mild fever."


def read(tmp_path, *lines):
    path = tmp_path / "DRUG-AE.rel"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_ade_corpus(path, reading())


def line(effect, drug, sentence=SENTENCE, abstract="17", shift=100, off=0):
    """A line about mentions of which the n-th occurrence in the sentence is meant."""
    fields = [abstract, sentence]
    for text, number in (effect, drug):
        start = -1
        for _ in range(number):
            start = sentence.index(text, start + 1)
        begin = start + shift + off
        fields += [text, str(begin), str(begin + len(text))]
    return "|".join(fields)


RASH = line(("rash", 1), ("Brinzol", 1))
FEVER = line(("mild fever", 1), ("Brinzol", 2))
BOTH = line(("mild fever", 1), ("tamofex", 1))


def test_lines_of_a_sentence_become_one_document(tmp_path):
    other = line(("rash", 1), ("Brinzol", 1), "A rash after Brinzol.", "18", 7)
    again = line(("rash", 1), ("Brinzol", 1), "A rash after Brinzol.", "17", 30)
    corpus = read(tmp_path, RASH, other, FEVER, "", BOTH, again)
    first, second, third = corpus.documents
    assert first == Document(
        tokens=(
            *("Brinzol", "caused", "a", "rash", ",", "and"),
            *("Brinzol", "with", "tamofex", "a", "mild", "fever", "."),
        ),
        entities=(
            Entity("Adverse-Effect", 3, 4),
            Entity("Drug", 0, 1),
            Entity("Adverse-Effect", 10, 12),
            Entity("Drug", 6, 7),
            Entity("Drug", 8, 9),
        ),
        relations=(
            Relation("Adverse-Effect", 0, 1),
            Relation("Adverse-Effect", 2, 3),
            Relation("Adverse-Effect", 2, 4),
        ),
        id="17-1",
        text=SENTENCE,
        token_offsets=first.token_offsets,
    )
    assert second.text == third.text == "A rash after Brinzol."
    assert [second.id, third.id] == ["18-1", "17-2"]
    assert corpus.groups == ["17", "18", "17"]
    assert {remark.problem for remark in corpus.remarks} == {
        "token divided at the border of an entity"
    }


def test_occurrence_that_fits_all_lines_is_taken(tmp_path):
    # By itself the line fits the sentence in one way alone, because of the distance.
    corpus = read(tmp_path, FEVER)
    assert [
        corpus.documents[0].character_span(*entity.span) for entity in corpus.documents[0].entities
    ] == [(50, 60), (27, 34)]


def test_place_that_is_not_certain_is_listed(tmp_path):
    sentence = "rash Brinzol ; rash Brinzol"
    corpus = read(tmp_path, line(("rash", 2), ("Brinzol", 2), sentence))
    assert [entity.span for entity in corpus.documents[0].entities] == [(0, 1), (1, 2)]
    (remark,) = corpus.remarks
    assert (remark.problem, remark.lost) == ("mention at more than one position", False)
    assert (remark.document, str(remark.location)) == ("17-1", "line 1")


def test_mention_with_wrong_offsets_is_found_by_its_text(tmp_path):
    wrong = line(("rash", 1), ("Brinzol", 2), off=3)
    corpus = read(tmp_path, RASH, BOTH, wrong)
    document = corpus.documents[0]
    # "rash" of the third line is the one of the first; "Brinzol" is the nearer one.
    assert len(document.entities) == 5
    assert Relation("Adverse-Effect", 0, 4) in document.relations
    assert document.entities[4].span == (6, 7)
    found = [remark for remark in corpus.remarks if "found" in remark.problem]
    assert [str(remark.location) for remark in found] == ["line 3", "line 3"]
    assert not any(remark.lost for remark in corpus.remarks)
    assert found[1].detail == (
        "'Brinzol' is not at characters 30 to 37; taken for characters 27 to 34, 'Brinzol'"
    )


def test_mention_in_other_letters_is_found(tmp_path):
    corpus = read(tmp_path, f"17|{SENTENCE}|Mild  Fever|150|161|tamofex|140|147")
    document = corpus.documents[0]
    assert [document.entity_text(entity) for entity in document.entities] == [
        "mild fever",
        "tamofex",
    ]
    assert not any(remark.lost for remark in corpus.remarks)


def test_what_is_not_in_the_sentence_is_lost_and_listed(tmp_path):
    corpus = read(tmp_path, RASH, f"17|{SENTENCE}|headache|5|13|tamofex|140|147")
    document = corpus.documents[0]
    assert [document.entity_text(entity) for entity in document.entities] == [
        "rash",
        "Brinzol",
        "tamofex",
    ]
    assert len(document.relations) == 1
    lost = [remark for remark in corpus.remarks if remark.lost]
    assert [str(remark) for remark in lost] == [
        "document 17-1, line 2: mention that is not in its text: 'headache'",
        "document 17-1, line 2: relation of an entity that is not there: Adverse-Effect of "
        "'headache'",
    ]


def test_line_that_is_there_twice_is_listed(tmp_path):
    corpus = read(tmp_path, RASH, RASH)
    assert len(corpus.documents[0].relations) == 1
    assert ("relation is there twice", "line 2", False) in [
        (remark.problem, str(remark.location), remark.lost) for remark in corpus.remarks
    ]


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        (f"{RASH}|", "line 2 has 9 fields, not 8"),
        ("17|A sentence.", "line 2 has 2 fields, not 8"),
        ("17|A rash.|rash|2|six|x|1|2", "field 5 of line 2 is 'six', but should be a number"),
        ("17|A rash.|rash|2|6|x|-1|2", "field 7 of line 2 is '-1', but should be a number"),
        ("17|A rash.|rash|2|6||1|2", "field 6 of line 2 is empty"),
        ("17| |rash|2|6|x|1|2", "field 2 of line 2 is empty"),
    ],
)
def test_malformed_line_is_an_error(tmp_path, bad, problem):
    with pytest.raises(DocumentError, match=problem) as raised:
        read(tmp_path, RASH, bad)
    assert raised.value.path == str(tmp_path / "DRUG-AE.rel")


def test_file_without_lines_is_an_error(tmp_path):
    with pytest.raises(DocumentError, match="there are no lines in the file"):
        read(tmp_path, "", " ")


def test_all_files_of_the_folder(tmp_path):
    other = line(("rash", 1), ("Brinzol", 1), "A rash after Brinzol.", "18", 7)
    (tmp_path / "DRUG-AE.rel").write_text(f"{RASH}\n{other}\n")
    dose = "Brinzol at 3 mg was stopped."
    (tmp_path / "DRUG-DOSE.rel").write_text(
        f"{line(('3 mg', 1), ('Brinzol', 1), dose, '18', 40)}\n"
        f"{line(('a mild', 1), ('Brinzol', 1))}\n"
    )
    (tmp_path / "ADE-NEG.txt").write_text("18 NEG Nobody was ill.\n17 NEG NEG was | there. \n")
    corpus = read_ade_corpus(tmp_path, reading())
    assert [(document.id, document.text) for document in corpus.documents] == [
        ("17-1", SENTENCE),
        ("18-1", "A rash after Brinzol."),
        ("18-2", dose),
        ("18-3", "Nobody was ill."),
        ("17-2", "NEG was | there."),
    ]
    assert corpus.groups == ["17", "18", "18", "18", "17"]
    first, _, third, *negative = corpus.documents
    # A sentence with an effect and a dose has both.
    assert [relation.type for relation in first.relations] == ["Adverse-Effect", "Dose"]
    assert [entity.type for entity in third.entities] == ["Dose", "Drug"]
    assert third.relations == (Relation("Dose", 0, 1),)
    assert [document.entities for document in negative] == [(), ()]


def test_negatives_alone(tmp_path):
    path = tmp_path / "negatives"
    path.write_text("18 NEG Nobody was ill.\n")
    assert [document.id for document in read_ade_corpus(path, reading()).documents] == ["18-1"]
    path.write_text("18 NEG Nobody was ill.\n19 Somebody was.\n")
    with pytest.raises(DocumentError, match="line 2 is not as in 'PubMed-id NEG sentence'"):
        read_ade_corpus(path, reading())


def test_folder_without_its_files_is_an_error(tmp_path):
    with pytest.raises(DocumentError, match="there is no DRUG-AE.rel, DRUG-DOSE.rel or ADE-NEG"):
        read_ade_corpus(tmp_path, reading())
