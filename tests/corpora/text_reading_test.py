import pytest
from hypothesis import given
from hypothesis import strategies as st

from dts_ee.characters import is_blank
from dts_ee.corpora.graphemes import Graphemes
from dts_ee.corpora.text_reading import word_spans
from dts_ee.tokenizers import SpacyRulesTokenizer, token_spans
from tests.corpora.raw_text import at_white_space


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Elm Works\u2764\ufe0f. Peter", ["Elm", "Works", "\u2764\ufe0f", ".", "Peter"]),
        ("Tarnby.\u200b Bo", ["Tarnby", ".", "Bo"]),
        ("Tarnby.\u200bBo", ["Tarnby", ".", "Bo"]),
        ("Elm\u200bWorks", ["Elm", "Works"]),
        ("\u2060Elm\u2060.", ["Elm", "."]),
        ("co\u00adoperate", ["co\u00adoperate"]),
        (
            "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 .",
            ["\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "."],
        ),
        ("a \N{WOMAN}\u200d\N{GIRL}.", ["a", "\N{WOMAN}\u200d\N{GIRL}", "."]),
        ("Jose\u0301.", ["Jose\u0301", "."]),
        ("\u200d\u0301B", ["\u200d\u0301B"]),
        ("\u200b", []),
        (" \ufe0f ", []),
    ],
)
def test_invisible_characters_are_no_words_and_in_no_word(text, tokens):
    spans = token_spans(text, SpacyRulesTokenizer())
    assert [text[start:end] for start, end in spans] == tokens


def each_code_point(text):
    return [(i, i + 1) for i in range(len(text)) if not text[i].isspace()]


@given(
    st.text(st.sampled_from("aB. \u0301\u200b\ufe0f\u2764\u200d\u00ad\n\U0001f600"), max_size=20),
    st.sampled_from([at_white_space, each_code_point]),
)
def test_tokens_are_whole_characters_and_all_that_is_seen(text, tokenize):
    graphemes = Graphemes(text)
    position = 0
    for start, end in word_spans(text, tokenize):
        assert is_blank(text[position:start])
        assert not is_blank(text[start:end])
        assert (graphemes.start(start), graphemes.start(end)) == (start, end)
        position = end
    assert is_blank(text[position:])
