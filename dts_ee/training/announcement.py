"""
What a training says before it begins.
"""

import os
from typing import Any, List, Optional

from allennlp.commands.train import TrainModel
from allennlp.data import DataLoader

from dts_ee.console import say
from dts_ee.models import DeeperTaskSpecificity


def announce(training: TrainModel) -> None:
    """
    Says on how many sentences what is trained, and where the log is; only once where several
    processes train.

    # Parameters

    training : `TrainModel`
        The training.
    """
    trainer: Any = training.trainer
    model = training.model
    if not getattr(trainer, "_primary", True):
        return
    is_ours = isinstance(model, DeeperTaskSpecificity)
    unit = "sentence" if is_ours else "instance"
    name = "" if is_ours else f" {type(model).__name__}"
    data = _number_of_instances(trainer.data_loader)
    text = f"training{name}" + ("" if data is None else f" on {_counted(data, unit)}")
    world_size = getattr(trainer, "_world_size", 1)
    if world_size > 1:
        text += f" in each of {world_size} processes"
    development = _number_of_instances(getattr(trainer, "_validation_data_loader", None))
    if development is not None:
        text += f", {development:,} for development"
    say("; ".join([text, *_types(model)]))
    num_parameters = sum(
        parameter.numel() for parameter in model.parameters() if parameter.requires_grad
    )
    text = f"{num_parameters:,} parameters to train"
    if training.serialization_dir:
        text += f"; the log is {os.path.join(training.serialization_dir, 'out.log')}"
    say(text)


def _types(model: Any) -> List[str]:
    if not isinstance(model, DeeperTaskSpecificity):
        return []
    entities = _counted(len(model.entity_types), "entity type")
    relations = _counted(len(model.relation_types), "relation type")
    return [f"{entities}, {relations if model.extracts_relations else 'no relations'}"]


def _counted(number: int, unit: str) -> str:
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


def _number_of_instances(loader: Optional[DataLoader]) -> Optional[int]:
    """`None` where there are none, or the loader does not hold them."""
    instances = getattr(loader, "_instances", None)
    return len(instances) if instances else None
