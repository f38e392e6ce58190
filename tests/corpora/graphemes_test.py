import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dts_ee.corpora.graphemes import Graphemes, canonical


@pytest.mark.parametrize(
    "clusters",
    [
        ["a", "b", "\r", "\n", "c"],
        ["e\u0301", "e", "o\u0308\u0304"],
        ["\u2764\ufe0f", ".", "\u200b", "B"],
        [
            "\N{WOMAN}\u200d\N{WOMAN}\u200d\N{GIRL}",
            "\N{THUMBS UP SIGN}\N{EMOJI MODIFIER FITZPATRICK TYPE-4}",
        ],
        ["1\ufe0f\u20e3", "\U0001f1f3\U0001f1f4"],
        ["a", " ", "\u0301", "b"],
    ],
)
def test_clusters(clusters):
    graphemes = Graphemes("".join(clusters))
    spans = graphemes.spans()
    assert ["".join(clusters)[start:end] for start, end in spans] == clusters
    for start, end in spans:
        assert (graphemes.start(start), graphemes.end(start)) == (start, start)
        for index in range(start + 1, end):
            assert (graphemes.start(index), graphemes.end(index)) == (start, end)


def test_canonical_text_and_its_characters():
    text, starts, ends = canonical("Jose\u0301\u200b!")
    assert text == "Jos\u00e9!"
    assert (starts, ends) == ([0, 1, 2, 3, 6], [1, 2, 3, 5, 7])


@given(st.text(st.sampled_from("ae\u0301\u0308\u00e9 \n\u1100\u1161\u11a8\U0001f600"), max_size=12))
def test_canonical_text_is_nfc(text):
    assert canonical(text)[0] == unicodedata.normalize("NFC", text)
