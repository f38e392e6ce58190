"""Copies archives, with a name and a model card, with or without their encoders."""

from dataclasses import replace
from pathlib import Path
from typing import Optional, Union

from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from allennlp.models.archival import load_archive

from dts_ee.archives.extraction import DAMAGED, extracted
from dts_ee.archives.writer import open_archive_writer
from dts_ee.corpora.files import PathOrStr
from dts_ee.modules.frozen_encoders.encoder_files import encoder_folders
from dts_ee.modules.frozen_encoders.left_out_encoders import leave_out
from dts_ee.named_models.card import CARD_NAME, NOT_STATED, ModelCard, read_card
from dts_ee.named_models.description import describe_model, read_metrics, training_metrics
from dts_ee.named_models.find import find_model
from dts_ee.quiet_loading import quiet_loading


def copy_archive(
    model: Union[str, Path],
    target: Path,
    name: str,
    version: str,
    licence: Optional[str] = None,
    description: str = "",
    training_data: Optional[str] = None,
    metrics: Optional[Path] = None,
    without_encoder: bool = False,
) -> ModelCard:
    """
    Copies an archive and adds a model card.

    The model is loaded, so that a damaged archive is an error. Values that are only known from the
    archive's former card are kept.

    # Parameters

    model : `Union[str, Path]`
        The archive, the folder of its training, or a model's name.
    target : `Path`
        The file to write. It appears when it is complete.
    name, version, licence, description : `str`
        See `ModelCard`.
    training_data : `str`, optional (default = `None`)
        The training data for the card; `None` for that of the configuration.
    metrics : `Path`, optional (default = `None`)
        The metrics of test data that `dts-ee evaluate --output-file` wrote.
    without_encoder : `bool`, optional (default = `False`)
        Whether to leave out the encoders, which are then found by their checksums.

    # Raises

    `ConfigurationError`
        If there is no such archive, it has no model `dts`, or its encoders cannot be left out.
    `OSError`
        If the file cannot be written.
    """
    source = archive_file(model)
    measured = training_metrics(source)
    if metrics is not None:
        measured["test"] = read_metrics(metrics)
    try:
        with extracted(source) as extracted_folder:
            folder = Path(extracted_folder)
            with quiet_loading():
                archive = load_archive(folder)
            if without_encoder:
                _leave_out_encoders(folder, source)
            card = describe_model(
                archive, folder, name, version, licence, description, training_data, measured
            )
            former = read_card(source)
            if former is not None:
                card = _completed(card, former, training_data)
            _write(folder, card, target)
    except DAMAGED as error:
        raise ConfigurationError(f"{source} is not an archive of a model: {error}") from None
    return card


def _completed(card: ModelCard, former: ModelCard, training_data: Optional[str]) -> ModelCard:
    """The card, with missing values from the archive's former card."""
    return replace(
        card,
        licence=former.licence if card.licence == NOT_STATED else card.licence,
        description=card.description or former.description,
        training_data=card.training_data if training_data else former.training_data,
        figures={**former.figures, **card.figures},
    )


def archive_file(model: PathOrStr) -> Path:
    """
    The file of a model.

    # Parameters

    model : `PathOrStr`
        The archive, the folder of its training, or a model's name.

    # Raises

    `ConfigurationError`
        If there is no such archive.
    """
    path = Path(cached_path(find_model(model)))
    if not path.is_dir():
        return path
    if not (path / "model.tar.gz").is_file():
        raise ConfigurationError(
            f"{model} has no model.tar.gz: it is not the folder of a completed training"
        )
    return path / "model.tar.gz"


def _leave_out_encoders(folder: Path, source: Path) -> None:
    folders = encoder_folders(folder)
    if not folders:
        raise ConfigurationError(f"{source} has no encoder that could be left out")
    for encoder_folder in folders:
        leave_out(encoder_folder)


def _write(folder: Path, card: ModelCard, target: Path) -> None:
    with open_archive_writer(target) as archive:
        archive.add_bytes(CARD_NAME, card.to_json().encode())
        for path in sorted(folder.iterdir()):
            if path.name != CARD_NAME:
                archive.add(path, arcname=path.name)
