"""
Folds for cross-validation.
"""

import random
from typing import Sequence

from dts_ee.counted import counted
from dts_ee.document import DocumentError


def divide_into_folds(groups: Sequence[str], num_folds: int, seed: int) -> list[list[int]]:
    """
    Divides documents into folds of nearly equal size, such that no group is in two of them.

    The largest groups come first, each into the smallest fold; the seed decides the order of groups
    of equal size.

    # Parameters

    groups : `Sequence[str]`
        The group of each document.
    num_folds : `int`
        The number of folds.
    seed : `int`
        The seed of the random order.

    # Returns

    `list[list[int]]`
        The indices of the documents in each fold, in ascending order.

    # Raises

    `DocumentError`
        If there are fewer than two folds, or more folds than groups.
    """
    members: dict[str, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    if not 2 <= num_folds <= len(members):
        raise DocumentError(
            f"{counted(len(members), 'text')} cannot be divided into "
            f"{counted(num_folds, 'fold')}: there must be at least two folds, and a text for each"
        )
    shuffled = list(members.values())
    random.Random(seed).shuffle(shuffled)
    folds: list[list[int]] = [[] for _ in range(num_folds)]
    for group_members in sorted(shuffled, key=len, reverse=True):
        min(folds, key=len).extend(group_members)
    return [sorted(fold) for fold in folds]
