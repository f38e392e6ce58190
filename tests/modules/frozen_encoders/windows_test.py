import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dts_ee.modules.frozen_encoders.windows import (
    Window,
    split_into_windows,
    windows_in_context,
)


@st.composite
def _cases(draw):
    counts = draw(st.lists(st.integers(1, 9), min_size=1, max_size=60))
    capacity = draw(st.integers(1, 20))
    return counts, capacity, draw(st.integers(0, capacity - 1))


def _nearest_edge(window, start, end, num_pieces):
    before = start - window.start if window.start > 0 else num_pieces
    after = window.end - end if window.end < num_pieces else num_pieces
    return min(before, after)


@settings(max_examples=300, deadline=None)
@given(_cases())
def test_windows_fit_and_keep_every_piece_once(case):
    counts, capacity, overlap = case
    windows = split_into_windows(counts, capacity, overlap)
    kept = [i for window in windows for i in range(window.keep_start, window.keep_end)]
    assert kept == list(range(sum(counts)))
    for window in windows:
        assert window.end - window.start <= capacity
        assert window.start <= window.keep_start < window.keep_end <= window.end


@settings(max_examples=300, deadline=None)
@given(_cases())
def test_words_that_fit_are_whole_and_have_the_best_context(case):
    counts, capacity, overlap = case
    windows = split_into_windows(counts, capacity, overlap)
    num_pieces = sum(counts)
    start = 0
    for count in counts:
        end = start + count
        if count <= capacity:
            around = [w for w in windows if w.start <= start and end <= w.end]
            (keeper,) = [w for w in windows if w.keep_start <= start < w.keep_end]
            assert end <= keeper.keep_end
            context = _nearest_edge(keeper, start, end, num_pieces)
            assert context == max(_nearest_edge(w, start, end, num_pieces) for w in around)
        start = end


@settings(max_examples=300, deadline=None)
@given(_cases())
def test_windows_overlap_as_far_as_asked(case):
    counts, capacity, overlap = case
    windows = split_into_windows(counts, capacity, overlap)
    # The last one may share more; those that keep nothing are not there.
    for window, following in zip(windows[:-1], windows[1:-1], strict=False):
        assert window.start < following.start
        assert window.end < following.end
        assert window.end - following.start <= overlap


@settings(max_examples=100, deadline=None)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=10))
def test_a_sentence_that_fits_is_one_window(counts):
    total = sum(counts)
    assert split_into_windows(counts, total, total - 1) == [Window(0, total, 0, total)]


def test_the_overlap_is_divided_in_its_middle():
    assert split_into_windows([1] * 10, capacity=6, overlap=2) == [
        Window(0, 6, 0, 5),
        Window(4, 10, 5, 10),
    ]


def test_the_last_window_reaches_back_for_context():
    windows = split_into_windows([1] * 11, capacity=6, overlap=0)
    assert [(w.start, w.end) for w in windows] == [(0, 6), (5, 11)]


def test_a_window_ends_before_a_word_that_does_not_fit():
    windows = split_into_windows([2, 3, 2, 3], capacity=6, overlap=2)
    assert [(w.start, w.end) for w in windows] == [(0, 5), (5, 10)]


def test_a_word_longer_than_a_window_is_cut():
    windows = split_into_windows([1, 10, 1], capacity=4, overlap=0)
    assert all(w.end - w.start <= 4 for w in windows)
    assert windows[0].keep_start == 0
    assert windows[-1].keep_end == 12


@pytest.mark.parametrize("counts", [[], [0]])
def test_nothing_gives_no_windows(counts):
    assert split_into_windows(counts, capacity=4, overlap=1) == []


def test_a_shifted_window_keeps_its_form():
    assert Window(0, 6, 0, 5).shifted(10) == Window(10, 16, 10, 15)


@pytest.mark.parametrize(
    ("num_before", "num_after", "expected"),
    [
        (0, 0, Window(0, 4, 0, 4)),
        (2, 1, Window(0, 7, 2, 6)),
        (3, 3, Window(0, 10, 3, 7)),
        # 6 of the 10 pieces are for the others: 3 on each side, or more where there are less on
        # the other side.
        (9, 9, Window(6, 16, 9, 13)),
        (9, 1, Window(4, 14, 9, 13)),
        (1, 9, Window(0, 10, 1, 5)),
        (9, 0, Window(3, 13, 9, 13)),
    ],
)
def test_a_sentence_is_in_the_middle_of_its_context(num_before, num_after, expected):
    assert windows_in_context([1, 3], num_before, num_after, 10, 2) == [expected]


def test_an_odd_piece_goes_after_the_sentence():
    assert windows_in_context([1, 2], 9, 9, 10, 2) == [Window(6, 16, 9, 12)]


def test_a_sentence_that_fills_a_window_has_no_context():
    assert windows_in_context([6, 4], 5, 5, 10, 2) == [Window(5, 15, 5, 15)]
    assert windows_in_context([1] * 10, 7, 5, capacity=6, overlap=2) == [
        Window(7, 13, 7, 12),
        Window(11, 17, 12, 17),
    ]
    assert windows_in_context([], 2, 2, 10, 2) == []
