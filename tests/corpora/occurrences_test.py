import pytest

from dts_ee.corpora.occurrences import nearest_pair, occurrences


@pytest.mark.parametrize(
    ("text", "mention", "spans"),
    [
        ("Ann met Anna and Ann", "Ann", [(0, 3), (17, 20)]),
        ("Annabel", "Ann", [(0, 3)]),
        ("ann met ANN", "Ann", [(0, 3), (8, 11)]),
        ("New\n York", "New York", [(0, 9)]),
        ("東京都", "東京", [(0, 2)]),
        ("(+)-x", "(+)", [(0, 3)]),
        ("Ann", "Bo", []),
        ("Ann", " ", []),
    ],
)
def test_occurrences(text, mention, spans):
    assert occurrences(text, mention) == spans


@pytest.mark.parametrize(
    ("heads", "tails", "pair"),
    [
        ([(0, 3), (20, 23)], [(30, 33)], ((20, 23), (30, 33))),
        ([(0, 3), (20, 23)], [(4, 6), (24, 26)], ((0, 3), (4, 6))),
        ([(0, 9)], [(0, 3), (50, 53)], ((0, 9), (50, 53))),
        ([(0, 9)], [(0, 3)], ((0, 9), (0, 3))),
        ([(0, 3)], [(0, 3)], None),
        ([], [(0, 3)], None),
    ],
)
def test_nearest_pair(heads, tails, pair):
    assert nearest_pair(heads, tails) == pair
