"""Formats predictions as coloured text for a terminal."""

import unicodedata
from itertools import pairwise
from typing import Any, Dict, Sequence

from allennlp.common.util import JsonDict
from rich.text import Text

from dts_ee.tasks import TASKS

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "red")


class ReadableOutput:
    """
    Formats the output of the predictor `dts`.

    Entities are in brackets, with their types; the colours show the types too. The relations are in
    lines below their sentence.

    # Parameters

    entity_types : `Sequence[str]`
        The types that the model knows. There are six colours.
    encoding : `str`, optional (default = `"utf-8"`)
        The terminal's encoding. If it has no arrows, `-` and `>` are used.
    """

    def __init__(self, entity_types: Sequence[str], encoding: str = "utf-8") -> None:
        self._styles = {
            name: _COLOURS[i % len(_COLOURS)] for i, name in enumerate(sorted(entity_types))
        }
        try:
            "—→".encode(encoding)
            self._arrow = "—{}→"
        except UnicodeEncodeError:
            self._arrow = "--{}-->"

    def __call__(self, output: JsonDict) -> Text:
        """
        # Parameters

        output : `JsonDict`
            The output for a sentence or a text.

        # Returns

        `Text`
            One or more lines, without a final newline.
        """
        sentences = output.get("sentences", [output])
        lines = []
        if output.get("orig_id") is not None:
            lines.append(Text(_printable(str(output["orig_id"])), style="dim"))
        for sentence in sentences:
            lines.append(self._sentence(sentence))
            lines += [self._relation(relation, sentence) for relation in sentence["relations"]]
            lines += [
                Text(f"  {task.key}: {_printable(str(sentence[task.key]))}")
                for task in TASKS.values()
                if task.key in sentence
            ]
        lines += [
            Text(f"  ({_printable(warning)})", style="dim")
            for warning in output.get("warnings", ())
        ]
        if not any(sentence["entities"] for sentence in sentences):
            lines.append(Text("  (no entities found)", style="dim"))
        return Text("\n").join(lines)

    def _sentence(self, sentence: JsonDict) -> Text:
        base = sentence.get("start_char", 0)
        text = _printable(sentence["sentence"])
        spans = [
            (entity["start_char"] - base, entity["end_char"] - base, entity["type"])
            for entity in sentence["entities"]
        ]
        # Of two entities with the same start or end, the longer one has the outer brackets.
        spans.sort(key=lambda span: span[1] - span[0], reverse=True)
        ends = {0, len(text)}.union(*((start, end) for start, end, _ in spans))
        line = Text()
        for start, end in pairwise([*sorted(ends), len(text)]):
            for entity in reversed(spans):
                if entity[1] == start:
                    line.append(f" {_printable(entity[2])}]", self._style(entity[2]))
            for entity in spans:
                if entity[0] == start:
                    line.append("[", self._style(entity[2]))
            outer = [entity for entity in spans if entity[0] <= start and end <= entity[1]]
            line.append(text[start:end], f"bold {self._style(outer[-1][2])}" if outer else None)
        return line

    def _relation(self, relation: Dict[str, Any], sentence: JsonDict) -> Text:
        line = Text("  ")
        entities = sentence["entities"]
        self._append_entity(line, entities[relation["head"]])
        line.append(f" {self._arrow.format(_printable(relation['type']))} ")
        self._append_entity(line, entities[relation["tail"]])
        if "probability" in relation:
            line.append(f"  {relation['probability']:.2f}", "dim")
        return line

    def _append_entity(self, line: Text, entity: Dict[str, Any]) -> None:
        line.append(_printable(entity["text"]), f"bold {self._style(entity['type'])}")

    def _style(self, entity_type: str) -> str:
        return self._styles.get(entity_type, "default")


def _printable(text: str) -> str:
    """Replaces control characters and line ends by spaces."""
    return "".join(
        " " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character
        for character in text
    )
