"""
The configuration and the tokenizer of a Hugging Face model, from its folder.
"""

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
    The configuration of a Hugging Face model.

    # Parameters

    folder : `Path`
        The model's folder.

    # Raises

    `ConfigurationError`
        If it cannot be read, or is of a type that the installed transformers do not know.
    """
    try:
        settings = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if "model_type" not in settings:
            # As in files from before other types: those of SciBERT and BioBERT, for example. The
            # library would guess the type from the folder's path.
            return BertConfig.from_pretrained(str(folder))
        return AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigurationError(
            f"transformers {transformers.__version__} cannot read {folder / 'config.json'}: "
            f"{first_line(error)}"
        ) from error


def load_tokenizer(
    model_name: str, serialization_dir: Optional[str] = None
) -> PreTrainedTokenizerFast:
    """
    The fast tokenizer of a Hugging Face model, ready for sentences that are split into words.

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
    if not tokenizer.is_fast:
        raise ConfigurationError(f"There is no fast tokenizer for the model in {folder}.")
    backend = tokenizer.backend_tokenizer
    # The file may ask for both (sentence-transformers' do); pieces must not be lost here.
    backend.no_truncation()
    backend.no_padding()
    _mark_beginnings_of_words(backend)
    if _normalizer_lowers(json.loads(backend.to_str())["normalizer"]) and _is_cased(
        tokenizer.get_vocab()
    ):
        logger.warning(
            "The tokenizer in %s writes everything in lower case, but its vocabulary has upper "
            'case: check "do_lower_case" in its tokenizer_config.json.',
            folder,
        )
    return tokenizer


def _lowers_case(folder: Path) -> Optional[bool]:
    """
    Whether BERT's tokenizer has to write everything in lower case, where its settings do not say.

    The library would take it for granted, also for a model in upper and lower case.
    """
    settings = folder / "tokenizer_config.json"
    if settings.is_file() and "do_lower_case" in json.loads(settings.read_text(encoding="utf-8")):
        return None
    whole = folder / "tokenizer.json"
    if whole.is_file():
        return _normalizer_lowers(json.loads(whole.read_text(encoding="utf-8")).get("normalizer"))
    vocabulary = folder / "vocab.txt"
    if vocabulary.is_file():
        return not _is_cased(vocabulary.read_text(encoding="utf-8").splitlines())
    return None


def _normalizer_lowers(normalizer: Optional[Dict[str, Any]]) -> Optional[bool]:
    if normalizer is None or normalizer["type"] != "BertNormalizer":
        return None
    return normalizer["lowercase"]


def _is_cased(pieces: Iterable[str]) -> bool:
    """Whether more than one in a hundred pieces has upper case, special ones aside."""
    ordinary = [piece for piece in pieces if not piece.startswith(("[", "<"))]
    return sum(piece != piece.lower() for piece in ordinary) > len(ordinary) / 100


def _mark_beginnings_of_words(tokenizer: Tokenizer) -> None:
    """
    Makes a word have the pieces that it has after a space.

    That is where byte-level tokenizers and sentencepiece's see that a word begins, and a sentence
    comes to them as words without spaces.
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
