import re

import pytest

from dts_ee.corpora.line_breaks import line_break_starts

WRAPPED = """\
The committee met on Tuesday in the old town hall of Tarnby, where Marta
Lindqvist of the Harbour Gazette and three members of the council of
Elm Works talked about the plans for the harbour, which were written in
1994 and 1995. The chair, Peter Holt, said that there would be another
meeting - perhaps next month, and perhaps not in this hall but in room
5. Then he left.
"""


def lines(text):
    starts, _ = line_break_starts(text)
    if not starts:
        return []
    return [
        re.sub(r"[\r\n]+", " ", text[start:end].strip())
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True)
    ]


@pytest.mark.parametrize(
    "expected",
    [
        ["MEDICATIONS:", "1. Aspirin 81 mg daily", "2. Lipitor 20 mg qhs", "ALLERGIES: none"],
        ["- Marta lives in Tarnby", "- Peter works for Elm Works"],
        ["* one thing", "* and another"],
        ["\u2022 the first", "\u2022 the second"],
        ["Drugs:", "a) aspirin", "b) lasix"],
        ["By Marta Lindqvist", "Harbour Gazette", "TARNBY, Friday"],
        ["Name\tTown", "ann\toslo", "bo\trome"],
        ["ann     oslo", "bo      rome"],
        ["| name | town |", "| ann | oslo |"],
        ["Marta Lindqvist", "42 Harbour Street", "5000 Tarnby"],
        ["Our staff", "Marta Lindqvist lives in Tarnby and writes for the Harbour Gazette."],
    ],
)
def test_lines_of_their_own(expected):
    assert lines("\n".join(expected)) == expected
    assert lines("\r\n".join(expected)) == expected


def test_wrapped_prose_is_one():
    assert lines(WRAPPED) == [" ".join(WRAPPED.split())]
    assert lines("A wrapped\nline goes on.") == ["A wrapped line goes on."]
    assert lines("He lives in the town of\nTarnby.") == ["He lives in the town of Tarnby."]
    assert lines("He met Marta\nLindqvist.") == ["He met Marta Lindqvist."]
    assert lines("Ann, Bo,\nCy") == ["Ann, Bo, Cy"]
    assert lines("met Dr.\nLee") == ["met Dr. Lee"]


def test_a_heading_before_wrapped_prose():
    assert lines(f"The Meeting\n{WRAPPED}") == ["The Meeting", " ".join(WRAPPED.split())]


def test_a_wrapped_item():
    text = "1. Aspirin 81 mg\ndaily\n2. Lipitor"
    assert lines(text) == ["1. Aspirin 81 mg daily", "2. Lipitor"]


def test_blank_lines():
    assert lines("one\n \ntwo\n\n\nthree") == ["one", "two", "three"]
    assert lines("") == []


def test_numbers_of_items():
    text = "To do:\n 1. Go\n(b) Come\n\u2022 Stay"
    _, numbers = line_break_starts(text)
    assert [text[start:end] for start, end in numbers] == ["1.", "(b)", "\u2022"]
    assert line_break_starts(WRAPPED)[1] == []
