import pytest

from dts_ee.predictors.readable import ReadableOutput

TYPES = ["Peop", "Loc"]


def entity(text, start, kind, sentence="", base=0):
    assert sentence[start : start + len(text)] == text
    return {
        "type": kind,
        "text": text,
        "start_char": base + start,
        "end_char": base + start + len(text),
    }


def output(sentence, *entities, relations=(), **more):
    return {"sentence": sentence, "entities": list(entities), "relations": list(relations), **more}


def test_entities_have_their_colour_and_their_type():
    sentence = "Marta lives in Tarnby."
    line = ReadableOutput(TYPES)(
        output(
            sentence, entity("Marta", 0, "Peop", sentence), entity("Tarnby", 15, "Loc", sentence)
        )
    )
    assert line.plain == "[Marta Peop] lives in [Tarnby Loc]."
    # Colours go by the types' alphabetical order.
    assert [(line.plain[span.start : span.end], span.style) for span in line.spans] == [
        ("[", "magenta"),
        ("Marta", "bold magenta"),
        (" Peop]", "magenta"),
        ("[", "cyan"),
        ("Tarnby", "bold cyan"),
        (" Loc]", "cyan"),
    ]


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        # One within another, from the same beginning and to the same end.
        ([("Tarnby", 4), ("Tarnby Town Hall", 4)], "The [[Tarnby Loc] Town Hall Org] ."),
        ([("Tarnby Town Hall", 4), ("Hall", 16)], "The [Tarnby Town [Hall Loc] Org] ."),
        # They cross.
        ([("Tarnby Town", 4), ("Town Hall", 11)], "The [Tarnby [Town Loc] Hall Org] ."),
        # Side by side.
        ([("Tarnby ", 4), ("Town", 11)], "The [Tarnby  Loc][Town Org] Hall ."),
    ],
)
def test_overlapping_entities(places, expected):
    sentence = "The Tarnby Town Hall ."
    kinds = ["Loc", "Org"] if len(places[0][0]) < 16 else ["Org", "Loc"]
    entities = [
        entity(text, start, kind, sentence)
        for (text, start), kind in zip(places, kinds, strict=True)
    ]
    assert ReadableOutput(["Loc", "Org"])(output(sentence, *entities)).plain == expected


def test_relations_are_lines_below_their_sentence():
    first, second = "Nobody came.", "Marta lives in Tarnby."
    text = {
        "orig_id": "a",
        "sentences": [
            output(first, start_char=0),
            output(
                second,
                entity("Marta", 0, "Peop", second, base=13),
                entity("Tarnby", 15, "Loc", second, base=13),
                relations=[
                    {"type": "Live_In", "head": 0, "tail": 1, "probability": 0.976},
                    {"type": "Born_In", "head": 0, "tail": 1},
                ],
                start_char=13,
            ),
        ],
    }
    assert ReadableOutput(TYPES)(text).plain.splitlines() == [
        "a",
        "Nobody came.",
        "[Marta Peop] lives in [Tarnby Loc].",
        "  Marta —Live_In→ Tarnby  0.98",
        "  Marta —Born_In→ Tarnby",
    ]
    assert "Marta --Live_In--> Tarnby" in ReadableOutput(TYPES, "latin-1")(text).plain


def test_where_nothing_is_found_it_says_so():
    assert ReadableOutput(TYPES)(output("Nobody came.")).plain == (
        "Nobody came.\n  (no entities found)"
    )


def test_text_cannot_steer_the_terminal():
    sentence = "Marta\x1b[31m writes\nhere\u2028."
    shown = ReadableOutput(TYPES)(output(sentence, entity("Marta", 0, "Peop", sentence)))
    assert shown.plain == "[Marta Peop] [31m writes here ."


def test_names_of_types_cannot_steer_the_terminal():
    sentence = "Marta Tarnby"
    entities = [entity("Marta", 0, "P\x1b[31m", sentence), entity("Tarnby", 6, "L\n", sentence)]
    relations = [{"type": "in\r", "head": 0, "tail": 1}]
    shown = ReadableOutput([])(output(sentence, *entities, relations=relations))
    assert shown.plain == "[Marta P [31m] [Tarnby L ]\n  Marta —in → Tarnby"


def test_a_type_that_the_model_does_not_know_has_no_colour():
    sentence = "Marta writes."
    shown = ReadableOutput([])(output(sentence, entity("Marta", 0, "Ship", sentence)))
    assert shown.plain == "[Marta Ship] writes."
