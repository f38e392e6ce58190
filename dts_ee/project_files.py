"""Finds the files of the project that are not in the package."""

from pathlib import Path


def project_files() -> Path:
    """
    The folder with the project's `experiments`, `fixtures` and `requirements`.

    In a clone, and after an editable installation, it is the repository. In an installed wheel, it
    is a folder of the package, which `setup.py` fills.
    """
    package = Path(__file__).resolve().parent
    in_wheel = package / "project"
    return in_wheel if in_wheel.is_dir() else package.parent
