"""
The header of WebAnno TSV 3, which says what is in the columns, and what the cells hold.
"""

import re
from dataclasses import dataclass
from typing import Optional, Sequence

from dts_ee.document import DocumentError

FORMAT = "#FORMAT=WebAnno TSV 3"
SPAN_LAYER = "#T_SP="
CHAIN_LAYER = "#T_CH="
RELATION_LAYER = "#T_RL="

_BUILT_IN = "de.tudarmstadt.ukp."
_LINGUISTIC = {
    "Chunk",
    "Dependency",
    "Lemma",
    "MorphologicalFeatures",
    "POS",
    "Stem",
    "SurfaceForm",
}
"""Layers of INCEpTION that say something about each word, and have no entities."""

_TYPE_FEATURES = ("value", "label")
_NO_TYPE_FEATURES = {"identifier"}


@dataclass(frozen=True)
class Layer:
    """
    A layer: a kind of annotations, with features.

    # Parameters

    kind : `str`
        The beginning of its line in the header.
    name : `str`
        Its name.
    features : `tuple[str, ...]`
        The names of its columns.
    """

    kind: str
    name: str
    features: tuple[str, ...]

    @property
    def short_name(self) -> str:
        """The last part of its name."""
        return self.name.rpartition(".")[2]

    @property
    def is_linguistic(self) -> bool:
        return self.name.startswith(_BUILT_IN) and self.short_name in _LINGUISTIC

    @property
    def type_column(self) -> Optional[int]:
        """The column that has the type of an annotation."""
        for name in _TYPE_FEATURES:
            if name in self.features:
                return self.features.index(name)
        for i, name in enumerate(self.features):
            is_slot = name.startswith("ROLE_") or self.features[max(i - 1, 0)].startswith("ROLE_")
            if name and not is_slot and name not in _NO_TYPE_FEATURES | {self.base_column}:
                return i
        return None

    @property
    def base_column(self) -> Optional[str]:
        """Of relations, the feature with the other end."""
        is_base = self.kind == RELATION_LAYER and self.features[-1].startswith("BT_")
        return self.features[-1] if is_base else None

    @property
    def base(self) -> str:
        """Of relations, the name of the layer that they join."""
        return (self.base_column or "").removeprefix("BT_")


def layer(line: str) -> Optional[Layer]:
    """
    The layer of a line of the header, or `None` if the line says something else.

    # Raises

    `DocumentError`
        If it is a relation layer that joins no layer.
    """
    for kind in (SPAN_LAYER, CHAIN_LAYER, RELATION_LAYER):
        if line.startswith(kind):
            name, *features = line.removeprefix(kind).split("|")
            if kind == CHAIN_LAYER:
                features = ["referenceType", "referenceRelation"]
            found = Layer(kind, name, tuple(features) or ("",))
            if kind == RELATION_LAYER and found.base_column is None:
                raise DocumentError(f"{line!r} does not end with BT_ and the name of a layer")
            return found
    return None


@dataclass(frozen=True)
class Item:
    """
    An annotation's part of a cell.

    # Parameters

    value : `Optional[str]`
        Its value; `None` if the feature has none.
    id : `int`
        Its disambiguation identifier, or 0.
    """

    value: Optional[str]
    id: int


def items(cell: str) -> list[Item]:
    """The annotations of a cell, which are separated by `|`."""
    if cell == "_":
        return []
    found = []
    for part in re.findall(r"(?:\\.|[^\\|])+", cell, re.DOTALL):
        match = re.fullmatch(r"((?:\\.|[^\\])*?)(?:\[([0-9]{1,9})\])?", part, re.DOTALL)
        raw, id = match.groups() if match else (part, None)
        found.append(Item(None if raw == "*" else unescaped(raw), int(id or 0)))
    return found


_CONTROL = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def unescaped(text: str) -> str:
    """The text without the backslashes before reserved characters."""
    return re.sub(
        r"\\(->|.)", lambda match: _CONTROL.get(match[1], match[1]), text, flags=re.DOTALL
    )


def escaped_text(text: str) -> str:
    """A text, or a token of it, for a line."""
    for character, name in (("\\", "\\\\"), ("\t", r"\t"), ("\n", r"\n"), ("\r", r"\r")):
        text = text.replace(character, name)
    return text


def escaped_value(value: str) -> str:
    """The value of a feature for a cell."""
    return re.sub(r"->|[\[\]|_;*]", lambda match: f"\\{match[0]}", escaped_text(value))


def header(layers: Sequence[Layer]) -> str:
    """The header of a file, with the blank lines after it."""
    lines = [f"{layer.kind}{'|'.join([layer.name, *layer.features])}\n" for layer in layers]
    return f"{FORMAT}.3\n{''.join(lines)}\n\n"
