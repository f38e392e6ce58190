"""Checks settings that have one of a few values."""

from typing import Collection

from allennlp.common.checks import ConfigurationError


def check_choice(name: str, value: str, choices: Collection[str]) -> str:
    """Returns the value, or raises a `ConfigurationError` if it is not one of the choices."""
    if value not in choices:
        raise ConfigurationError(f"`{name}` is {value!r}: choose one of {', '.join(choices)}")
    return value
