"""
Where the files of a frozen encoder, or of word vectors, are found, and where they are kept.

A frozen encoder is no part of a model's weights, so a checkpoint does not hold it. For an archive
to work without the folder that it was trained from, the encoder's files are put under the
`vocabulary` folder of the serialization directory, which AllenNLP archives whole. The name there
begins with a full stop: `Vocabulary.from_files` takes every other name for a namespace. An archive
that leaves an encoder out has a record of its checksums there (see `left_out_encoders`).
"""

import hashlib
import logging
import os
import shutil
import uuid
from pathlib import Path
from typing import List, Mapping, Optional, Union

from allennlp.common.checks import ConfigurationError
from allennlp.common.file_utils import cached_path
from huggingface_hub import snapshot_download
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from dts_ee.left_out_encoders import find_left_out, is_left_out
from dts_ee.resources import command_to_fetch

logger = logging.getLogger(__name__)

HUB_SCHEME = "hf://"

_KEPT = Path("vocabulary") / ".encoders"

_ELMO_FILES = ("options.json", "weights.hdf5")

_SPACY_FILES = ("vectors", "key2row")

_TRANSFORMER_FILES = (
    "config.json",
    "model.safetensors",
    "model-*.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
    "*.model",
)


def kept_folder(name: str, serialization_dir: Union[str, os.PathLike]) -> Path:
    """
    The folder in a serialization directory that is for the files of one encoder.

    # Parameters

    name : `str`
        What the configuration calls the encoder. The folder's name ends with a digest of it, as
        two paths may end alike.
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
    Puts an encoder's files where an archive of this serialization directory will include them.

    They are hard links where the file system allows it, else copies. The folder appears under its
    name with all its files at once, or not at all; where it exists it is left as it is.

    # Parameters

    name : `str`
        What the configuration calls the encoder.
    files : `Mapping[str, Path]`
        The name to keep each file by, and where it is now.
    serialization_dir : `Union[str, os.PathLike]`
        The directory of a training run.
    """
    folder = kept_folder(name, serialization_dir)
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside `vocabulary` rather than in it, so that no archive holds what a killed run leaves.
    temporary = Path(serialization_dir) / f".encoder-{uuid.uuid4().hex}"
    temporary.mkdir()
    try:
        for kept_name, file in files.items():
            _link_or_copy(file.resolve(), temporary / kept_name)
        try:
            os.replace(temporary, folder)
        except OSError:
            # Another process of the same run was first.
            if not folder.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    logger.info("The files of %s are kept in %s for the archive.", name, folder)


def find_transformer(
    model_name: str, serialization_dir: Optional[Union[str, os.PathLike]] = None
) -> Path:
    """
    The folder with the configuration, weights and tokenizer of a Hugging Face model.

    The copy in the serialization directory comes first, or what was left out there. The network is
    asked for nothing but names that begin with `hf://`.

    # Parameters

    model_name : `str`
        A folder, or `hf://` and the name of a model of the Hugging Face hub.
    serialization_dir : `Union[str, os.PathLike]`, optional (default = `None`)
        The directory of a training run, or an extracted archive.

    # Raises

    `ConfigurationError`
        If the model is in none of these places.
    """
    kept = _kept(model_name, serialization_dir)
    if kept is not None:
        return kept
    if model_name.startswith(HUB_SCHEME):
        return _hub_folder(model_name)
    folder = Path(model_name).expanduser()
    if (folder / "config.json").is_file():
        return folder
    raise ConfigurationError(
        f"The encoder {model_name!r} was not found: "
        f"{_places(model_name, serialization_dir, folder / 'config.json')}. "
        f"{command_to_fetch(model_name) or '`dts-ee fetch` gets the encoders of the experiments'}; "
        f"for a model of the Hugging Face hub write {HUB_SCHEME}<its name>."
    )


def find_spacy_vectors(
    name: str, serialization_dir: Optional[Union[str, os.PathLike]] = None
) -> dict[str, Path]:
    """
    The files of spaCy's word vectors, by name.

    The copies in the serialization directory come first.

    # Parameters

    name : `str`
        A folder with `vectors` and `key2row`, such as `vocab` in a pipeline of spaCy's.
    serialization_dir : `Union[str, os.PathLike]`, optional (default = `None`)
        The directory of a training run, or an extracted archive.

    # Raises

    `ConfigurationError`
        If one of them is in none of these places.
    """
    folder = _kept(name, serialization_dir) or Path(name).expanduser()
    for file in _SPACY_FILES:
        if not (folder / file).is_file():
            raise ConfigurationError(
                f"The word vectors {name!r} were not found: "
                f"{_places(name, serialization_dir, folder / file)}. "
                f"{command_to_fetch(name) or '`dts-ee fetch` gets those of the experiments'}."
            )
    return {file: folder / file for file in _SPACY_FILES}


