"""The names of models, and of their packages and files."""

import re
from typing import Optional

from packaging.utils import canonicalize_name

ENTRY_POINTS = "dts_ee_models"
"""The group of the entry points with which installed packages register their models."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def problem_with_name(name: str) -> Optional[str]:
    """
    The reason why a model cannot have a name, or `None` if it can.

    Names are normalised names of Python packages (PEP 503) that begin with a letter, so that a
    model, its package and its file can have the same name.
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
    """The name of the Python package of a model."""
    return name.replace("-", "_")


def archive_in_package(name: str) -> str:
    """The path of the archive in the folder of installed packages."""
    return f"{module_name(name)}/model.tar.gz"
