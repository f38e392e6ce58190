"""
Opens the archive of a model, or the folder of a training.
"""

from codecs import BOM_UTF8
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from typing import Any, Dict, Iterator, Optional, Tuple, Union

from dts_ee.archives.archive_settings import read_settings
from dts_ee.archives.extraction import DAMAGED, extracted


@contextmanager
def opened_archive(
    name: Union[str, PathLike], path: Union[str, PathLike], weights_file: Optional[str] = None
) -> Iterator[Tuple[Path, Dict[str, Any]]]:
    """
    The folder with the content of an archive, which is temporary, and its configuration.

    # Parameters

    name : `Union[str, PathLike]`
        The archive as errors name it.
    path : `Union[str, PathLike]`
        The archive, or the folder of a training.
    weights_file : `str`, optional (default = `None`)
        The weights of a folder, if they are others than its best.

    # Raises

    `ConfigurationError`
        If the archive is damaged or not complete, or its configuration is none, or runs code and
        archives are not trusted.
    """
    from allennlp.common.checks import ConfigurationError
    from allennlp.models.archival import CONFIG_NAME

    folder = Path(path)
    with ExitStack() as stack:
        try:
            if folder.is_dir():
                _check_folder(folder, weights_file)
            else:
                folder = Path(stack.enter_context(extracted(path)))
            settings = read_settings(folder / CONFIG_NAME)
        except DAMAGED as error:
            if _is_json(folder):
                raise ConfigurationError(
                    f"{name}: this is JSON and no archive of a model: are model and data swapped?"
                ) from error
            raise ConfigurationError(
                f"{name}: this is no model.tar.gz as a training writes it, or it is damaged "
                f"({error})"
            ) from error
        except ValueError as error:
            raise ConfigurationError(f"{name}: {error}") from error
        yield folder, settings


def _is_json(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(64).removeprefix(BOM_UTF8).lstrip().startswith((b"[", b"{"))


def _check_folder(folder: Path, weights_file: Optional[str]) -> None:
    from allennlp.models import archival

    weights = Path(weights_file or archival.get_weights_path(folder))
    for path, reason in (
        (folder / archival.CONFIG_NAME, "it is not the folder of a training"),
        (weights, "the training has not finished its first epoch"),
    ):
        if not path.exists():
            raise ValueError(f"there is no model in this folder: {reason} ({path.name} is missing)")