def find_elmo(
    options_file: str,
    weight_file: str,
    serialization_dir: Optional[Union[str, os.PathLike]] = None,
) -> dict[str, Path]:
    """
    The two files of an ELMo, by the names `options.json` and `weights.hdf5`.

    The copies in the serialization directory come first. A URL is downloaded once, to AllenNLP's
    own cache.

    # Parameters

    options_file : `str`
        A path or a URL.
    weight_file : `str`
        A path or a URL.
    serialization_dir : `Union[str, os.PathLike]`, optional (default = `None`)
        The directory of a training run, or an extracted archive.

    # Raises

    `ConfigurationError`
        If a file is in none of these places.
    """
    places = ""
    if serialization_dir is not None:
        name = elmo_name(options_file, weight_file)
        kept = _kept(name, serialization_dir)
        if kept is not None:
            return {file: kept / file for file in _ELMO_FILES}
        places = f" in {kept_folder(name, serialization_dir)}, nor"
    found = {}
    for name, source in zip(_ELMO_FILES, (options_file, weight_file), strict=True):
        try:
            found[name] = Path(cached_path(source))
        except Exception as error:
            # A URL may fail with the errors of several libraries, a path with `FileNotFoundError`.
            raise ConfigurationError(
                f"ELMo was not found{places} under the name {source!r}: {error}. "
                "`dts-ee fetch elmo-5.5b` gets the one of the experiments."
            ) from error
    return found


def elmo_name(options_file: str, weight_file: str) -> str:
    """What the files of an ELMo are kept as."""
    return f"{options_file} {weight_file}"


def load_tokenizer(
    model_name: str, serialization_dir: Optional[str] = None
) -> PreTrainedTokenizerFast:
    """
    The fast tokenizer of a Hugging Face model, ready for sentences that are split into words.

    # Parameters

    model_name : `str`
        The folder of a Hugging Face model, or `hf://` and its name on the Hugging Face hub.
    serialization_dir : `str`, optional (default = `None`)
        See `find_transformer`.

    # Raises

    `ConfigurationError`
        If there is no such model, or no fast tokenizer for it.
    """
    folder = find_transformer(model_name, serialization_dir)
    tokenizer = AutoTokenizer.from_pretrained(str(folder))
    if getattr(tokenizer, "add_prefix_space", None) is False:
        # Byte-level tokenizers mark the beginning of a word by the space before it.
        tokenizer = AutoTokenizer.from_pretrained(str(folder), add_prefix_space=True)
    if not tokenizer.is_fast:
        raise ConfigurationError(f"There is no fast tokenizer for the model in {folder}.")
    # The file may ask for both (sentence-transformers' do); pieces must not be lost here.
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    return tokenizer


def transformer_files(folder: Path) -> dict[str, Path]:
    """The files of a Hugging Face model that its use needs, by name."""
    return {
        file.name: file
        for pattern in _TRANSFORMER_FILES
        for file in sorted(folder.glob(pattern))
        if file.is_file()
    }


def _kept(name: str, serialization_dir: Optional[Union[str, os.PathLike]]) -> Optional[Path]:
    if serialization_dir is None:
        return None
    folder = kept_folder(name, serialization_dir)
    if is_left_out(folder):
        return find_left_out(folder, name)
    return folder if folder.is_dir() else None


def _places(name: str, serialization_dir: Optional[Union[str, os.PathLike]], wanted: Path) -> str:
    problem = f"{wanted.parent.absolute()} holds no {wanted.name}"
    if serialization_dir is None:
        return problem
    return f"{kept_folder(name, serialization_dir)} does not exist, and {problem}"


def _hub_folder(model_name: str) -> Path:
    try:
        return Path(
            snapshot_download(
                model_name[len(HUB_SCHEME) :], allow_patterns=list(_TRANSFORMER_FILES)
            )
        )
    except Exception as error:
        # The hub's client raises its own errors, those of its HTTP library, and plain OSErrors.
        raise ConfigurationError(
            f"The encoder {model_name!r} is neither on this machine nor could it be downloaded "
            f"from the Hugging Face hub: {error}"
        ) from error


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
