"""Model cards."""

import json
import tarfile
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Dict, List, Optional

from dts_ee.archives.extraction import DAMAGED, open_content
from dts_ee.characters import in_one_line
from dts_ee.counted import counted

CARD_NAME = "model_card.json"
"""The name of the card's file, which is the first one in an archive."""

NOT_STATED = "not stated"

_TITLES = {"entities": "NER", "relations": "RE"}
"""The titles of tasks in old cards, whose figures have none."""

_SPLITS = {"development": "development data", "test": "test data"}


@dataclass(frozen=True)
class Figures:
    """
    The strict scores of a model for one task, from 0 to 1.

    # Parameters

    precision, recall, f1 : `float`
        The micro averages.
    macro_f1 : `float`
        The macro average of F1.
    types : `Dict[str, float]`
        The F1 of each type.
    title : `str`, optional (default = `""`)
        The task's title, such as `"NER"`. (This module must not import the table of tasks, which
        imports AllenNLP.)
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
    A pretrained encoder, or word vectors, that a model uses.

    # Parameters

    name : `str`
        The encoder's name.
    included : `bool`
        Whether the model's archive has its files.
    licence : `str`, optional (default = `None`)
        Its licence, if it is known.
    """

    name: str
    included: bool
    licence: Optional[str] = None


@dataclass(frozen=True)
class ModelCard:
    """
    Information about a model for its users.

    # Parameters

    name, version : `str`
        The model's name and version.
    licence : `str`, optional (default = `"not stated"`)
        The model's licence.
    description : `str`, optional (default = `""`)
        A sentence on the model's purpose.
    entity_types, relation_types : `List[str]`, optional (default = `[]`)
        The types that the model predicts.
    entities_given : `bool`, optional (default = `False`)
        Whether the model only predicts relations between given entities.
    training_data : `Dict[str, Any]`, optional (default = `{}`)
        `files`, and the numbers of `sentences`, `entities` and `relations`, as far as they are
        known.
    figures : `Dict[str, Dict[str, Figures]]`, optional (default = `{}`)
        For `development` and `test`, the scores of `entities` and `relations`, if they are known.
    encoders : `List[Encoder]`, optional (default = `[]`)
        The pretrained encoders.
    num_parameters : `int`, optional (default = `0`)
        The number of trained parameters.
    made_with : `Dict[str, str]`, optional (default = `{}`)
        The versions of packages, by their names.
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
        """The card as JSON, as in an archive."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> "ModelCard":
        """Reads a card. Unknown keys, of later versions of this package, are ignored."""
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
        """The model's types and scores in one line."""
        parts = [counted(len(self.entity_types), "entity type")]
        if self.entities_given:
            parts = ["entities are given"]
        if self.relation_types:
            parts.append(counted(len(self.relation_types), "relation type"))
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

    def to_markdown(self, address: Optional[str] = None) -> str:
        """
        The card as Markdown.

        # Parameters

        address : `str`, optional (default = `None`)
            How commands find the model; `None` for its name.
        """
        model = address or self.name
        blocks = [f"# {self.name} {self.version}"]
        if self.description:
            blocks.append(self.description)
        blocks += [
            "A [dts_ee](https://arxiv.org/abs/2002.06424) model for "
            + (
                "relation extraction between given entities."
                if self.entities_given
                else "named entity recognition and relation extraction."
                if self.relation_types
                else "named entity recognition."
            ),
            _rows(("Licence", self.licence), *self._facts()),
            "## Types",
            _rows(
                *([] if self.entities_given else [("Entities", ", ".join(self.entity_types))]),
                *([("Relations", ", ".join(self.relation_types))] if self.relation_types else []),
            ),
            "## Use",
            "```sh\n"
            f'dts-ee predict {model} --text "…"\n'
            "```\n\n"
            "```python\n"
            "from dts_ee import Extractor\n\n"
            f'extractor = Extractor.load("{model}")\n'
            "```",
            "## Scores",
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
            availability = (
                "included"
                if encoder.included
                else f"not included: `dts-ee fetch {encoder.name}` gets it"
            )
            licence = f", {encoder.licence}" if encoder.licence else ""
            facts.append(("Encoder", f"{encoder.name}{licence} ({availability})"))
        facts.append(("Trained parameters", f"{self.num_parameters:,}"))
        versions = ", ".join(f"{name} {version}" for name, version in self.made_with.items())
        return [*facts, ("Made with", versions)]

    def _figures(self) -> List[str]:
        if not self.figures:
            return ["None are known."]
        blocks = [
            "Strict evaluation: an entity is correct if its type and span are, a relation if its "
            "type and both entities are."
        ]
        rows = [
            "| | | precision | recall | F1 | macro F1 |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        for split, tasks in self.figures.items():
            for task, figures in tasks.items():
                scores = (figures.precision, figures.recall, figures.f1, figures.macro_f1)
                cells = " | ".join(f"{100 * score:.1f}" for score in scores)
                rows.append(f"| {_SPLITS[split]} | {task} | {cells} |")
        blocks.append("\n".join(rows))
        split = "test" if "test" in self.figures else "development"
        for task, figures in self.figures[split].items():
            types = ", ".join(f"{name} {100 * f1:.1f}" for name, f1 in figures.types.items())
            if types:
                shown = in_one_line(types)
                blocks.append(f"F1 of the types of {task}, {_SPLITS[split]}: {shown}.")
        return blocks

    def _limits(self) -> str:
        limits = [
            "It is for text like its training data, of the same language and kind. The scores are "
            "not valid for other text: evaluate it on your own data with `dts-ee evaluate`.",
            "It only predicts the types above, and relations within a sentence.",
            "Its probabilities are not calibrated: `dts-ee calibrate` does that.",
        ]
        if "test" not in self.figures and self.figures:
            limits.append(
                "The epoch was chosen by the development data, so that these scores are higher "
                "than those of new text."
            )
        sentences = self.training_data.get("sentences")
        if sentences is not None and sentences < 1000:
            limits.append(
                f"It was trained on {sentences:,} sentences, which are few: it will miss many "
                "entities and relations in new text."
            )
        return "\n".join(f"- {limit}" for limit in limits)


_MAX_BYTES = 1 << 22
"""The most that is read of an archive for its card, which is the first file."""


def read_card(archive: Path) -> Optional[ModelCard]:
    """
    Reads the card of an archive, and nothing else in it.

    Returns `None` if there is no card, or it cannot be read.
    """
    try:
        with (
            open_content(archive, _MAX_BYTES) as content,
            tarfile.open(fileobj=content, mode="r|") as tar,
        ):
            first = tar.next()
            if first is None or first.name != CARD_NAME:
                return None
            card = tar.extractfile(first)
            return None if card is None else ModelCard.from_json(card.read().decode())
    except (OSError, *DAMAGED, ValueError, TypeError, AttributeError):
        return None


def _rows(*rows: tuple[str, str]) -> str:
    cells = [(name, in_one_line(text).replace("|", "\\|")) for name, text in rows]
    lines = [f"| {name} | {text} |" for name, text in cells]
    return "\n".join(["| | |", "| --- | --- |", *lines])
