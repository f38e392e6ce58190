"""
The colours of entity types.
"""

from typing import Collection


def type_colours(types: Collection[str]) -> dict[str, str]:
    """
    A CSS colour for each type: the hue, while the page's style sets what light and dark mode need.
    """
    # displaCy looks colours up without regard to case.
    keys = sorted({type.upper() for type in types})
    # Steps of the golden angle keep any number of hues as far apart as that number allows.
    colours = {key: f"hsl({(210 + i * 137.5) % 360:g} var(--tone))" for i, key in enumerate(keys)}
    return {type: colours[type.upper()] for type in types}
