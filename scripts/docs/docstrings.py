"""Lets mkdocstrings read docstrings with AllenNLP's headings, such as `# Parameters`."""

import re
from typing import Any

from griffe import Extension, Object

_HEADING = re.compile(r"^# (Parameters|Returns|Raises)$", re.MULTILINE)
_FIELD = re.compile(r"^(\w[^\n:]*) : `([^`\n]+)`([^\n]*)$", re.MULTILINE)
_TYPE = re.compile(r"^`([^`\n]+)`$", re.MULTILINE)


class AllenNlpDocstrings(Extension):
    """Turns the headings and types of AllenNLP's style into numpy's, which griffe parses."""

    def on_object(self, *, obj: Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = numpy_style(obj.docstring.value)


def numpy_style(docstring: str) -> str:
    """
    # Parameters

    docstring : `str`
        A docstring without indentation.

    # Returns

    `str`
        The same with numpy's headings, and types without backticks.
    """
    first, *sections = re.split(r"^(?=# (?:Parameters|Returns|Raises)$)", docstring, flags=re.M)
    return first + "".join(map(_numpy_section, sections))


def _numpy_section(section: str) -> str:
    section = _HEADING.sub(lambda match: f"{match[1]}\n{'-' * len(match[1])}", section)
    return _TYPE.sub(r"\1", _FIELD.sub(r"\1 : \2\3", section))
