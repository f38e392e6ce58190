import regex

from dts_ee.characters import in_one_line, is_blank, visible_span, without_invisible


def test_invisible_characters_are_those_of_unicode():
    annotation_marks = set("\ufff9\ufffa\ufffb")
    everything = "".join(map(chr, range(0x110000)))
    ignorable = set(regex.findall(r"\p{Default_Ignorable_Code_Point}", everything))
    visible = without_invisible(everything)
    assert set(everything) - set(visible) == ignorable | annotation_marks
    assert len(visible) == len(set(visible))


def test_blank_texts():
    assert is_blank("")
    assert is_blank(" \n\u200b\ufe0f\u2060")
    assert not is_blank("\u200ba")
    assert not is_blank("\u0301")


def test_what_would_control_a_terminal_is_shown():
    text = "a\x85b\n\tc\u2028d \x1b[31m\x00\x7f\ud800 Zoë\u200d🙂"
    assert in_one_line(text) == r"a b c d \x1b[31m\x00\x7f\ud800 Zoë" + "\u200d🙂"


def test_visible_span():
    text = " \u200bAnn\u2060 \n"
    assert visible_span(text, 0, len(text)) == (2, 5)
    assert visible_span(text, 3, 4) == (3, 4)
    start, end = visible_span(text, 5, 8)
    assert start == end
