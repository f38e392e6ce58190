"""
Where the files are that the package uses and that are not in it.
"""

from pathlib import Path


def project_files() -> Path:
    """
    The folder that holds the project's `experiments`, `fixtures` and `requirements`.

    In a clone, and after an editable installation, it is the repository; in an installed wheel a
    folder of the package, which `setup.py` fills.
    """
    package = Path(__file__).resolve().parent
    in_wheel = package / "project"
    return in_wheel if in_wheel.is_dir() else package.parent
