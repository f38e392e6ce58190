"""
Which models there are by name, and where.
"""

import os
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Iterator, List, Optional, Union

from dts_ee.named_models.card import ModelCard, read_card
from dts_ee.named_models.names import ENTRY_POINTS, archive_in_package
from dts_ee.suggestions import did_you_mean
from dts_ee.user_folders import models_folder

KEPT_SUFFIX = ".tar.gz"


@dataclass(frozen=True)
class NamedModel:
    """
    A model that has a name.

    # Parameters

    name : `str`
        The name.
    archive : `Path`
        The file.
    package : `str`, optional (default = `None`)
        The installed package that it is from, with its version; `None` for one that is kept in the
        user's folder.
    """

    name: str
    archive: Path
    package: Optional[str] = None

    @property
    def card(self) -> Optional[ModelCard]:
        """What is known about it, which is read from the archive."""
        return read_card(self.archive)


def kept_archive(name: str) -> Path:
    """Where the archive of a model of this name is kept, or would be."""
    return models_folder() / f"{name}{KEPT_SUFFIX}"


def named_models() -> List[NamedModel]:
    """
    All models that have names, in alphabetical order.

    Where a kept model and an installed one have the same name, both are there, the kept one first:
    that is the one which the name means.
    """
    return sorted([*_kept_models(), *_installed_models()], key=lambda model: model.name)


def find_model(model: Union[str, os.PathLike]) -> str:
    """
    The archive that is meant by a path, an address or a model's name.

    A path that exists goes before a name. An address, which has `://`, is returned as it is.

    # Parameters

    model : `Union[str, os.PathLike]`
        The path of an archive or of a training's folder, an address, or a name.

    # Returns

    `str`
        A path or an address.

    # Raises

    `ConfigurationError`
        If it is none of these; the message has the names that are nearest.
    """
    text = os.fspath(model)
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
    """Says that no model has this name, and which have one that is like it."""
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
    # AllenNLP, which takes seconds to import, has been imported where a model is looked for.
    from allennlp.common.checks import ConfigurationError

    return ConfigurationError(message)
