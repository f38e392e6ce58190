import pytest

from dts_ee.analysis.corpus_description import (
    DocumentLocation,
    Lengths,
    OverlapStatistics,
    PairStatistics,
    Repetition,
    describe_corpus,
)
from dts_ee.analysis.description_text import MAX_SHOWN, render_description
from dts_ee.document import Document, Entity, Relation
from tests.documents import document

HARBOUR = "The old harbour of [Tarnby|Loc] was rebuilt by [Ida Holm|Peop] in spring ."
TRAIN = [
    document(HARBOUR, [("Rebuilt", 1, 0)], id="a"),
    document("[Ann|Peop] and [Bo|Peop] left [Rome|Loc]", [("Live_In", 0, 2), ("Live_In", 1, 2)]),
    document("Nothing happened here at all on that quiet day .", id="c"),
]
TEST = [
    # As in the other file, but with other annotation.
    document("The old harbour of [Tarnby|Loc] was rebuilt by Ida Holm in spring .", id="x"),
    # Nearly as there.
    document("Nothing happened here at all on this quiet day .", id="y"),
    document("Entirely different words are in this one .", id="z"),
]


@pytest.fixture(scope="module")
def description():
    return describe_corpus([("train", TRAIN), ("test", TEST)], similarity=0.7)


def test_counts_and_types(description):
    train, test = description.files
    assert train.name == "train"
    assert train.counts == {
        "documents": 3,
        "documents without entities": 1,
        "documents without relations": 1,
        "tokens": 13 + 5 + 10,
        "entities": 5,
        "relations": 3,
    }
    assert train.entity_types == {"Loc": 2, "Peop": 3}
    assert list(train.relation_types.items()) == [("Live_In", 2), ("Rebuilt", 1)]
    assert test.counts["entities"] == 1
    assert description.whole.counts["documents"] == 6
    assert description.whole.counts["documents without entities"] == 3


def test_lengths(description):
    train, test = description.files
    assert train.lengths["tokens in a sentence"] == Lengths(5, 10.0, 13, 13)
    assert train.lengths["tokens in an entity"] == Lengths(1, 1.0, 2, 2)
    assert train.lengths["entities in a sentence"] == Lengths(0, 2.0, 3, 3)
    # "and Bo left", "left", and "was rebuilt by".
    assert train.lengths["tokens between head and tail"] == Lengths(1, 3.0, 3, 3)
    assert test.lengths["tokens between head and tail"] is None


def test_percentile_is_a_value_that_is_there():
    assert Lengths.of(range(1, 101)) == Lengths(1, 50.5, 95, 100)
    assert Lengths.of([7]) == Lengths(7, 7.0, 7, 7)


def test_pairs_are_ordered(description):
    assert description.files[0].pairs == [
        PairStatistics("Loc", "Peop", 3, 0, {}),
        PairStatistics("Peop", "Loc", 3, 3, {"Live_In": 2, "Rebuilt": 1}),
        PairStatistics("Peop", "Peop", 2, 0, {}),
    ]


def test_a_pair_with_two_relations_is_one_related_pair():
    both = document("[a|X] [b|X]", [("R", 0, 1), ("S", 0, 1)])
    (pair,) = describe_corpus([("f", [both])]).whole.pairs
    assert pair == PairStatistics("X", "X", 2, 1, {"R": 1, "S": 1})


def test_overlaps():
    documents = [
        Document(tuple("abcdef"), (Entity("X", 0, 3), Entity("Y", 0, 3), Entity("X", 2, 4))),
        Document(tuple("abcdef"), (Entity("X", 0, 3), Entity("Y", 0, 2), Entity("Y", 4, 5))),
        Document(tuple("abc"), (Entity("X", 0, 1), Entity("X", 1, 2))),
    ]
    assert describe_corpus([("f", documents)]).whole.overlaps == OverlapStatistics(
        documents=2,
        pairs=4,
        same_span=1,
        nested=1,
        crossing=2,
        same_type=1,
        documents_same_type=1,
    )


