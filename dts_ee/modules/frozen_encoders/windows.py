"""Overlapping windows over a sentence that is longer than an encoder's limit."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Sequence


@dataclass(frozen=True)
class Window:
    """
    A range of word pieces, `start` to `end` (exclusive), that are encoded together.

    Only the vectors of the pieces `keep_start` to `keep_end` (exclusive) are used.
    """

    start: int
    end: int
    keep_start: int
    keep_end: int

    def shifted(self, offset: int) -> "Window":
        """The window with `offset` added to all indices."""
        return Window(
            self.start + offset,
            self.end + offset,
            self.keep_start + offset,
            self.keep_end + offset,
        )


def split_into_windows(piece_counts: Sequence[int], capacity: int, overlap: int) -> list[Window]:
    """
    Splits the word pieces of a sentence into windows of limited length.

    Windows begin and end between words; only a word that is longer than a window is cut. The vector
    of a word is taken from the window with the most context for it, which is the distance of the
    word to the nearer edge of the window. The edges of the sentence do not count.

    # Parameters

    piece_counts : `Sequence[int]`
        The number of pieces of each word.
    capacity : `int`
        The largest number of pieces in a window.
    overlap : `int`
        The largest number of pieces that two neighbouring windows share. (The last window begins as
        early as possible, and may share more.) It must be less than `capacity`.

    # Returns

    `list[Window]`
        The windows from left to right. Their kept ranges are disjoint and cover all pieces.
    """
    num_pieces = sum(piece_counts)
    if num_pieces == 0:
        return []
    if num_pieces <= capacity:
        return [Window(0, num_pieces, 0, num_pieces)]
    bounds = _unit_bounds(piece_counts, capacity)
    spans = _spans(bounds, capacity, overlap)
    kept: list[list[int]] = [[] for _ in spans]
    for start, end in pairwise(bounds):
        contexts = [_context(start, end, span, bounds[-1]) for span in spans]
        kept[contexts.index(max(contexts))].extend((start, end))
    return [
        Window(start, end, pieces[0], pieces[-1])
        for (start, end), pieces in zip(spans, kept, strict=True)
        if pieces
    ]


def windows_in_context(
    piece_counts: Sequence[int], num_before: int, num_after: int, capacity: int, overlap: int
) -> list[Window]:
    """
    The windows of a sentence with the word pieces of other sentences around it.

    A sentence that fits in one window is in its middle, as far as there are pieces on both sides.
    A longer one is split by `split_into_windows`, without the pieces around it.

    # Parameters

    piece_counts : `Sequence[int]`
        The number of pieces of each word of the sentence.
    num_before, num_after : `int`
        The number of pieces before and after the sentence.
    capacity, overlap : `int`
        See `split_into_windows`.

    # Returns

    `list[Window]`
        The windows, as indices into the pieces before, in and after the sentence. Their kept ranges
        are disjoint and cover the pieces of the sentence.
    """
    num_pieces = sum(piece_counts)
    room = capacity - num_pieces
    if room <= 0 or not num_pieces:
        windows = split_into_windows(piece_counts, capacity, overlap)
        return [window.shifted(num_before) for window in windows]
    before = min(num_before, max(room // 2, room - num_after))
    after = min(num_after, room - before)
    end = num_before + num_pieces
    return [Window(num_before - before, end + after, num_before, end)]


def _unit_bounds(piece_counts: Sequence[int], capacity: int) -> list[int]:
    # Windows may begin and end between words, and inside words that are longer than a window.
    bounds = [0]
    for count in piece_counts:
        word_end = bounds[-1] + count
        while word_end - bounds[-1] > capacity:
            bounds.append(bounds[-1] + capacity)
        if word_end > bounds[-1]:
            bounds.append(word_end)
    return bounds


def _spans(bounds: list[int], capacity: int, overlap: int) -> list[tuple[int, int]]:
    spans = []
    first, last = 0, len(bounds) - 1
    while True:
        end = first
        while end < last and bounds[end + 1] - bounds[first] <= capacity:
            end += 1
        if end == last:
            break
        spans.append((bounds[first], bounds[end]))
        # The next window begins with the overlap, but must end later than this one.
        first += 1
        while bounds[end] - bounds[first] > overlap or bounds[end + 1] - bounds[first] > capacity:
            first += 1
    while first > 0 and bounds[last] - bounds[first - 1] <= capacity:
        first -= 1
    spans.append((bounds[first], bounds[last]))
    return spans


def _context(start: int, end: int, span: tuple[int, int], num_pieces: int) -> float:
    if start < span[0] or end > span[1]:
        return -1
    before = start - span[0] if span[0] > 0 else float("inf")
    after = span[1] - end if span[1] < num_pieces else float("inf")
    return min(before, after)
