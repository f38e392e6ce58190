"""
The text of a task of Label Studio, and the characters of its regions.

What `data` holds is a text, HTML, or a dialogue: a list of objects, each with the text of a turn.
Regions of a text have `start` and `end`, those of HTML have paths to text nodes (XPath) and
offsets, and those of a dialogue the numbers of turns and offsets.
"""

from collections import Counter
from typing import Any, Iterator, Optional, Protocol, Sequence

from dts_ee.corpora.annotated_text import nearest_occurrence
from dts_ee.corpora.html_text import HtmlText, code_point_index
from dts_ee.corpora.json_values import as_index, as_object, as_string
from dts_ee.document import DocumentError, FieldParts

_NOWHERE = (-1, -1)
"""The characters of a region that has to be found by its text."""

_READ_KEYS = {"id", "tokens"}
"""What is read of `data` beside the text."""

_SPEAKER_KEYS = {"author", "id", "name", "role", "speaker"}


class TaskText(Protocol):
    """The text of a task."""

    @property
    def text(self) -> str: ...

    @property
    def unread(self) -> Sequence[str]:
        """The names of what is there beside the text."""

    def span(self, value: dict[str, Any], field: FieldParts) -> tuple[int, int]:
        """The characters of a region; negative numbers if its text has to be looked for."""


