"""
Finds the files of encoders and word vectors, and copies them into archives.

A checkpoint does not contain a frozen encoder. So that an archive works without the encoder's
original folder, the encoder's files are copied into the `vocabulary` folder of the serialization
directory, which AllenNLP archives as a whole. The name of the folder in it begins with a full stop,
because `Vocabulary.from_files` reads every other file as a namespace. If an encoder is left out of
an archive, the folder has a record of its checksums (see `left_out_encoders`).
"""

import hashlib
import json
import logging
import os
import re
import shutil
import uuid
from pathlib import Path
from typing import List, Mapping, Optional, Union

from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from huggingface_hub import snapshot_download
from huggingface_hub.utils import RepositoryNotFoundError

from dts_ee.modules.frozen_encoders.left_out_encoders import find_left_out, is_left_out
from dts_ee.resources import command_to_fetch

logger = logging.getLogger(__name__)

HUB_SCHEME = "hf://"

_HUB_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")

_KEPT = Path("vocabulary") / ".encoders"

_ELMO_FILES = ("options.json", "weights.hdf5")

_SPACY_FILES = ("vectors", "key2row")

_CONFIGURATION_FILES = (
    "config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "*.model",
)

_WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
"""In the order of preference. Large ones are split into several files with an index file."""


def kept_folder(name: str, serialization_dir: Union[str, os.PathLike]) -> Path:
    """
    The folder for the files of an encoder in a serialization directory.

    # Parameters

    name : `str`
        The encoder's name in the configuration. The folder's name ends with a digest of it, because
        two paths may have the same last part.
    serialization_dir : `Union[str, os.PathLike]`
        The directory of a training run, or an extracted archive.
    """
    digest = hashlib.blake2b(name.encode(), digest_size=4).hexdigest()
    readable = "".join(c if c.isalnum() or c in "-_." else "-" for c in Path(name).name)
    return Path(serialization_dir) / _KEPT / f"{readable}-{digest}"


def encoder_folders(serialization_dir: Union[str, os.PathLike]) -> List[Path]:
    """The folders of all encoders in a serialization directory, left out or not."""
    kept = Path(serialization_dir) / _KEPT
    return sorted(kept.iterdir()) if kept.is_dir() else []


def keep_files(
    name: str, files: Mapping[str, Path], serialization_dir: Union[str, os.PathLike]
) -> None:
    """
    Copies an encoder's files into a serialization directory, so that its archive includes them.

    Hard links are used if the file system allows it. The folder appears with all its files or not
    at all. An existing folder is not changed.

    # Parameters

    name : `str`
        The encoder's name in the configuration.
    files : `Mapping[str, Path]`
        The name of each file in the folder, and its current path.
    serialization_dir : `Union[str, os.PathLike]`
        The directory of a training run.
    """
    _keep(files, kept_folder(name, serialization_dir), Path(serialization_dir))
    logger.info("The files of %s are kept in %s for the archive.", name, serialization_dir)


def keep_encoders(
    source_dir: Union[str, os.PathLike], serialization_dir: Union[str, os.PathLike]
) -> None:
    """
    Copies all encoders of a serialization directory into another one, left out or not.

    # Parameters

    source_dir : `Union[str, os.PathLike]`
        The directory of a training run, or an extracted archive.
    serialization_dir : `Union[str, os.PathLike]`
        The directory of another training run.
    """
    for source in encoder_folders(source_dir):
        files = {file.name: file for file in source.iterdir()}
        _keep(files, Path(serialization_dir) / _KEPT / source.name, Path(serialization_dir))


def _keep(files: Mapping[str, Path], folder: Path, serialization_dir: Path) -> None:
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Not in `vocabulary`, so that the archive never contains the remains of a killed run.
    temporary = serialization_dir / f".encoder-{uuid.uuid4().hex}"
    temporary.mkdir()
    try:
        for kept_name, file in files.items():
            _link_or_copy(file.resolve(), temporary / kept_name)
        try:
            os.replace(temporary, folder)
        except OSError:
            # Another process of the same run may have made the folder.
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def find_transformer(
    model_name: str, serialization_dir: Optional[Union[str, os.PathLike]] = None
) -> Path:
    """
    Finds the folder with the configuration, weights and tokenizer of a Hugging Face model.

    The copy in the serialization directory comes first (or the original, if it was left out of the
    archive), then a folder of this name, then the Hugging Face hub. A name that begins with
    `resources/`, where `fetch` puts its files, or with an existing folder is never looked up on the
    hub.

    # Parameters

    model_name : `str`
        A folder, or the name of a model on the Hugging Face hub, which may begin with `hf://`.
    serialization_dir : `Union[str, os.PathLike]`, optional (default = `None`)
        The directory of a training run, or an extracted archive.

    # Raises

    `ConfigurationError`
        If the model is not found.
    """
    kept = _kept(model_name, serialization_dir)
    if kept is not None:
        return kept
    if model_name.startswith(HUB_SCHEME):
        return _hub_folder(model_name[len(HUB_SCHEME) :])
    folder = Path(model_name).expanduser()
    if (folder / "config.json").is_file():
        return folder
    if _is_hub_name(model_name):
        return _hub_folder(model_name)
    raise ConfigurationError(
        f"The encoder {model_name!r} was not found: "
        f"{_reason(model_name, serialization_dir, folder / 'config.json')}. "
        f"{command_to_fetch(model_name) or '`dts-ee fetch` gets the encoders of the experiments'}."
    )


