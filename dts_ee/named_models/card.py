"""
What is to be known about a model: the card that goes with it.
"""

import json
import tarfile
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Dict, List, Optional, Sized

CARD_NAME = "model_card.json"
"""The card's name in an archive, where it comes first."""

NOT_STATED = "not stated"

_TITLES = {"entities": "NER", "relations": "RE"}
"""The titles of tasks in cards that were written before figures had one."""

_SPLITS = {"development": "development data", "test": "test data"}


@dataclass(frozen=True)
class Figures:
    """
    How good a model is at one task, by strict evaluation, from 0 to 1.

    # Parameters

    precision, recall, f1 : `float`
        Over all entities or relations (micro average).
    macro_f1 : `float`
        The mean of the types' F1.
    types : `Dict[str, float]`
        Each type's F1.
    title : `str`, optional (default = `""`)
        What the task is called, such as `"NER"`. The table of tasks cannot be asked here: nothing
        that is imported with a card imports AllenNLP.
    """

    precision: float
    recall: float
    f1: float
    macro_f1: float
    types: Dict[str, float]
    title: str = ""


@dataclass(frozen=True)
class Encoder:
    """
    A pretrained encoder, or word vectors, that a model works with.

    # Parameters

    name : `str`
        What it is called.
    included : `bool`
        Whether its files are part of the model's archive.
    licence : `str`, optional (default = `None`)
        Under which terms, where that is known.
    """

    name: str
    included: bool
    licence: Optional[str] = None