def test_duplicates_within_and_across_files(description):
    assert description.repetitions == [
        Repetition("train", "train", 0, 0),
        Repetition("test", "test", 0, 0),
        Repetition("test", "train", 1, 1),
    ]
    (duplicate,) = description.duplicates
    assert duplicate.places == [DocumentLocation("train", "a"), DocumentLocation("test", "x")]
    assert not duplicate.same_annotation
    (near,) = description.near_duplicates
    assert (near.one, near.other) == (DocumentLocation("train", "c"), DocumentLocation("test", "y"))
    assert 0.7 <= near.similarity < 1


def test_duplicates_in_one_file():
    again = [TRAIN[1], TRAIN[0], TRAIN[1], TRAIN[1]]
    description = describe_corpus([("f", again)])
    assert description.repetitions == [Repetition("f", "f", 3, 0)]
    (duplicate,) = description.duplicates
    assert duplicate.places == [
        DocumentLocation("f", "#1"),
        DocumentLocation("f", "#3"),
        DocumentLocation("f", "#4"),
    ]
    assert duplicate.same_annotation


def test_the_order_and_probability_of_annotation_is_none():
    one = document("[a|X] [b|Y]", [("R", 0, 1)])
    other = Document(one.tokens, (one.entities[1], one.entities[0]), (Relation("R", 1, 0, 0.5),))
    assert describe_corpus([("f", [one, other])]).duplicates[0].same_annotation


def test_markdown(description):
    text = render_description(description)
    lines = text.splitlines()
    assert "|  | train | test | all |" in lines
    assert "| documents | 3 | 3 | 6 |" in lines
    assert "| Peop | 3 (60.0 %) | 0 (0.0 %) | 3 (50.0 %) |" in lines
    assert (
        "| tokens in a sentence | 5 / 10 / 13 / 13 | 8 / 10 / 13 / 13 | 5 / 10 / 13 / 13 |" in lines
    )
    assert "| tokens between head and tail | 1 / 3 / 3 / 3 | – | 1 / 3 / 3 / 3 |" in lines
    assert "| Peop | Loc | 3 | 3 (100.0 %) | Live_In 2, Rebuilt 1 |" in lines
    assert "No entities overlap." in lines
    assert "| test | train | 1 | 1 |" in lines
    assert "| test | itself | 0 | 0 |" in lines
    (duplicate,) = (line for line in lines if line.startswith("- a (train), x (test)"))
    assert duplicate.endswith(
        "**annotated differently**: The old harbour of Tarnby was rebuilt by Ida Holm in spring ."
    )
    assert any(line.startswith("- 0.") and "c (train) and y (test)" in line for line in lines)


def test_markdown_of_one_file_has_one_column_and_says_what_to_do_about_overlaps():
    nested = Document(("a|b", "c"), (Entity("X|Y", 0, 2), Entity("Z", 0, 1)))
    lines = render_description(describe_corpus([("f", [nested, nested])])).splitlines()
    assert "|  | f |" in lines
    assert "| X\\|Y | 2 (50.0 %) |" in lines
    assert "| … one inside the other | 2 |" in lines
    (advice,) = (line for line in lines if "on_overlap" in line)
    assert "per_type" in advice
    assert any(line.endswith(": a\\|b c") for line in lines)


def test_nothing_at_all():
    lines = render_description(describe_corpus([("f", [])])).splitlines()
    assert "| documents | 0 |" in lines
    assert lines.count("None.") == 3


def test_long_lists_are_cut_with_a_number():
    sentences = [Document((f"word{i}",)) for i in range(MAX_SHOWN + 5)]
    text = render_description(describe_corpus([("f", sentences), ("g", sentences)], 1.0))
    assert f"Sentences that occur more than once: {MAX_SHOWN + 5}," in text
    assert "- and 5 more: `--json FILE` has all" in text
    assert text.count("\n- word") + text.count("(f), ") == MAX_SHOWN
