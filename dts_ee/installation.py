"""
Whether this package can be used, or only its installation be completed.
"""

from importlib.util import find_spec

INCOMPLETE = (
    "dts-ee requires AllenNLP, which is not installed in this environment. Type: dts-ee "
    "install-requirements"
)
"""What is said where the requirements are not installed yet."""

WITHOUT_REQUIREMENTS = ("init", "install-requirements")
"""The commands that work all the same."""


def is_complete() -> bool:
    """Whether what the package requires is installed: on Python 3.11, pip does not see to it."""
    return find_spec("allennlp") is not None
