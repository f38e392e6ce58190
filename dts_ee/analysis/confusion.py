"""
Which type was taken for which.
"""

from dataclasses import dataclass
from typing import Iterable, Optional, Sequence

from dts_ee.analysis.matching import Match

NONE = "none"


@dataclass(frozen=True)
class TypedMatch:
    """
    A match with the types of its items.

    # Parameters

    match : `Match`
        The match.
    gold_type, predicted_type : `str`, optional
        The types; `None` where there is no such item.
    """

    match: Match
    gold_type: Optional[str]
    predicted_type: Optional[str]


@dataclass(frozen=True)
class ConfusionMatrix:
    """
    How often items of a gold type (rows) were predicted as another (columns).

    Both rows and columns are the types in alphabetical order, then what stands apart: items that
    are paired, but not at the same place (`"wrong boundary"`, and for relations `"wrong
    direction"`), and `"none"` last. A row's sum is the number of gold items of that type, a
    column's that of predicted ones.

    # Parameters

    types : `tuple[str, ...]`
        The types.
    others : `tuple[str, ...]`
        The names of the rows and columns after them.
    counts : `tuple[tuple[int, ...], ...]`
        A row for each of both.
    """

    types: tuple[str, ...]
    others: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


def confusion_matrix(matches: Iterable[TypedMatch], apart: Sequence[str]) -> ConfusionMatrix:
    """
    # Parameters

    matches : `Iterable[TypedMatch]`
        Those of all documents.
    apart : `Sequence[str]`
        The kinds of matches that have a row and a column of their own.
    """
    listed = list(matches)
    of_both = [{each.gold_type for each in listed}, {each.predicted_type for each in listed}]
    types = sorted(type for type in set.union(*of_both) if type is not None)
    others = (*apart, NONE)
    counts = [[0] * (len(types) + len(others)) for _ in range(len(types) + len(others))]
    place = {type: i for i, type in enumerate(types)}
    for each in listed:
        if each.match.kind in apart:
            beside = len(types) + others.index(each.match.kind)
            pairs = [(each.gold_type, beside), (beside, each.predicted_type)]
        else:
            pairs = [(each.gold_type, each.predicted_type)]
        for row, column in pairs:
            counts[_index(row, place)][_index(column, place)] += 1
    return ConfusionMatrix(tuple(types), others, tuple(map(tuple, counts)))


def _index(row_or_type: Optional[int | str], place: dict[str, int]) -> int:
    if row_or_type is None:
        return -1
    return row_or_type if isinstance(row_or_type, int) else place[row_or_type]