class PlainText:
    """
    A text as it is.

    # Parameters

    text : `str`
        The text.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.unread: Sequence[str] = ()

    def span(self, value: dict[str, Any], field: FieldParts) -> tuple[int, int]:
        """The characters of a region, as they are counted in it."""
        return as_index(value, "start", field), as_index(value, "end", field)


class Hypertext:
    """
    The visible text of HTML.

    # Parameters

    html : `str`
        The HTML.
    """

    def __init__(self, html: str) -> None:
        try:
            self._html = HtmlText(html)
        except AssertionError as error:
            # Some declarations are too broken for Python's parser.
            raise DocumentError(f"is no HTML: {error}", "data") from error
        self.text = self._html.text
        self.unread: Sequence[str] = ()

    def span(self, value: dict[str, Any], field: FieldParts) -> tuple[int, int]:
        """The characters of a region."""
        offsets = []
        if "globalOffsets" in value:
            field = (*field, "globalOffsets")
            record = as_object(value["globalOffsets"], field)
            offsets = [as_index(record, key, field) for key in ("start", "end")]
        else:
            for key in ("start", "end"):
                xpath = as_string(value.get(key), (*field, key))
                offset = self._html.page_offset(xpath, as_index(value, f"{key}Offset", field))
                if offset is None:
                    return _NOWHERE
                offsets.append(offset)
        return self._html.span(*offsets) or _NOWHERE


class Dialogue:
    """
    The turns of a dialogue, with a blank line after each.

    # Parameters

    turns : `Sequence[str]`
        The text of each turn.
    unread : `Sequence[str]`
        The names of what turns have beside it.
    """

    def __init__(self, turns: Sequence[str], unread: Sequence[str]) -> None:
        self._turns = turns
        self.unread = unread
        self.text = "\n\n".join(turns)

    def span(self, value: dict[str, Any], field: FieldParts) -> tuple[int, int]:
        """The characters of a region."""
        positions = []
        for key in ("start", "end"):
            turn = _turn_number(value.get(key), (*field, key))
            offset = as_index(value, f"{key}Offset", field)
            if not 0 <= turn < len(self._turns):
                raise DocumentError(
                    f"there is no turn {turn}: the dialogue has {len(self._turns)}", (*field, key)
                )
            before = sum(len(text) + len("\n\n") for text in self._turns[:turn])
            positions.append(before + code_point_index(self._turns[turn], offset))
        return positions[0], positions[1]


def _turn_number(value: Any, field: FieldParts) -> int:
    # Label Studio writes the number as a string.
    if isinstance(value, str) and value.isdecimal() and len(value) < 10:
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise DocumentError(f"{value!r} is not the number of a turn", field)


class TextFinder:
    """
    Finds the text in the data of tasks.

    It is at the given key, or it is the only string or dialogue that has all quoted texts; of
    several, it is the one that is the text of most tasks, or that is called `text`.

    # Parameters

    tasks : `Sequence[tuple[dict[str, Any], Sequence[dict[str, Any]]]]`
        The `data` of each task, and the values of its regions.
    text_key : `str`, optional (default = `None`)
        The key of the text. Of a dialogue, that of the turns' text may follow: `dialogue.phrase`.
    """

    def __init__(
        self,
        tasks: Sequence[tuple[dict[str, Any], Sequence[dict[str, Any]]]],
        text_key: Optional[str] = None,
    ) -> None:
        self._is_hypertext = any(_is_hypertext(values) for _, values in tasks)
        self._text_key = text_key
        self._usual_key: Optional[str] = None
        if text_key is None:
            certain = Counter(
                fitting[0]
                for data, values in tasks
                for fitting in [self._fitting_keys(data, values)]
                if len(fitting) == 1
            )
            self._usual_key = certain.most_common(1)[0][0] if certain else None

    def text(
        self, data: dict[str, Any], values: Sequence[dict[str, Any]]
    ) -> tuple[TaskText, list[str]]:
        """
        The text of a task, and the names of what `data` holds beside it.

        # Parameters

        data : `dict[str, Any]`
            The task's `data`.
        values : `Sequence[dict[str, Any]]`
            The values of its regions.

        # Raises

        `DocumentError`
            If it cannot be found.
        """
        if self._text_key is not None:
            key, _, turn_key = self._text_key.partition(".")
            if key not in data and self._text_key in data:
                key, turn_key = self._text_key, ""
            if key not in data:
                raise DocumentError(
                    f'there is no "{key}"; the keys are {", ".join(data)}', ("data", key)
                )
        else:
            key, turn_key = self._key(data, values), ""
        text = self._made(key, data[key], values, turn_key or None)
        others = [f"data.{name}" for name in data if name not in {key, *_READ_KEYS}]
        return text, [*others, *(f"data.{key}.{name}" for name in text.unread)]

    def _key(self, data: dict[str, Any], values: Sequence[dict[str, Any]]) -> str:
        candidates = list(_candidates(data))
        if not candidates:
            raise DocumentError("there is no text, HTML or dialogue", "data")
        fitting = self._fitting_keys(data, values)
        for keys in (fitting, candidates):
            for key in (self._usual_key, "text"):
                if key in keys:
                    return str(key)
            if len(keys) == 1:
                return keys[0]
        names = ", ".join(f'"{key}"' for key in fitting or candidates)
        raise DocumentError(
            f"which of {names} is the text? Name it with --text-key"
            if fitting
            else f"the texts of the annotation are in none of {names}: name the text's key with "
            "--text-key",
            "data",
        )

    def _fitting_keys(self, data: dict[str, Any], values: Sequence[dict[str, Any]]) -> list[str]:
        """The keys of what may be the text, and has all that is quoted."""
        fitting = []
        for key in _candidates(data):
            try:
                text = self._made(key, data[key], values, None).text
            except DocumentError:
                continue
            if all(nearest_occurrence(text, quoted, 0) for quoted in _quoted(values)):
                fitting.append(key)
        return fitting

    def _made(
        self, key: str, content: Any, values: Sequence[dict[str, Any]], turn_key: Optional[str]
    ) -> TaskText:
        field = ("data", key)
        if isinstance(content, list):
            return _dialogue(content, values, turn_key, field)
        text = as_string(content, field)
        if _is_hypertext(values) or (self._is_hypertext and not values):
            return Hypertext(text)
        return PlainText(text)


def _candidates(data: dict[str, Any]) -> Iterator[str]:
    """The keys of what may be a text."""
    for key, value in data.items():
        is_text = isinstance(value, str) and key != "id"
        if is_text or (
            isinstance(value, list) and value and all(isinstance(turn, dict) for turn in value)
        ):
            yield key


def _is_hypertext(values: Sequence[dict[str, Any]]) -> bool:
    return any(
        isinstance(value.get("start"), str) and not value["start"].isdecimal() for value in values
    )


def _quoted(values: Sequence[dict[str, Any]]) -> list[str]:
    texts = (value.get("text") for value in values)
    return [text for text in texts if isinstance(text, str) and text.strip()]


def _dialogue(
    turns: Sequence[Any], values: Sequence[dict[str, Any]], key: Optional[str], field: FieldParts
) -> Dialogue:
    records = [as_object(turn, (*field, i)) for i, turn in enumerate(turns)]
    if key is None:
        key = _turn_key(records, values, field)
    texts = [as_string(record.get(key), (*field, i, key)) for i, record in enumerate(records)]
    return Dialogue(
        texts, list(dict.fromkeys(name for item in records for name in item if name != key))
    )


def _turn_key(
    turns: Sequence[dict[str, Any]], values: Sequence[dict[str, Any]], field: FieldParts
) -> str:
    keys = [
        key
        for key in (turns[0] if turns else {})
        if key not in _SPEAKER_KEYS and all(isinstance(turn.get(key), str) for turn in turns)
    ]
    if "text" in keys:
        return "text"
    fitting = [
        key
        for key in keys
        if all(
            any(nearest_occurrence(turn[key], quoted, 0) for turn in turns)
            for quoted in _quoted(values)
        )
    ]
    if len(fitting) != 1:
        raise DocumentError(
            f"which key of the turns has their text? Name it with --text-key {field[-1]}.KEY", field
        )
    return fitting[0]
