"""Draws random samples of documents."""

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

    It depends only on the arguments, and does not change the state of other random generators.

    # Parameters

    items : `Sequence[T]`
        The items.
    number : `Optional[int]`
        The size of the sample; all items if there are fewer, or if it is `None`.
    seed : `int`
        The seed of the sample.
    """
    if number is None or number >= len(items):
        return list(items)
    indices = random.Random(seed).sample(range(len(items)), number)
    return [items[i] for i in sorted(indices)]
