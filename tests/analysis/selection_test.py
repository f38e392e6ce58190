from math import sqrt

import numpy
import pytest

from dts_ee.analysis import selection
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


# From the corner (up and right), the left is at √(2 + √2), and right and up are at √(2 - √2).
NEAR, FAR = sqrt(2 - sqrt(2)), sqrt(2 + sqrt(2))


def test_the_nearest_to_all_comes_first():
    # All distances are 2 at first. The corner is at 0, NEAR and FAR; then it is the nearest to all.
    chosen = selected("diversity", 3, [0.0] * 3, [RIGHT, LEFT, UP_RIGHT])
    assert chosen == approximately(
        (2, (2 + (2 - NEAR) + (2 - FAR)) / 3), (1, FAR / 3), (0, NEAR / 3)
    )


def test_the_middle_of_what_is_far_from_known_sentences_is_selected():
    # From the known one on the right, they are at NEAR, √2, FAR and 2; neighbours are at NEAR. Up
    # and left decreases the last three, and nothing decreases as much.
    vectors = [UP_RIGHT, UP, [-3, 3], LEFT]
    chosen = selected("diversity", 1, [0.0] * 4, vectors, known=[RIGHT])
    assert chosen == approximately((2, (FAR + (sqrt(2) - NEAR) + (2 - NEAR)) / 4))


def test_one_that_is_far_from_all_does_not_come_first():
    # Three at √2 from the known one, two of them equal to the third; one at 2.
    chosen = selected("diversity", 2, [0.0] * 4, [LEFT, UP, UP, UP], known=[RIGHT])
    assert chosen == approximately((1, (3 * sqrt(2) + 2 - sqrt(2)) / 4), (0, sqrt(2) / 4))


def test_both_weights_the_pool_by_its_uncertainty():
    chosen = selected("both", 3, [0.4, 0.5, 0.1], [RIGHT, UP_RIGHT, LEFT])
    # The corner decreases 2 to NEAR with 0.4, to 0 with 0.5, and to FAR with 0.1.
    assert chosen == approximately(
        (1, (0.4 * (2 - NEAR) + 0.5 * 2 + 0.1 * (2 - FAR)) / 3),
        (0, 0.4 * NEAR / 3),
        (2, 0.1 * FAR / 3),
    )


def test_a_sample_of_a_large_pool_is_covered(monkeypatch):
    # The sample is the first, the middle and the last of five: all of it is on the right.
    monkeypatch.setattr(selection, "_MAX_COVERED", 3)
    monkeypatch.setattr(selection, "_CHUNK", 2)
    chosen = selected("diversity", 2, [0.0] * 5, [RIGHT, UP, RIGHT, UP, RIGHT])
    assert chosen == approximately((0, 2.0), (1, 0.0))


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
