"""
Combines trained models in one archive, which predicts with all of them.
"""

import filecmp
import json
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

import torch
from allennlp.common.checks import ConfigurationError
from allennlp.common.meta import META_NAME, Meta
from allennlp.models.archival import CONFIG_NAME, archive_model, get_weights_path, load_archive

from dts_ee.archives.opening import opened_archive
from dts_ee.archives.state_dict import WEIGHTS_NAME, read_weights
from dts_ee.modules.frozen_encoders.encoder_files import encoder_folders, keep_encoders
from dts_ee.named_models.archive_copy import archive_file
from dts_ee.quiet_loading import quiet_loading
from dts_ee.training.from_archive import OF_THE_DATA

TYPE = "dts_ensemble"

_INDEXERS = "token_indexers"
_READERS = ("dataset_reader", "validation_dataset_reader")
_ONLY_FOR_TRAINING = ("pretrained_file", "initializer")


def write_ensemble(models: Sequence[str], output: Path) -> None:
    """
    Writes an archive with the model `dts_ensemble`, whose members are trained models.

    The other settings, such as the data and the thresholds, are those of the first. The members of
    an ensemble are taken one by one.

    # Parameters

    models : `Sequence[str]`
        Names of models, archives, or folders of trainings; at least two.
    output : `Path`
        The file to write.

    # Raises

    `ConfigurationError`
        If a model cannot be read or is not `dts`, or two models have another vocabulary, another
        tokenizer or encoding of tags, or a feature of the same name with other settings.
    `FileExistsError`
        If there is a file of this name.
    """
    if output.exists():
        raise FileExistsError(f"{output} exists already: name a new file")
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        folder = Path(temporary)
        settings: Dict[str, Any] = {}
        members: List[Any] = []
        weights: Dict[str, torch.Tensor] = {}
        for model in models:
            source, own = stack.enter_context(opened_archive(model, archive_file(model)))
            settings = _merged(settings, own, model) if settings else own
            state = read_weights(get_weights_path(source))
            for prefix, member in _members(own["model"], model).items():
                weights |= {
                    f"members.{len(members)}.{name.removeprefix(prefix)}": value
                    for name, value in state.items()
                    if name.startswith(prefix)
                }
                members.append(member)
            _add_vocabulary(source / "vocabulary", folder / "vocabulary", model)
            _add_encoders(source, folder, model)
        settings["model"] = {"type": TYPE, "members": dict(enumerate(members))}
        (folder / CONFIG_NAME).write_text(json.dumps(settings), encoding="utf-8")
        torch.save(weights, folder / WEIGHTS_NAME)
        Meta.new().to_file(folder / META_NAME)
        # Before it is written, as what does not fit is found only then.
        try:
            with quiet_loading():
                load_archive(folder, weights_file=str(folder / WEIGHTS_NAME))
        except ConfigurationError as error:
            problem = str(error).removeprefix(f"{folder}: ")
            raise ConfigurationError(f"the models do not fit together: {problem}") from error
        archive_model(folder, WEIGHTS_NAME, output)


def _members(model: Any, name: str) -> Dict[str, Any]:
    """The settings of the models `dts` of an archive, by the prefixes of their weights."""
    type = model if isinstance(model, str) else model.get("type")
    if type == TYPE:
        members = {f"members.{key}.": member for key, member in model["members"].items()}
    elif type == "dts":
        members = {"": model}
    else:
        raise ConfigurationError(f"{name} has the model {type!r}; a member is a model `dts`")
    return {prefix: _without(member, _ONLY_FOR_TRAINING) for prefix, member in members.items()}


def _without(value: Any, names: Sequence[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(inner, names) for key, inner in value.items() if key not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value


def _merged(settings: Mapping[str, Any], other: Mapping[str, Any], model: str) -> Dict[str, Any]:
    """The settings, with the token indexers of another model as well."""
    merged = dict(settings)
    for name in _READERS:
        if name in settings:
            reader, added = settings[name], other.get(name, other["dataset_reader"])
            _check_same(name, reader, added, model, (*OF_THE_DATA, _INDEXERS))
            indexers = reader[_INDEXERS]
            both = {key: value for key, value in added[_INDEXERS].items() if key in indexers}
            _check_same(f"{name}.{_INDEXERS}", indexers, {**indexers, **both}, model)
            merged[name] = {**reader, _INDEXERS: {**added[_INDEXERS], **indexers}}
    return merged


def _check_same(
    name: str,
    first: Mapping[str, Any],
    other: Mapping[str, Any],
    model: str,
    ignored: Sequence[str] = (),
) -> None:
    for key in dict.fromkeys([*first, *other]):
        if key not in ignored and first.get(key) != other.get(key):
            raise ConfigurationError(
                f"{model}: its {name}.{key} is {json.dumps(other.get(key))}, and that of the "
                f"first model {json.dumps(first.get(key))}"
            )


def _add_vocabulary(source: Path, target: Path, model: str) -> None:
    target.mkdir(exist_ok=True)
    for file in sorted(path for path in source.iterdir() if path.is_file()):
        if not (target / file.name).exists():
            shutil.copyfile(file, target / file.name)
        elif not filecmp.cmp(file, target / file.name, shallow=False):
            raise ConfigurationError(
                f"{model}: its vocabulary of {file.stem} is not that of the models before: only "
                "models that were trained on the same data can be combined"
            )


def _add_encoders(source: Path, target: Path, model: str) -> None:
    kept = {folder.name: folder for folder in encoder_folders(target)}
    for folder in encoder_folders(source):
        before = kept.get(folder.name)
        names = [file.name for file in folder.iterdir()]
        if (
            before is not None
            and filecmp.cmpfiles(folder, before, names, shallow=False)[0] != names
        ):
            raise ConfigurationError(
                f"{model}: its encoder {folder.name} is not that of the models before"
            )
    keep_encoders(source, target)
