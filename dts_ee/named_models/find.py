"""Finds models by their names."""

import os
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Iterator, List, Optional, Union

from dts_ee.named_models.card import ModelCard, read_card
from dts_ee.named_models.hub_address import PREFIX, HubAddress
from dts_ee.named_models.names import ENTRY_POINTS, archive_in_package
from dts_ee.suggestions import did_you_mean
from dts_ee.user_folders import models_folder

KEPT_SUFFIX = ".tar.gz"


@dataclass(frozen=True)
class NamedModel:
    """
    A model with a name.

    # Parameters

    name : `str`
        The name.
    archive : `Path`
        The file.
    package : `str`, optional (default = `None`)
        The name and version of the installed package; `None` for a model in the user's folder.
    """

    name: str
    archive: Path
    package: Optional[str] = None

    @property
    def card(self) -> Optional[ModelCard]:
        """The model's card, which is read from the archive."""
        return read_card(self.archive)


def kept_archive(name: str) -> Path:
    """The path for the archive of a model in the user's folder, which may not exist."""
    return models_folder() / f"{name}{KEPT_SUFFIX}"


def named_models() -> List[NamedModel]:
    """
    All named models, in alphabetical order.

    If a model in the user's folder and an installed one have the same name, the former comes first:
    the name refers to it.
    """
    return sorted([*_kept_models(), *_installed_models()], key=lambda model: model.name)


def find_model(model: Union[str, os.PathLike]) -> str:
    """
    Finds an archive by a path, a URL, a model's name, or its address on the Hugging Face hub.

    An existing path is preferred to a name. A model on the hub is downloaded, unless it is in the
    cache. Any other URL is returned unchanged.

    # Parameters

    model : `Union[str, os.PathLike]`
        The path of an archive or of the folder of a training, a URL, a name, or `hf://owner/name`
        or `hf://owner/name@revision`.

    # Returns

    `str`
        A path or a URL.

    # Raises

    `ConfigurationError`
        If there is no such model; the message has the nearest names. If the hub has no such model,
        or cannot be reached.
    """
    text = os.fspath(model)
    if text.startswith(PREFIX):
        # Not at the top, as in `_configuration_error`.
        from dts_ee.named_models.hub import download_model

        return str(download_model(HubAddress.parse(text)))
    if os.path.exists(text) or "://" in text:
        return text
    models = named_models()
    for known in models:
        if known.name == text:
            if not known.archive.is_file():
                raise _configuration_error(f"the package {known.package} has no {known.archive}")
            return str(known.archive)
    problem = f"{text}: there is no such file or folder"
    if os.path.basename(text) != text or text.endswith(KEPT_SUFFIX):
        raise _configuration_error(problem)
    raise _configuration_error(f"{problem}, and {unknown_name(text, models)}")


def unknown_name(name: str, models: List[NamedModel]) -> str:
    """The message for an unknown name, with the nearest names."""
    near = did_you_mean(name, [known.name for known in models]) or "."
    return f"no model has this name{near} `dts-ee models` lists the names"


def _kept_models() -> Iterator[NamedModel]:
    for file in models_folder().glob(f"*{KEPT_SUFFIX}"):
        yield NamedModel(file.name.removesuffix(KEPT_SUFFIX), file)


def _installed_models() -> Iterator[NamedModel]:
    for entry_point in metadata.entry_points(group=ENTRY_POINTS):
        distribution = entry_point.dist
        if distribution is not None:
            yield NamedModel(
                entry_point.name,
                Path(str(distribution.locate_file(archive_in_package(entry_point.name)))),
                f"{distribution.metadata['Name']} {distribution.version}",
            )


def _configuration_error(message: str) -> Exception:
    # Not at the top: light commands import this module, and AllenNLP takes seconds to import.
    from allennlp.common.checks import ConfigurationError

    return ConfigurationError(message)
