"""
What a model can be called, and what its package and files are called then.
"""

import re
from typing import Optional

from packaging.utils import canonicalize_name

ENTRY_POINTS = "dts_ee_models"
"""The group of entry points by which an installed package makes its model known."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def problem_with_name(name: str) -> Optional[str]:
    """
    Says why a name cannot be that of a model, or `None` if it can.

    Names are those of Python packages in their normal form (PEP 503), beginning with a letter, so
    that a model, its package and its file can all have the same one.
    """
    if _NAME.fullmatch(name):
        return None
    problem = (
        f"{name!r} cannot be the name of a model: names are small letters, digits and single "
        "hyphens, and begin with a letter"
    )
    normal = re.sub(r"[^a-z0-9]+", "-", canonicalize_name(name)).strip("-")
    if name.isascii() and _NAME.fullmatch(normal):
        return f"{problem}; {normal!r} can"
    return problem


def module_name(name: str) -> str:
    """The Python package of the model's distribution."""
    return name.replace("-", "_")


def archive_in_package(name: str) -> str:
    """The archive's path in a folder of installed packages."""
    return f"{module_name(name)}/model.tar.gz"
