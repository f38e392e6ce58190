"""
The lines of brat's annotation files.

A line is an entity, `T1<tab>Type start end<tab>text`, a relation, `R1<tab>Type Arg1:T1 Arg2:T2`, an
event, `E1<tab>Type:T3 Role:T1 Role:E2`, or an equivalence, `*<tab>Equiv T1 T2`; `start` and `end`
count the characters of the text, `end` is exclusive. Others are about these.
"""

import re
from itertools import combinations
from typing import Iterable, Optional

from dts_ee.corpora.annotated_text import AnnotatedText, TextEntity, TextRelation
from dts_ee.corpora.pieces import joined_pieces
from dts_ee.document import DocumentError

_OTHER_KINDS = {
    "E": "event",
    "A": "attribute",
    "M": "attribute",
    "N": "normalisation",
    "#": "note",
    "*": "equivalence",
}
"""Kinds of annotation that a document cannot express, by the first character of their lines."""


class BratAnnotations:
    """
    Adds the annotations of lines to a text.

    # Parameters

    text : `AnnotatedText`
        The text.
    with_events : `bool`
        Whether an event becomes relations from its trigger to its arguments, with their roles as
        types. An event that is an argument itself is represented by its trigger.
    equivalence_type : `Optional[str]`
        The type of the relations that an equivalence becomes, from each of its entities to each
        later one in the text, if it is not lost.
    """

    def __init__(
        self, text: AnnotatedText, with_events: bool, equivalence_type: Optional[str]
    ) -> None:
        self._text = text
        self._with_events = with_events
        self._equivalence_type = equivalence_type
        self._starts: dict[str, int] = {}
        self._triggers: dict[str, str] = {}
        self._relations: list[TextRelation] = []
        self._equivalences: list[tuple[list[str], str]] = []

    def add(self, line: str, location: str) -> None:
        """
        Adds a line.

        # Parameters

        line : `str`
            The line.
        location : `str`
            Where it is.

        # Raises

        `DocumentError`
            If it is invalid.
        """
        kind = line[0]
        if kind == "T":
            self._add_entity(line, location)
        elif kind == "R":
            self._relations.append(_relation(line, location))
        elif kind == "E" and self._with_events:
            self._add_event(line, location)
        elif kind == "*" and self._equivalence_type is not None:
            self._add_equivalence(line, location)
        elif kind in _OTHER_KINDS:
            self._text.remark(_OTHER_KINDS[kind], repr(line), location)
        else:
            raise DocumentError(f"{line!r} is not an annotation")

    def finish(self) -> None:
        """Adds the relations to the text, when all lines were added: they may name later ones."""
        for relation in [*self._relations, *self._equivalence_relations()]:
            ends = (str(relation.head), str(relation.tail))
            head, tail = (self._triggers.get(key, key) for key in ends)
            self._text.relations.append(TextRelation(relation.type, head, tail, relation.location))

    def _add_entity(self, line: str, location: str) -> None:
        match = re.fullmatch(r"(T\S+)\t(\S+) ([0-9]+ [0-9]+(?:;[0-9]+ [0-9]+)*)(?:\t(.*))?", line)
        if match is None:
            raise DocumentError(f'{line!r} is not as in "T1<tab>Type 0 5<tab>text"')
        key, type, spans, quoted = match.groups()
        if key in self._starts:
            raise DocumentError(f"{key} occurs twice")
        pieces = [_offsets(piece) for piece in spans.split(";")]
        self._starts[key] = min(pieces)[0]
        span = joined_pieces(self._text.text, pieces, quoted)
        if span is None:
            self._text.remark(
                "entity of several pieces", f"{key} {type} {spans} {quoted!r}", location
            )
            return
        entity = TextEntity(key, type, *span, location)
        if quoted is None or not quoted.strip():
            self._text.entities.append(entity)
        else:
            self._text.add_quoted(entity, quoted)

    def _add_event(self, line: str, location: str) -> None:
        match = re.fullmatch(r"(E\S+)\t(\S+):(\S+)((?: +\S+:\S+)*)\s*", line)
        if match is None:
            raise DocumentError(f'{line!r} is not as in "E1<tab>Type:T3 Role:T1"')
        key, _, trigger, arguments = match.groups()
        if key in self._triggers:
            raise DocumentError(f"{key} occurs twice")
        if trigger in self._triggers.values():
            self._text.remark(
                "event whose trigger has another event",
                f"{line!r}: which arguments belong together is lost",
                location,
            )
        self._triggers[key] = trigger
        for argument in arguments.split():
            role, _, target = argument.rpartition(":")
            # Several arguments of one role are numbered, as in `Theme:T1 Theme2:T4`.
            type = re.sub(r"(?<=.)[0-9]+$", "", role)
            self._relations.append(TextRelation(type, key, target, location))

    def _add_equivalence(self, line: str, location: str) -> None:
        match = re.fullmatch(r"\*\t\S+((?: +\S+)+)\s*", line)
        if match is None:
            raise DocumentError(f'{line!r} is not as in "*<tab>Equiv T1 T2"')
        self._equivalences.append((match[1].split(), location))

    def _equivalence_relations(self) -> Iterable[TextRelation]:
        for keys, location in self._equivalences:
            named = [self._triggers.get(key, key) for key in keys]
            for head, tail in combinations(sorted(named, key=self._start), 2):
                yield TextRelation(str(self._equivalence_type), head, tail, location)

    def _start(self, key: str) -> int:
        return self._starts.get(key, 0)


def _offsets(piece: str) -> tuple[int, int]:
    start, end = piece.split()
    return _whole_number(start), _whole_number(end)


def _whole_number(digits: str) -> int:
    # Python refuses to read more than some thousand digits, and no text is as long as that.
    if len(digits) > 18:
        raise DocumentError(f"{digits[:18]}… is no offset")
    return int(digits)


def _relation(line: str, location: str) -> TextRelation:
    match = re.fullmatch(r"R\S+\t(\S+) (\S+):(\S+) (\S+):(\S+)\s*", line)
    if match is None:
        raise DocumentError(f'{line!r} is not as in "R1<tab>Type Arg1:T1 Arg2:T2"')
    type, first_name, first, second_name, second = match.groups()
    if (first_name, second_name) == ("Arg2", "Arg1"):
        first, second = second, first
    return TextRelation(type, first, second, location)