@dataclass(frozen=True)
class ModelCard:
    """
    # Parameters

    name, version : `str`
        The model's.
    licence : `str`, optional (default = `"not stated"`)
        Under which terms it can be used.
    description : `str`, optional (default = `""`)
        A sentence on what it is for.
    entity_types, relation_types : `List[str]`, optional (default = `[]`)
        What it finds.
    entities_given : `bool`, optional (default = `False`)
        Whether it finds relations alone, between entities that are given.
    training_data : `Dict[str, Any]`, optional (default = `{}`)
        `files`, and the numbers of `sentences`, `entities` and `relations`, as far as they are
        known.
    figures : `Dict[str, Dict[str, Figures]]`, optional (default = `{}`)
        For `development` and `test`, those of `entities` and `relations`, where they are known.
    encoders : `List[Encoder]`, optional (default = `[]`)
        The pretrained parts.
    num_parameters : `int`, optional (default = `0`)
        Of what was trained.
    made_with : `Dict[str, str]`, optional (default = `{}`)
        Versions of packages, by their names.
    """

    name: str
    version: str
    licence: str = NOT_STATED
    description: str = ""
    entity_types: List[str] = field(default_factory=list)
    relation_types: List[str] = field(default_factory=list)
    entities_given: bool = False
    training_data: Dict[str, Any] = field(default_factory=dict)
    figures: Dict[str, Dict[str, Figures]] = field(default_factory=dict)
    encoders: List[Encoder] = field(default_factory=list)
    num_parameters: int = 0
    made_with: Dict[str, str] = field(default_factory=dict)

    def to_json(self) -> str:
        """The card as it is kept in an archive."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "ModelCard":
        """A card that was kept. What a later version of this package has put in is left out."""
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in json.loads(text).items() if name in known}
        values["figures"] = {
            split: {task: Figures(**figures) for task, figures in tasks.items()}
            for split, tasks in values.get("figures", {}).items()
        }
        values["encoders"] = [Encoder(**encoder) for encoder in values.get("encoders", [])]
        return cls(**values)

    @property
    def missing_encoders(self) -> List[str]:
        """The names of the encoders that are not part of the archive."""
        return [encoder.name for encoder in self.encoders if not encoder.included]

    def summary(self) -> str:
        """What it finds, and how well, in a line."""
        parts = [_count(self.entity_types, "entity type")]
        if self.entities_given:
            parts = ["entities are given"]
        if self.relation_types:
            parts.append(_count(self.relation_types, "relation type"))
        split = "test" if "test" in self.figures else "development"
        scores = [
            f"{figures.title or _TITLES.get(task, task)} {100 * figures.f1:.1f}"
            for task, figures in self.figures.get(split, {}).items()
        ]
        if scores:
            parts.append(f"{' / '.join(scores)} ({split})")
        if self.missing_encoders:
            parts.append(f"needs {', '.join(self.missing_encoders)}")
        return "; ".join(parts)

    def to_markdown(self) -> str:
        """The card for people."""
        blocks = [f"# {self.name} {self.version}"]
        if self.description:
            blocks.append(self.description)
        blocks += [
            "A model of [dts_ee](https://arxiv.org/abs/2002.06424)'s for "
            + (
                "relations between entities that are given."
                if self.entities_given
                else "named entities and relations between them."
                if self.relation_types
                else "named entities."
            ),
            _rows(("Licence", self.licence), *self._facts()),
            "## What it finds",
            _rows(
                *([] if self.entities_given else [("Entities", ", ".join(self.entity_types))]),
                *([("Relations", ", ".join(self.relation_types))] if self.relation_types else []),
            ),
            "## Use",
            "```sh\n"
            f'dts-ee predict {self.name} --text "…"\n'
            "```\n\n"
            "```python\n"
            "from dts_ee import Extractor\n\n"
            f'extractor = Extractor.load("{self.name}")\n'
            "```",
            "## Figures",
            *self._figures(),
            "## Limits",
            self._limits(),
        ]
        return "\n\n".join(blocks) + "\n"

    def _facts(self) -> List[tuple[str, str]]:
        facts = []
        data = self.training_data
        if data:
            counts = ", ".join(
                f"{data[kind]:,} {kind}"
                for kind in ("sentences", "entities", "relations")
                if kind in data
            )
            names = ", ".join(data["files"])
            facts.append(("Training data", f"{names}: {counts}" if counts else names))
        for encoder in self.encoders:
            where = (
                "included"
                if encoder.included
                else f"not included: `dts-ee fetch {encoder.name}` gets it"
            )
            licence = f", {encoder.licence}" if encoder.licence else ""
            facts.append(("Encoder", f"{encoder.name}{licence} ({where})"))
        facts.append(("Trained parameters", f"{self.num_parameters:,}"))
        versions = ", ".join(f"{name} {version}" for name, version in self.made_with.items())
        return [*facts, ("Made with", versions)]

    def _figures(self) -> List[str]:
        if not self.figures:
            return ["None are known."]
        blocks = [
            "An entity is right if its type and both ends are; a relation, if its type and both "
            "entities are."
        ]
        rows = [
            "| | | precision | recall | F1 | macro F1 |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for split, tasks in self.figures.items():
            for task, found in tasks.items():
                numbers = (found.precision, found.recall, found.f1, found.macro_f1)
                cells = " | ".join(f"{100 * number:.1f}" for number in numbers)
                rows.append(f"| {_SPLITS[split]} | {task} | {cells} |")
        blocks.append("\n".join(rows))
        split = "test" if "test" in self.figures else "development"
        for task, found in self.figures[split].items():
            scores = ", ".join(f"{name} {100 * f1:.1f}" for name, f1 in found.types.items())
            if scores:
                blocks.append(f"F1 of the types of {task}, {_SPLITS[split]}: {scores}.")
        return blocks

    def _limits(self) -> str:
        limits = [
            "It is meant for text like its training data: of the same language and kind. For other "
            "text the figures do not hold; measure it on some of yours with `dts-ee evaluate`.",
            "It finds no types but those above, and relations only within a sentence.",
            "A probability is the model's own and need not be how often it is right: "
            "`dts-ee calibrate` fits it.",
        ]
        if "test" not in self.figures and self.figures:
            limits.append(
                "The development data chose the epoch, so that its figures are higher than those "
                "of new text."
            )
        sentences = self.training_data.get("sentences")
        if sentences is not None and sentences < 1000:
            limits.append(
                f"It was trained on {sentences:,} sentences, which is little: much that is new to "
                "it will be missed."
            )
        return "\n".join(f"- {limit}" for limit in limits)


def read_card(archive: Path) -> Optional[ModelCard]:
    """
    The card in an archive; `None` if there is none, or it cannot be read.

    Nothing else of the archive is read.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            first = tar.next()
            if first is None or first.name != CARD_NAME:
                return None
            content = tar.extractfile(first)
            return None if content is None else ModelCard.from_json(content.read().decode())
    except (OSError, EOFError, tarfile.TarError, ValueError, TypeError, AttributeError):
        return None


def _count(things: Sized, name: str) -> str:
    return f"{len(things)} {name}{'' if len(things) == 1 else 's'}"


def _rows(*rows: tuple[str, str]) -> str:
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {text} |" for name, text in rows)])
