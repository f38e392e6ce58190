"""
The names that somebody probably meant.
"""

from difflib import SequenceMatcher, get_close_matches
from typing import Iterable


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """
    # Parameters

    name : `str`
        What was written.
    names : `Iterable[str]`
        What there is.

    # Returns

    `str`
        `"; did you mean one, another or a_third?"` with the nearest names, or nothing if none is
        near.
    """
    # The dashes of options would make all of them alike.
    known = {other.lstrip("-"): other for other in names}
    name = name.lstrip("-")
    near = get_close_matches(name, known)
    likeness = [SequenceMatcher(None, other, name).ratio() for other in near]
    near = [each for each, ratio in zip(near, likeness, strict=True) if ratio > likeness[0] - 0.1]
    # `serve` is not near `serve-dts` by the letters that differ.
    near += [other for other in known if len(name) > 2 and other.startswith(name)]
    near = [known[other] for other in dict.fromkeys(near)][:3]
    if not near:
        return ""
    *others, last = near
    return f"; did you mean {', '.join(others)} or {last}?" if others else f"; did you mean {last}?"