def find_spacy_vectors(
    name: str, serialization_dir: Optional[Union[str, os.PathLike]] = None
) -> dict[str, Path]:
    """
    Finds the files of spaCy's word vectors, by name.

    The copies in the serialization directory come first.

    # Parameters

    name : `str`
        A folder with `vectors` and `key2row`, such as `vocab` in a spaCy pipeline.
    serialization_dir : `Union[str, os.PathLike]`, optional (default = `None`)
        The directory of a training run, or an extracted archive.

    # Raises

    `ConfigurationError`
        If a file is not found.
    """
    folder = _kept(name, serialization_dir) or Path(name).expanduser()
    for file in _SPACY_FILES:
        if not (folder / file).is_file():
            raise ConfigurationError(
                f"The word vectors {name!r} were not found: "
                f"{_reason(name, serialization_dir, folder / file)}. "
                f"{command_to_fetch(name) or '`dts-ee fetch` gets those of the experiments'}."
            )
    return {file: folder / file for file in _SPACY_FILES}


def find_elmo(
    options_file: str,
    weight_file: str,
    serialization_dir: Optional[Union[str, os.PathLike]] = None,
) -> dict[str, Path]:
    """
    Finds the two files of an ELMo model, by the names `options.json` and `weights.hdf5`.

    The copies in the serialization directory come first. A URL is downloaded once, to AllenNLP's
    cache.

    # Parameters

    options_file : `str`
        A path or a URL.
    weight_file : `str`
        A path or a URL.
    serialization_dir : `Union[str, os.PathLike]`, optional (default = `None`)
        The directory of a training run, or an extracted archive.

    # Raises

    `ConfigurationError`
        If a file is not found.
    """
    folders = ""
    if serialization_dir is not None:
        name = elmo_name(options_file, weight_file)
        kept = _kept(name, serialization_dir)
        if kept is not None:
            return {file: kept / file for file in _ELMO_FILES}
        folders = f" in {kept_folder(name, serialization_dir)}, nor"
    files = {}
    for name, source in zip(_ELMO_FILES, (options_file, weight_file), strict=True):
        try:
            files[name] = Path(cached_path(source))
        except Exception as error:
            # Several libraries may raise their own errors for a URL.
            raise ConfigurationError(
                f"ELMo was not found{folders} under the name {source!r}: {error}. "
                "`dts-ee fetch elmo-5.5b` gets the one of the experiments."
            ) from error
    return files


def elmo_name(options_file: str, weight_file: str) -> str:
    """The name of an ELMo model in a serialization directory."""
    return f"{options_file} {weight_file}"


def weight_files(folder: Path) -> List[Path]:
    """
    The files with the weights of a Hugging Face model; an empty list if there are none.

    Safetensors files are preferred to PyTorch's own.

    # Parameters

    folder : `Path`
        The model's folder.

    # Raises

    `ConfigurationError`
        If one of several files with weights is missing.
    """
    for name in _WEIGHT_FILES:
        if (folder / name).is_file():
            return [folder / name]
        index = folder / f"{name}.index.json"
        if index.is_file():
            names = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
            files = [folder / name for name in sorted(set(names))]
            missing = [file.name for file in files if not file.is_file()]
            if missing:
                raise ConfigurationError(
                    f"The weights in {folder} are not complete: there is no {', '.join(missing)}."
                )
            return files
        # Old archives have such files without their index.
        files = sorted(folder.glob(name.replace(".", "-*.")))
        if files:
            return files
    return []


def transformer_files(folder: Path) -> dict[str, Path]:
    """The files of a Hugging Face model that are needed to use it, by name."""
    weights = weight_files(folder)
    patterns = [*_CONFIGURATION_FILES, *(f"{name}.index.json" for name in _WEIGHT_FILES)]
    others = [file for pattern in patterns for file in sorted(folder.glob(pattern))]
    return {file.name: file for file in [*others, *weights] if file.is_file()}


def first_line(error: BaseException) -> str:
    """The first line of another library's error message."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _kept(name: str, serialization_dir: Optional[Union[str, os.PathLike]]) -> Optional[Path]:
    if serialization_dir is None:
        return None
    folder = kept_folder(name, serialization_dir)
    if is_left_out(folder):
        return find_left_out(folder, name)
    return folder if folder.is_dir() else None


def _reason(name: str, serialization_dir: Optional[Union[str, os.PathLike]], missing: Path) -> str:
    problem = f"{missing.parent.absolute()} holds no {missing.name}"
    if serialization_dir is None:
        return problem
    return f"{kept_folder(name, serialization_dir)} does not exist, and {problem}"


def _is_hub_name(name: str) -> bool:
    first, _, second = name.partition("/")
    if not _HUB_NAME.fullmatch(name) or Path(first).exists():
        return False
    # Before the first `fetch`, the folder does not exist.
    return not (second and first == "resources")


def _hub_folder(name: str) -> Path:
    """The folder with the files of a model of the hub, which are downloaded if necessary."""
    try:
        for weights in _WEIGHT_FILES:
            patterns = [weights, weights.replace(".", "-*."), f"{weights}.index.json"]
            folder = Path(
                snapshot_download(name, allow_patterns=[*_CONFIGURATION_FILES, *patterns])
            )
            if weight_files(folder):
                break
        return folder
    except RepositoryNotFoundError:
        raise ConfigurationError(
            f"The encoder {name!r} is neither a folder here nor a public model on the Hugging Face "
            "hub."
        ) from None
    except ConfigurationError:
        raise
    except Exception as error:
        # The hub's client raises its own errors, its HTTP library's, and `OSError`s.
        raise ConfigurationError(
            f"The encoder {name!r} is not a folder here, and could not be downloaded from the "
            f"Hugging Face hub. Where there is a network, type `hf download {name} "
            f"--local-dir {name.rpartition('/')[2]}`, copy that folder here, and write its path in "
            f"the configuration. ({first_line(error)})"
        ) from error


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
