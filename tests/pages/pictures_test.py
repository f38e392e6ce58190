from collections import Counter

from hypothesis import given

from dts_ee.document import Document, Entity, Relation
from dts_ee.pages.pictures import draw_entities, draw_relations
from tests.documents import document, documents
from tests.pages.markup import Arcs, Sentence, squeezed

COLOURS = {"Peop": "red", "Loc": "green", "Org": "blue", "Adverse-Effect": "grey"}


def test_entities_are_marked_in_the_colours_of_their_types():
    (picture,) = draw_entities(document("[Ann Lee|Peop] left [Rome|Loc] ."), COLOURS)
    sentence = Sentence(picture)
    assert sentence.marks == [("AnnLee", "Peop", "red"), ("Rome", "Loc", "green")]
    assert sentence.text == "AnnLeeleftRome."


def test_sentence_is_drawn_as_it_was_written():
    with_text = Document(
        tokens=("(", "New", "York", ")"),
        entities=(Entity("Loc", 1, 3),),
        text="(New  York)",
        token_offsets=((0, 1), (1, 4), (6, 10), (10, 11)),
    )
    (picture,) = draw_entities(with_text, COLOURS)
    assert "New  York" in picture
    assert "( New" not in picture


def test_sentence_without_entities():
    (picture,) = draw_entities(document("Nothing here ."), COLOURS)
    assert Sentence(picture).marks == []
    assert Sentence(picture).text == "Nothinghere."


def test_entities_inside_others_get_the_sentence_again():
    nested = Document(
        tokens=("New", "York", "University", "in", "New", "York"),
        entities=(Entity("Loc", 0, 2), Entity("Org", 0, 3), Entity("Loc", 4, 6)),
    )
    sentences = [Sentence(picture) for picture in draw_entities(nested, COLOURS)]
    assert [sentence.marks for sentence in sentences] == [
        [("NewYorkUniversity", "Org", "blue"), ("NewYork", "Loc", "green")],
        [("NewYork", "Loc", "green")],
    ]


@given(documents())
def test_every_entity_is_marked_once_in_a_whole_sentence(any_document):
    sentences = [Sentence(picture) for picture in draw_entities(any_document, COLOURS)]
    for sentence in sentences:
        assert sentence.text == squeezed("".join(any_document.tokens))
    marks = Counter(mark for sentence in sentences for mark in sentence.marks)
    assert marks == Counter(
        (squeezed(any_document.entity_text(entity)), entity.type, COLOURS[entity.type])
        for entity in any_document.entities
    )


def test_arcs_point_from_head_to_tail_with_type_and_probability():
    kill = document("[Lee Oswald|Peop] shot [Ann|Peop] in [Rome|Loc] .")
    kill = Document(
        kill.tokens,
        kill.entities,
        (Relation("Kill", 0, 1, 0.984), Relation("Live_In", 1, 2, 1.0), Relation("Hold", 2, 0)),
    )
    arcs = Arcs(draw_relations(kill))
    people = [("Lee Oswald", "Peop"), ("shot", ""), ("Ann", "Peop")]
    assert arcs.words == [*people, ("in", ""), ("Rome", "Loc")]
    assert sorted(arcs.arcs) == [
        ("Ann", "Live_In 1.00", "Rome"),
        ("Lee Oswald", "Kill 0.98", "Ann"),
        ("Rome", "Hold", "Lee Oswald"),
    ]


def test_only_what_relations_need_is_drawn():
    arcs = Arcs(
        draw_relations(
            document(
                "On [Monday|Other] [Ann|Peop] of [Rome|Loc] , [Italy|Loc] , met a very old friend "
                "from her school in [Pisa|Loc] .",
                [("Live_In", 1, 3), ("Live_In", 1, 4), ("Located_In", 2, 3)],
            )
        )
    )
    assert [word for word, _ in arcs.words] == [
        "Ann",
        "of",
        "Rome",
        # A comma alone is not worth a word.
        "Italy",
        ", met a very old fr…",
        "Pisa",
    ]


def test_overlapping_entities_stand_beside_each_other():
    nested = Document(
        tokens=("Old", "New", "York", "University", "of", "Ann"),
        entities=(Entity("Org", 0, 4), Entity("Loc", 1, 3), Entity("Peop", 5, 6)),
        relations=(Relation("OrgBased_In", 0, 1), Relation("Work_For", 2, 0)),
    )
    arcs = Arcs(draw_relations(nested))
    assert [word for word, _ in arcs.words] == ["Old New York University", "New York", "of", "Ann"]
    assert sorted(arcs.arcs) == [
        ("Ann", "Work_For", "Old New York University"),
        ("Old New York University", "OrgBased_In", "New York"),
    ]


def test_words_keep_their_distance_and_stay_inside_the_picture():
    for entity in ("Rome", "Royal Society of Chemistry", "x" * 300, "東" * 30, "W" * 20):
        arcs = Arcs(draw_relations(document(f"[{entity}|Org] in [Pisa|Loc]", [("In", 0, 1)])))
        drawn = arcs.words[0][0]
        assert len(drawn) <= 30
        # At the page's size letters take at least six pixels on average, ideographs 14.
        width = len(drawn) * (14 if entity.startswith("東") else 6)
        assert arcs.positions[0] >= width / 2
        assert arcs.positions[1] - arcs.positions[0] >= width
        assert arcs.positions[-1] <= float(arcs.svg.attrib["width"])


def test_arc_is_wide_enough_for_a_long_label():
    label = "is-the-manufacturer-of-an-active-ingredient-of"
    arcs = Arcs(draw_relations(document("[A|Org] , [B|Org]", [(label, 0, 1)])))
    assert arcs.positions[1] - arcs.positions[0] > 6 * len(label)


def test_markup_in_a_document_is_text():
    hostile = Document(
        tokens=("<script>x</script>", "&amp;", '"<b>'),
        entities=(Entity("<i>", 0, 1), Entity("&quot;", 2, 3), Entity("<u>", 0, 3)),
        relations=(Relation("<s>", 0, 1, 0.5),),
    )
    sentences = [Sentence(picture) for picture in draw_entities(hostile, {"<i>": "red"})]
    for sentence in sentences:
        assert sentence.text == '<script>x</script>&amp;"<b>'
        assert set(sentence.elements) == {"div", "mark", "span"}
    assert [(text, type) for text, type, _ in sentences[1].marks] == [
        ("<script>x</script>", "<i>"),
        ('"<b>', "&quot;"),
    ]
    assert sentences[1].marks[0][2] == "red"
    arcs = Arcs(draw_relations(hostile))
    assert arcs.words == [("<script>x</script>", "<i>"), ("&amp;", ""), ('"<b>', "&quot;")]
    assert arcs.arcs == [("<script>x</script>", "<s> 0.50", '"<b>')]
