"""
Trainings that go on from the model of an archive: the key `from_archive` of a configuration.

`from_archive: 'model.tar.gz'` stands for the keys that `settings_from_archive` returns, so that a
trained model does not need the archive.
"""

import os
from contextlib import nullcontext
from os import PathLike
from pathlib import Path
from typing import Any, Dict, Mapping, Union

from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.common.params import with_overrides
from allennlp.models.archival import load_archive

from dts_ee.archives.extraction import extracted
from dts_ee.models import DeeperTaskSpecificity, Ensemble
from dts_ee.modules.frozen_encoders.encoder_files import keep_encoders
from dts_ee.named_models import find_model
from dts_ee.quiet_loading import quiet_loading

FROM_ARCHIVE = "from_archive"

OF_THE_DATA = ("on_overlap", "max_documents", "max_instances", "sampling_seed")
"""The settings of a dataset reader that belong to the data, not to the model."""


def with_archive_and_overrides(
    settings: Mapping[str, Any], overrides: Mapping[str, Any]
) -> Dict[str, Any]:
    """
    Overrides the settings of an experiment, after the key `from_archive`, which may be in either,
    has been replaced.

    # Parameters

    settings : `Mapping[str, Any]`
        The experiment.
    overrides : `Mapping[str, Any]`
        As for `allennlp train --overrides`.

    # Raises

    `ConfigurationError`
        See `settings_from_archive`.
    """
    archive = {**settings, **overrides}.get(FROM_ARCHIVE)
    if archive is not None:
        settings = settings_from_archive(settings, archive)
    merged = with_overrides(dict(settings), dict(overrides))
    merged.pop(FROM_ARCHIVE, None)
    return merged


def settings_from_archive(settings: Mapping[str, Any], archive: str) -> Dict[str, Any]:
    """
    The settings of an experiment that trains the model of an archive further.

    The dataset reader and the model are the archive's, so that its weights fit; so are the
    learning rates of single layers. The vocabulary is the archive's with additions. The other
    settings, such as the data and the trainer, stay, and so do the reader's `on_overlap`
    (`"longest"` without one) and its sample of the data.

    # Parameters

    settings : `Mapping[str, Any]`
        The experiment.
    archive : `str`
        An archive, the folder of a training, or a model's name.

    # Raises

    `ConfigurationError`
        If there is no such archive, it cannot be read, or its model is not `dts`.
    """
    path = find_model(archive)
    # Everything in it is built once as an archive's, which names no class by its path: what a
    # training builds may do so.
    with quiet_loading():
        loaded = load_archive(path)
    if not isinstance(loaded.model, DeeperTaskSpecificity):
        raise ConfigurationError(
            f"{archive} has the model {type(loaded.model).__name__}; only a model `dts` can be "
            "trained further"
        )
    if isinstance(loaded.model, Ensemble):
        raise ConfigurationError(
            f"{archive} is an ensemble: train its members further, and combine them again"
        )
    config = loaded.config.as_dict(quiet=True)
    changed: Dict[str, Any] = {
        name: _reader(config["dataset_reader"], settings[name])
        for name in ("dataset_reader", "validation_dataset_reader")
        if name in settings
    }
    changed["vocabulary"] = {
        **config.get("vocabulary", {}),
        "type": "extend",
        "directory": os.path.join(path, "vocabulary") if os.path.isdir(path) else path,
    }
    changed["model"] = {**config["model"], "pretrained_file": path}
    groups = _optimizer(config).get("parameter_groups")
    if groups is not None:
        optimizer = {**_optimizer(settings), "parameter_groups": groups}
        changed["trainer"] = {**settings["trainer"], "optimizer": optimizer}
    return {**settings, **changed}


def _reader(of_archive: Mapping[str, Any], own: Mapping[str, Any]) -> Dict[str, Any]:
    reader = {name: value for name, value in of_archive.items() if name not in OF_THE_DATA}
    of_the_data = {name: own[name] for name in OF_THE_DATA if name in own}
    # An archive of another corpus may have a reader that refuses overlaps.
    return {**reader, "on_overlap": "longest", **of_the_data}


def _optimizer(settings: Mapping[str, Any]) -> Dict[str, Any]:
    optimizer = settings.get("trainer", {}).get("optimizer", {})
    return {"type": optimizer} if isinstance(optimizer, str) else optimizer


def check_archive_outside(
    archive: str, serialization_dir: Union[str, PathLike], force: bool
) -> None:
    """
    # Raises

    `ConfigurationError`
        If the archive is in the folder of the training, and `force` deletes that first.
    """
    folder = Path(serialization_dir).resolve()
    if force and Path(archive).resolve().is_relative_to(folder):
        raise ConfigurationError(
            f"{archive} is in {serialization_dir}, which --force deletes first: train in another "
            "folder"
        )


def keep_encoders_of_archive(archive: str, serialization_dir: Union[str, PathLike]) -> None:
    """
    Copies the encoders of an archive into the folder of a training, so that it needs no others.

    # Parameters

    archive : `str`
        An archive, the folder of a training, or a model's name.
    serialization_dir : `Union[str, PathLike]`
        The folder of the training.
    """
    path = cached_path(find_model(archive))
    with nullcontext(path) if os.path.isdir(path) else extracted(path) as folder:
        keep_encoders(folder, serialization_dir)
