"""
Random samples of a corpus.
"""

import random
from typing import Optional, Sequence, TypeVar

from allennlp.common.checks import ConfigurationError

T = TypeVar("T")


def check_max_documents(max_documents: Optional[int]) -> Optional[int]:
    """Returns the number, or raises a `ConfigurationError` if it is less than 1."""
    if max_documents is not None and max_documents < 1:
        raise ConfigurationError(
            f"`max_documents` is {max_documents}: it is at least 1, or null for all documents"
        )
    return max_documents


def sample_in_order(items: Sequence[T], number: Optional[int], seed: int) -> list[T]:
    """
    A random sample without repetition, in the order of the items.

    It depends on nothing but the arguments: no other random numbers are drawn or disturbed.

    # Parameters

    items : `Sequence[T]`
        What the sample is taken from.
    number : `Optional[int]`
        How many to take, at least 1; all of them where there are fewer, or where it is `None`.
    seed : `int`
        Another seed takes another sample.
    """
    if number is None or number >= len(items):
        return list(items)
    positions = random.Random(seed).sample(range(len(items)), number)
    return [items[position] for position in sorted(positions)]
