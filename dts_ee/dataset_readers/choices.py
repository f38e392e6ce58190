"""
Settings of a dataset reader that have one of a few values.
"""

from typing import Collection

from allennlp.common.checks import ConfigurationError


def check_choice(name: str, value: str, choices: Collection[str]) -> str:
    """
    # Parameters

    name : `str`
        The setting's name.
    value : `str`
        Its value.
    choices : `Collection[str]`
        The values that it can have.

    # Returns

    `str`
        The value.

    # Raises

    `ConfigurationError`
        If the value is none of the choices.
    """
    if value not in choices:
        raise ConfigurationError(f"`{name}` is {value!r}: choose one of {', '.join(choices)}")
    return value
