from math import sqrt

import numpy
import pytest

from dts_ee.analysis.selection import first_of_each, select
from dts_ee.document import Document

RIGHT, UP, LEFT, UP_RIGHT = [1, 0], [0, 1], [-1, 0], [3, 3]
NOTHING = numpy.zeros((0, 2))


def sentence(*tokens):
    return Document(tokens=tokens)


def selected(by, number, uncertainties, vectors, known=NOTHING):
    return select(
        by,
        number,
        numpy.array(uncertainties),
        numpy.array(vectors, dtype=numpy.float32),
        numpy.array(known, dtype=numpy.float32),
    )


def approximately(*expected):
    return [(sentence, pytest.approx(score, abs=1e-6)) for sentence, score in expected]


def test_the_most_uncertain_come_first_and_the_first_of_equal_ones():
    chosen = selected("uncertainty", 3, [0.1, 0.5, 0.2, 0.5], [RIGHT] * 4)
    assert chosen == [(1, 0.5), (3, 0.5), (2, 0.2)]


def test_the_farthest_first_beginning_in_the_middle():
    # The mean of the unit vectors is (0.24, 0.24): up and right is nearest to it. From there to the
    # left it is the diagonal of a rectangle of 1 + √½ by √½, to the right of one of 1 - √½ by √½.
    chosen = selected("diversity", 3, [0.0] * 3, [RIGHT, LEFT, UP_RIGHT])
    assert chosen == approximately((2, 2.0), (1, sqrt(2 + sqrt(2))), (0, sqrt(2 - sqrt(2))))


def test_known_sentences_are_kept_away_from():
    chosen = selected("diversity", 2, [0.0] * 3, [[9, 1], UP, LEFT], known=[RIGHT])
    assert chosen == approximately((2, 2.0), (1, sqrt(2)))


def test_both_multiplies_distance_and_uncertainty():
    chosen = selected("both", 3, [0.4, 0.5, 0.1], [RIGHT, UP_RIGHT, LEFT])
    # √(2 - √2) = 0.765 and √(2 + √2) = 1.848 from the corner.
    assert chosen == approximately((1, 1.0), (0, 0.4 * 0.7653669), (2, 0.1 * 1.8477591))


def test_the_first_of_equally_uncertain_ones_is_in_the_middle():
    assert selected("both", 1, [0.5, 0.5, 0.5], [RIGHT, UP, UP_RIGHT])[0].sentence == 2


def test_no_sentence_is_selected_twice():
    for by in ("uncertainty", "diversity", "both"):
        chosen = selected(by, 9, [0.0, 0.0, 0.0], [RIGHT, RIGHT, [0, 0]])
        assert sorted(choice.sentence for choice in chosen) == [0, 1, 2]


def test_equal_texts_count_once_however_they_are_tokenised():
    documents = [
        sentence("Ada", "'s", "dog"),
        sentence("Nobody"),
        sentence("Ada's", "dog"),
        sentence("ada", "'s", "dog"),
        sentence("Known", "."),
    ]
    assert first_of_each(documents, [sentence("Known.")]) == [0, 1, 3]
