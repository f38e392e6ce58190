"""
What a server says about its model.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Optional

from allennlp.common import JsonDict
from allennlp.models.archival import Archive

from dts_ee.named_models.card import read_card
from dts_ee.named_models.description import training_files
from dts_ee.named_models.find import KEPT_SUFFIX, find_model
from dts_ee.predictors import DtsPredictor
from dts_ee.tasks import ENTITIES, RELATIONS


@dataclass(frozen=True)
class ModelFacts:
    """
    A model, as the page and `/types` describe it.

    # Parameters

    name : `str`
        The model's name.
    version : `str`, optional (default = `None`)
        The version on its card, if it has one.
    description : `str`, optional (default = `""`)
        The description on its card.
    features : `list[str]`, optional (default = `[]`)
        Its encoders, by the last parts of their names, and its other input features.
    training_data : `list[str]`, optional (default = `[]`)
        The names of the files that it was trained with, if they are known.
    entity_types, relation_types : `list[str]`, optional (default = `[]`)
        The types that it knows.
    entities_given : `bool`, optional (default = `False`)
        Whether it only predicts relations between given entities.
    further_types : `Mapping[str, list[str]]`, optional (default = `{}`)
        The types of its further tasks, by the tasks' names.
    entity_threshold, relation_threshold : `Mapping[str, float]`, optional (default = `{}`)
        The least probability of a prediction of each type, for inputs without thresholds of their
        own.
    """

    name: str
    version: Optional[str] = None
    description: str = ""
    features: list[str] = field(default_factory=list)
    training_data: list[str] = field(default_factory=list)
    entity_types: list[str] = field(default_factory=list)
    relation_types: list[str] = field(default_factory=list)
    entities_given: bool = False
    further_types: Mapping[str, list[str]] = field(default_factory=dict)
    entity_threshold: Mapping[str, float] = field(default_factory=dict)
    relation_threshold: Mapping[str, float] = field(default_factory=dict)

    def to_json(self) -> JsonDict:
        """The answer of `/types`."""
        facts = asdict(self)
        about = ("name", "version", "description", "features", "training_data")
        return {"model": {key: facts.pop(key) for key in about}, **facts}


def model_facts(model: str, archive: Archive, predictor: DtsPredictor) -> ModelFacts:
    """
    Collects what is known about a model.

    # Parameters

    model : `str`
        A model's name, an archive, or the folder of a training. If the archive has no card, its
        name is the last part of the path, or, for `model.tar.gz`, the name of its folder.
    archive : `Archive`
        The loaded archive.
    predictor : `DtsPredictor`
        Its predictor, whose thresholds are those of the server.
    """
    card = read_card(Path(find_model(model)))
    settings = archive.config.as_dict(quiet=True)
    types = predictor.types
    thresholds = predictor.least_probabilities
    return ModelFacts(
        name=_name(model) if card is None else card.name,
        version=None if card is None else card.version,
        description="" if card is None else card.description,
        features=_features(settings),
        training_data=(
            training_files(settings.get("train_data_path"))
            if card is None
            else card.training_data.get("files", [])
        ),
        entity_types=predictor.entity_types,
        relation_types=predictor.relation_types,
        entities_given=ENTITIES.name not in types,
        further_types={
            name: types[name] for name in types if name not in (ENTITIES.name, RELATIONS.name)
        },
        entity_threshold=thresholds.get(ENTITIES.name, {}),
        relation_threshold=thresholds.get(RELATIONS.name, {}),
    )


def _name(model: str) -> str:
    path = Path(model).absolute()
    name = path.name.removesuffix(KEPT_SUFFIX)
    return path.parent.name or name if name == "model" else name


def _features(settings: Mapping[str, Any]) -> list[str]:
    embedders = settings["model"]["text_field_embedder"].get("token_embedders", {})
    return [
        Path(embedder["model_name"]).name if "model_name" in embedder else name
        for name, embedder in embedders.items()
    ]
