import pytest
from hypothesis import given
from hypothesis import strategies as st

from dts_ee.corpora.offsets import Mention, code_points, find_unit, same_text

TEXT = "\N{PILE OF POO} Ann met Jos\u00e9.\r\n\r\nBo saw Ann, Ann."
QUOTES = ["Ann", "Jos\u00e9", "Bo"]


def starts(text, quotes):
    found, position = [], 0
    for quoted in quotes:
        position = text.index(quoted, position)
        found.append((position, position + len(quoted)))
    return found


def utf16(text):
    return len(text.encode("utf-16-le")) // 2


def utf8(text):
    return len(text.encode())


def with_lf(text):
    return text.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("count", "name"),
    [
        (len, "code points"),
        (utf16, "UTF-16 code units"),
        (utf8, "UTF-8 bytes"),
        (lambda text: len(with_lf(text)), "code points, line ends of two characters counted once"),
        (
            lambda text: utf16(with_lf(text)),
            "UTF-16 code units, line ends of two characters counted once",
        ),
    ],
)
def test_unit_that_all_mentions_fit(count, name):
    spans = starts(TEXT, QUOTES)
    mentions = [
        Mention(count(TEXT[:start]), count(TEXT[:end]), TEXT[start:end]) for start, end in spans
    ]
    unit, num_fitting = find_unit(TEXT, mentions)
    assert (unit.name, num_fitting) == (name, 3)
    assert [unit.span(mention) for mention in mentions] == spans


def test_line_ends_counted_as_two_characters():
    text = "a\nAnn\nBo"
    unit, _ = find_unit(text, [Mention(3, 6, "Ann"), Mention(8, 10, "Bo")])
    assert unit.name == "code points, line ends counted as two characters"
    assert unit.span(Mention(8, 10)) == (6, 8)


def test_offsets_of_a_text_in_another_normal_form():
    text = "Jose\u0301 met Rene\u0301e."
    unit, _ = find_unit(text, [Mention(0, 4, "Jos\u00e9"), Mention(9, 14, "Ren\u00e9e")])
    assert unit.name == "code points of the text in NFC"
    assert unit.span(Mention(9, 14)) == (10, 16)


@pytest.mark.parametrize(
    ("mentions", "name"),
    [
        ([(0, 2, "Ann"), (8, 9, "Bo")], "code points, ends being the last character"),
        ([(1, 4, "Ann"), (9, 11, "Bo")], "code points, the first being 1"),
        (
            [(1, 3, "Ann"), (9, 10, "Bo")],
            "code points, the first being 1, ends being the last character",
        ),
    ],
)
def test_other_ways_to_count(mentions, name):
    text = "Ann met Bo"
    found = [Mention(*mention) for mention in mentions]
    unit, num_fitting = find_unit(text, found)
    assert (unit.name, num_fitting) == (name, 2)
    assert [unit.span(mention) for mention in found] == [(0, 3), (8, 10)]


def test_code_points_win_where_they_fit():
    text = "\N{PILE OF POO} Ann Ann Ann"
    # In UTF-16 these would be the first two.
    unit, _ = find_unit(text, [Mention(2, 5, "Ann"), Mention(6, 9, "Ann")])
    assert unit == code_points(text)


def test_most_mentions_decide_if_none_fits_all():
    text = "\N{PILE OF POO} Ann Bo Al Ed"
    quoted = [Mention(3, 6, "Ann"), Mention(7, 9, "Bo"), Mention(0, 2, "Cy")]
    assert find_unit(text, quoted)[0].name == "UTF-16 code units"
    # One of two is no evidence.
    assert find_unit(text, [quoted[0], quoted[2]])[0] == code_points(text)


def test_without_text_words_decide():
    text = "\N{PILE OF POO}\N{PILE OF POO} Ann Bo Al"
    right = [Mention(5, 8), Mention(9, 11), Mention(12, 14)]
    assert find_unit(text, right)[0].name == "UTF-16 code units"
    assert find_unit(text, [*right, Mention(20, 22)])[0] == code_points(text)
    # Neither characters that are in words nor tokens' borders are offsets in another unit.
    assert find_unit("abc", [Mention(1, 2)])[0] == code_points("abc")
    assert find_unit(text, [Mention(4, 5)], {4, 5})[0] == code_points(text)


def test_an_end_after_the_text_is_its_end():
    unit = code_points("Ann")
    assert unit.span(Mention(0, 5)) == (0, 3)
    assert unit.ends_after_text(Mention(0, 5))
    assert not unit.ends_after_text(Mention(0, 3))
    assert unit.span(Mention(4, 5)) is None
    assert unit.span(Mention(-1, 2)) is None


@given(
    st.text(st.sampled_from("ab \r\n\u00e9e\u0301\U0001f600"), min_size=1, max_size=20),
    st.data(),
)
def test_code_points_of_any_text(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    mention = Mention(start, end, text[start:end])
    unit, num_fitting = find_unit(text, [mention])
    assert unit == code_points(text)
    assert num_fitting == 1
    assert unit.span(mention) == (start, end)


def test_texts_that_are_the_same_to_a_reader():
    assert same_text("Jos\u00e9 \nLee", "Jose\u0301  Lee\u200b")
    assert not same_text("Jose", "Jos\u00e9")
    assert not same_text("Ann Lee", "AnnLee")
