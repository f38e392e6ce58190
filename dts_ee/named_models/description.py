"""Makes the card of a model from its archive."""

import json
import platform
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional

from allennlp.common.checks import ConfigurationError
from allennlp.models.archival import Archive

from dts_ee.dataset_readers.corpus_files import corpus_files
from dts_ee.document import DocumentError
from dts_ee.metrics import MetricKey
from dts_ee.metrics.flat_names import metrics_of
from dts_ee.models import DeeperTaskSpecificity
from dts_ee.modules.frozen_encoders.encoder_files import encoder_folders
from dts_ee.modules.frozen_encoders.left_out_encoders import encoder_name, is_left_out, resource_of
from dts_ee.named_models.card import Encoder, Figures, ModelCard
from dts_ee.resources import load_manifest
from dts_ee.tasks import TASKS, Task, scores_in
from dts_ee.version import VERSION


def describe_model(
    archive: Archive,
    folder: Path,
    name: str,
    version: str,
    licence: Optional[str] = None,
    description: str = "",
    training_data: Optional[str] = None,
    metrics: Mapping[str, Mapping[str, Any]] = {},
) -> ModelCard:
    """
    Makes the card of a model.

    # Parameters

    archive : `Archive`
        The loaded archive.
    folder : `Path`
        The extracted archive.
    name, version, licence, description : `str`
        See `ModelCard`.
    training_data : `str`, optional (default = `None`)
        The training data; `None` for that of the configuration.
    metrics : `Mapping[str, Mapping[str, Any]]`, optional (default = `{}`)
        AllenNLP's metrics for `development` and `test`.

    # Raises

    `ConfigurationError`
        If the model is not `dts`.
    """
    model = archive.model
    if not isinstance(model, DeeperTaskSpecificity):
        raise ConfigurationError(
            f"the model is {type(model).__name__}; only a model `dts` can have a name"
        )
    figures = {
        split: {
            task.plural: task_figures
            for name, task in TASKS.items()
            if (task_figures := _figures(split_metrics, task, model.types.get(name, [])))
        }
        for split, split_metrics in metrics.items()
    }
    return ModelCard(
        name=name,
        version=version,
        **({} if licence is None else {"licence": licence}),
        description=description,
        entity_types=model.entity_types,
        relation_types=model.relation_types,
        entities_given=not model.recognises_entities,
        training_data=_training_data(training_data or archive.config.get("train_data_path")),
        figures={split: tasks for split, tasks in figures.items() if tasks},
        encoders=[_encoder(encoder_folder) for encoder_folder in encoder_folders(folder)],
        num_parameters=sum(parameter.numel() for parameter in model.parameters()),
        made_with={
            "dts-ee": VERSION,
            **{package: metadata.version(package) for package in ("allennlp", "torch")},
            "python": platform.python_version(),
        },
    )


def training_metrics(archive: Path) -> Dict[str, Dict[str, Any]]:
    """
    The metrics of a training on development and test data, if the archive is still in the folder of
    the training.
    """
    file = archive.parent / "metrics.json"
    if archive.name != "model.tar.gz" or not file.is_file():
        return {}
    metrics = read_metrics(file)
    return {
        "development": metrics_of(metrics, "best_validation_"),
        "test": metrics_of(metrics, "test_"),
    }


def read_metrics(file: Path) -> Dict[str, Any]:
    """
    Reads a file of AllenNLP's metrics.

    # Raises

    `ConfigurationError`
        If the file is missing, or has no metrics.
    """
    try:
        metrics = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigurationError(f"{file} is not JSON: {error}") from None
    if not isinstance(metrics, dict):
        raise ConfigurationError(f"{file} has no JSON object with metrics")
    return metrics


def _figures(metrics: Mapping[str, Any], task: Task, types: List[str]) -> Optional[Figures]:
    scores = scores_in(metrics)
    if task.micro not in scores or task.macro not in scores:
        return None
    keys = {type: MetricKey(task.name, type=type) for type in types}
    return Figures(
        **asdict(scores[task.micro]),
        macro_f1=scores[task.macro].f1,
        types={type: scores[key].f1 for type, key in keys.items() if key in scores},
        title=task.title,
    )


def training_files(path: Any) -> List[str]:
    """
    The names of the files of a configuration's training data.

    # Parameters

    path : `Any`
        Its `train_data_path`.

    # Returns

    `List[str]`
        The names without folders; none if they are not known.
    """
    # An environment variable may have another value than in the training.
    if path is None or "$" in json.dumps(path):
        return []
    try:
        return [Path(file.path).name for file in corpus_files(path)]
    except ConfigurationError:
        return []


def _training_data(path: Any) -> Dict[str, Any]:
    names = training_files(path)
    if not names:
        return {}
    try:
        documents = [document for file in corpus_files(path) for document in file.read()]
    except (ConfigurationError, DocumentError):
        # The files may have been moved.
        return {"files": names}
    return {
        "files": names,
        "sentences": len(documents),
        "entities": sum(len(document.entities) for document in documents),
        "relations": sum(len(document.relations) for document in documents),
    }


def _encoder(folder: Path) -> Encoder:
    name = encoder_name(folder)
    included = not is_left_out(folder)
    resource = resource_of(folder) if included else load_manifest().get(name)
    if resource is None:
        return Encoder(name, included)
    return Encoder(resource.name, included, resource.licence)
