"""
The lines that a training prints at its start.
"""

import os
from typing import Any, List, Optional

from allennlp.commands.train import TrainModel
from allennlp.data import DataLoader

from dts_ee.analysis.training_data import new_and_kept_types
from dts_ee.console import say
from dts_ee.counted import counted
from dts_ee.models import DeeperTaskSpecificity


def announce(training: TrainModel) -> None:
    """
    Prints the numbers of sentences, types and parameters, and the path of the log; for a model that
    is trained further also its new and its kept types. In distributed training, only the primary
    process prints.

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
    copies = getattr(trainer.data_loader, "num_copies", 0)
    text = f"training{name}" + ("" if data is None else f" on {counted(data - copies, unit)}")
    if copies:
        other = trainer.data_loader.has_other_mentions
        with_what = "with other mentions" if other else "as they are, since no mention was replaced"
        text += f", and {copies:,} copies of them {with_what}"
    world_size = getattr(trainer, "_world_size", 1)
    if world_size > 1:
        text += f" in each of {world_size} processes"
    development = _number_of_instances(getattr(trainer, "_validation_data_loader", None))
    if development is not None:
        text += f", {development:,} for development"
    say("; ".join([text, *_types(model)]))
    batch_size = _batch_size(trainer.data_loader)
    if world_size > 1 and batch_size is not None:
        say(
            f"each step takes {world_size} batches of {batch_size}, {world_size * batch_size} "
            f"{unit}s in all; for larger steps, a trainer.optimizer.lr of up to {world_size} times "
            "that of one process is usual, and fewer steps are taken in an epoch"
        )
    if isinstance(model, DeeperTaskSpecificity) and model.former_types:
        for line in new_and_kept_types(model.former_types, model.types):
            say(line)
    num_parameters = sum(
        parameter.numel() for parameter in model.parameters() if parameter.requires_grad
    )
    text = f"{num_parameters:,} parameters to train"
    if training.serialization_dir:
        text += f"; the log is {os.path.join(training.serialization_dir, 'out.log')}"
    say(text)


def _batch_size(loader: Any) -> Optional[int]:
    return getattr(loader, "batch_size", None) or getattr(
        getattr(loader, "batch_sampler", None), "batch_size", None
    )


def _types(model: Any) -> List[str]:
    if not isinstance(model, DeeperTaskSpecificity):
        return []
    entities = counted(len(model.entity_types), "entity type")
    relations = counted(len(model.relation_types), "relation type")
    return [f"{entities}, {relations if model.extracts_relations else 'no relations'}"]


def _number_of_instances(loader: Optional[DataLoader]) -> Optional[int]:
    """The number of instances; `None` without any, or if the loader does not keep them."""
    instances = getattr(loader, "_instances", None)
    return len(instances) if instances else None
