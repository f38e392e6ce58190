"""Suggests the nearest names for a misspelt name."""

from difflib import SequenceMatcher, get_close_matches
from typing import Iterable


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """
    Returns `"; did you mean NAME, NAME or NAME?"` with the nearest of the known names, or `""` if
    none is near.
    """
    # The dashes would make all options similar.
    known = {other.lstrip("-"): other for other in names}
    name = name.lstrip("-")
    near = get_close_matches(name, known)
    ratios = [SequenceMatcher(None, other, name).ratio() for other in near]
    near = [other for other, ratio in zip(near, ratios, strict=True) if ratio > ratios[0] - 0.1]
    # `serve` and `serve-dts` differ in too many letters to be near.
    near += [other for other in known if len(name) > 2 and other.startswith(name)]
    near = [known[other] for other in dict.fromkeys(near)][:3]
    if not near:
        return ""
    *others, last = near
    return f"; did you mean {', '.join(others)} or {last}?" if others else f"; did you mean {last}?"
