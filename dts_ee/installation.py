"""Checks whether the requirements of this package are installed."""

from importlib.util import find_spec

INCOMPLETE = (
    "dts-ee requires AllenNLP, which is not installed in this environment. Type: dts-ee "
    "install-requirements"
)
"""The message if the requirements are not installed."""

WITHOUT_REQUIREMENTS = ("init", "install-requirements")
"""The commands that work without the requirements."""


def is_complete() -> bool:
    """Whether the requirements are installed, which pip cannot do by itself."""
    return find_spec("allennlp") is not None
