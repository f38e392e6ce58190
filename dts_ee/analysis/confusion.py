"""
Confusion matrices of types.
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

    Both rows and columns are the types in alphabetical order, then the pairs of items with
    different spans (`"wrong boundary"`, and for relations `"wrong direction"`), and `"none"` last.
    A row's sum is the number of gold items of that type, a column's sum that of predicted items.

    # Parameters

    types : `tuple[str, ...]`
        The types.
    others : `tuple[str, ...]`
        The names of the rows and columns after them.
    counts : `tuple[tuple[int, ...], ...]`
        The counts, by row and column.
    """

    types: tuple[str, ...]
    others: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


def confusion_matrix(matches: Iterable[TypedMatch], apart: Sequence[str]) -> ConfusionMatrix:
    """
    # Parameters

    matches : `Iterable[TypedMatch]`
        The matches of all documents.
    apart : `Sequence[str]`
        The kinds of matches that have their own row and column.
    """
    matches = list(matches)
    gold_types = {match.gold_type for match in matches}
    predicted_types = {match.predicted_type for match in matches}
    types = sorted(type for type in gold_types | predicted_types if type is not None)
    others = (*apart, NONE)
    counts = [[0] * (len(types) + len(others)) for _ in range(len(types) + len(others))]
    type_indices = {type: i for i, type in enumerate(types)}
    for typed in matches:
        if typed.match.kind in apart:
            index = len(types) + others.index(typed.match.kind)
            cells = [(typed.gold_type, index), (index, typed.predicted_type)]
        else:
            cells = [(typed.gold_type, typed.predicted_type)]
        for row, column in cells:
            counts[_index(row, type_indices)][_index(column, type_indices)] += 1
    return ConfusionMatrix(tuple(types), others, tuple(map(tuple, counts)))


def _index(index_or_type: Optional[int | str], type_indices: dict[str, int]) -> int:
    if index_or_type is None:
        return -1
    return index_or_type if isinstance(index_or_type, int) else type_indices[index_or_type]
