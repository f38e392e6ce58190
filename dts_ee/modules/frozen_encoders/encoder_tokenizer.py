"""Loads the configuration and the tokenizer of a Hugging Face model."""

import json
import logging
from pathlib import Path
from typing import Any, Dict, Iterable, Optional

import transformers
from allennlp.common.checks import ConfigurationError
from tokenizers import Tokenizer
from transformers import (
    AutoConfig,
    AutoTokenizer,
    BertConfig,
    PretrainedConfig,
    PreTrainedTokenizerFast,
)

from dts_ee.modules.frozen_encoders.encoder_files import find_transformer, first_line

logger = logging.getLogger(__name__)


def load_config(folder: Path) -> PretrainedConfig:
    """
    Loads the configuration of a Hugging Face model, which may come from a stranger: no code that it
    names is run.

    # Parameters

    folder : `Path`
        The model's folder.

    # Raises

    `ConfigurationError`
        If it cannot be read, or the installed version of transformers does not know its type.
    """
    try:
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if "model_type" not in settings:
            # Old BERT models, such as SciBERT and BioBERT, have no type. transformers would guess
            # it from the folder's path.
            config = BertConfig.from_pretrained(str(folder))
        else:
            config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(
            f"transformers {transformers.__version__} cannot read {folder / 'config.json'}: "
            f"{first_line(error)}"
        ) from error
    # It may name a repository with code for the attention.
    config._attn_implementation = None
    return config


def load_tokenizer(
    model_name: str, serialization_dir: Optional[str] = None
) -> PreTrainedTokenizerFast:
    """
    Loads the fast tokenizer of a Hugging Face model, and sets it up for words as inputs.

    # Parameters

    model_name : `str`
        The folder of a Hugging Face model, or its name on the Hugging Face hub.
    serialization_dir : `str`, optional (default = `None`)
        See `find_transformer`.

    # Raises

    `ConfigurationError`
        If there is no such model, or no fast tokenizer for it.
    """
    folder = find_transformer(model_name, serialization_dir)
    config = load_config(folder)
    options: Dict[str, Any] = {"config": config, "trust_remote_code": False}
    lowers = _lowers_case(folder)
    if lowers is not None:
        options["do_lower_case"] = lowers
    try:
        tokenizer = AutoTokenizer.from_pretrained(str(folder), **options)
    except (OSError, ValueError, KeyError, ImportError, TypeError) as error:
        raise ConfigurationError(
            f"The tokenizer in {folder} cannot be read: {first_line(error)}"
        ) from error
    if len(tokenizer) <= len(tokenizer.all_special_ids):
        # Since transformers 5, this is what a folder without a tokenizer's files gives.
        raise ConfigurationError(
            f"The tokenizer in {folder} has no vocabulary: are its files there?"
        )
    if not isinstance(tokenizer, PreTrainedTokenizerFast):
        raise ConfigurationError(f"There is no fast tokenizer for the model in {folder}.")
    backend = tokenizer.backend_tokenizer
    # Tokenizer files may turn both on, as those of sentence-transformers do.
    backend.no_truncation()
    backend.no_padding()
    _mark_beginnings_of_words(backend)
    if _normalizer_lowers(json.loads(backend.to_str())["normalizer"]) and _is_cased(
        tokenizer.get_vocab()
    ):
        logger.warning(
            "The tokenizer in %s converts everything to lower case, but its vocabulary has upper "
            'case: check "do_lower_case" in its tokenizer_config.json.',
            folder,
        )
    return tokenizer


def _lowers_case(folder: Path) -> Optional[bool]:
    """
    Whether a BERT tokenizer has to convert words to lower case; `None` if its settings say it.

    transformers assumes that it has to, even for cased models.
    """
    settings = folder / "tokenizer_config.json"
    if settings.is_file() and "do_lower_case" in json.loads(settings.read_text(encoding="utf-8")):
        return None
    fast_tokenizer = folder / "tokenizer.json"
    if fast_tokenizer.is_file():
        content = json.loads(fast_tokenizer.read_text(encoding="utf-8"))
        return _normalizer_lowers(content.get("normalizer"))
    vocabulary = folder / "vocab.txt"
    if vocabulary.is_file():
        return not _is_cased(vocabulary.read_text(encoding="utf-8").splitlines())
    return None


def _normalizer_lowers(normalizer: Optional[Dict[str, Any]]) -> Optional[bool]:
    if normalizer is None or normalizer["type"] != "BertNormalizer":
        return None
    return normalizer["lowercase"]


def _is_cased(pieces: Iterable[str]) -> bool:
    """Whether more than 1 % of the word pieces have upper case, special tokens aside."""
    ordinary = [piece for piece in pieces if not piece.startswith(("[", "<"))]
    return sum(piece != piece.lower() for piece in ordinary) > len(ordinary) / 100


def _mark_beginnings_of_words(tokenizer: Tokenizer) -> None:
    """
    Makes a tokenizer split every word as it would after a space.

    Byte-level and sentencepiece tokenizers recognise the beginning of a word by the space before
    it, but get the words of a sentence without spaces.
    """
    state = json.loads(tokenizer.to_str())
    if state["pre_tokenizer"] is None:
        return
    parts = [state["pre_tokenizer"]]
    changed = False
    for part in parts:
        parts.extend(part.get("pretokenizers", []))
        if part["type"] in ("ByteLevel", "Metaspace"):
            for name, value in (("add_prefix_space", True), ("prepend_scheme", "always")):
                if part.get(name, value) != value:
                    part[name] = value
                    changed = True
    if changed:
        tokenizer.pre_tokenizer = Tokenizer.from_str(json.dumps(state)).pre_tokenizer
