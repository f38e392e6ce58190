"""Overlapping windows over a sentence that is longer than an encoder's limit."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Sequence


@dataclass(frozen=True)
class Window:
    """
    The pieces `start` up to, and without, `end` that are encoded together.

    Of what comes out, the pieces `keep_start` up to, and without, `keep_end` are used.
    """

    start: int
    end: int
    keep_start: int
    keep_end: int

    def shifted(self, offset: int) -> "Window":
        """The same window where `offset` pieces come before."""
        return Window(
            self.start + offset,
            self.end + offset,
            self.keep_start + offset,
            self.keep_end + offset,
        )


def split_into_windows(piece_counts: Sequence[int], capacity: int, overlap: int) -> list[Window]:
    """
    Splits a sentence's word pieces into windows that an encoder can take.

    Windows begin and end between words; only a word that fills more than a whole window is cut.
    Each piece is kept from one window, and all pieces of a word from the same: the one in which the
    nearer of the window's two edges is furthest away. An edge where the sentence itself begins or
    ends takes nothing from a word's context, and does not count.

    # Parameters

    piece_counts : `Sequence[int]`
        How many pieces each word has.
    capacity : `int`
        The most pieces that one window holds.
    overlap : `int`
        How many pieces at most two neighbouring windows share (the last window, which reaches
        back as far as it can, may share more). It must be less than `capacity`.

    # Returns

    `list[Window]`
        In the order of the sentence. Their kept ranges are disjoint and cover all pieces.
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


def _unit_bounds(piece_counts: Sequence[int], capacity: int) -> list[int]:
    # Where windows may begin and end: between words, and inside those longer than a window.
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
        # The next window reaches back over the overlap, but must get beyond this one's end.
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
