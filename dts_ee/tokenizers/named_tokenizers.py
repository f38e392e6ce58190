"""The tokenizers that commands have names for, and the notes that documents keep of them."""

import os
from typing import Any, Dict, Optional

from allennlp.common import Registrable
from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers import Tokenizer, WhitespaceTokenizer

from dts_ee.tokenizers.characters import CharactersTokenizer
from dts_ee.tokenizers.spacy_rules import SpacyRulesTokenizer
from dts_ee.tokenizers.word_pieces import WordPiecesTokenizer

TOKENIZERS = ("rules", "rules-keep-hyphens", "whitespace", "characters", "word-pieces")

DEFAULT_ENCODER = "resources/minilm"
"""The encoder whose words `word-pieces` makes; that of the experiments."""


def tokenizer_of(
    name: str, language: Optional[str] = None, encoder: Optional[str] = None
) -> Tokenizer:
    """
    The tokenizer for a command's options.

    # Parameters

    name : `str`
        `"rules"` (spaCy's for the language, where a hyphen between letters is a token of its own),
        `"rules-keep-hyphens"` (where it is not), `"whitespace"`, `"characters"` or `"word-pieces"`.
    language : `str`, optional (default = `None`)
        The code of the language whose rules are used; English without it.
    encoder : `str`, optional (default = `None`)
        The encoder of `"word-pieces"`: a name such as `minilm`, a folder, or a name on the Hugging
        Face hub.

    # Raises

    `ConfigurationError`
        If there is no such tokenizer, it takes no language or no encoder, or the encoder is not
        found.
    """
    if name not in TOKENIZERS:
        raise ConfigurationError(f"{name!r} is none of {', '.join(TOKENIZERS)}")
    is_by_rules = name.startswith("rules")
    if language is not None and not is_by_rules:
        raise ConfigurationError(f"the tokenizer {name} is the same for each language")
    if encoder is not None and name != "word-pieces":
        raise ConfigurationError(f"an encoder is for the tokenizer word-pieces, not {name}")
    if is_by_rules:
        return SpacyRulesTokenizer(language or "en", split_hyphens=name == "rules")
    if name == "whitespace":
        return WhitespaceTokenizer()
    if name == "characters":
        return CharactersTokenizer()
    return WordPiecesTokenizer(_encoder_path(encoder))


def _encoder_path(encoder: Optional[str]) -> str:
    if encoder is None:
        return DEFAULT_ENCODER
    folder = os.path.join("resources", encoder)
    return folder if os.path.isdir(folder) else encoder


def note_of(tokenizer: Tokenizer) -> Optional[Dict[str, Any]]:
    """
    What documents keep of the tokenizer that made their tokens: its configuration.

    # Returns

    `Optional[Dict[str, Any]]`
        `None` if the tokenizer does not tell.
    """
    # What `Registrable` tells by itself leaves out the settings.
    if type(tokenizer)._to_params is Registrable._to_params:
        return None
    return tokenizer.to_params().as_dict(quiet=True)


def variables_of(note: Dict[str, Any]) -> Optional[str]:
    """The environment variables with which `own.jsonnet` has the tokenizer of a note."""
    kind = note.get("type")
    if kind == "spacy_rules":
        name = "rules" if note.get("split_hyphens", True) else "rules-keep-hyphens"
        return f"TOKENIZER={name} TEXT_LANGUAGE={note.get('language', 'en')}"
    names = {"whitespace": "whitespace", "characters": "characters", "word_pieces": "word-pieces"}
    return f"TOKENIZER={names[kind]}" if kind in names else None


def same_note(first: Dict[str, Any], second: Dict[str, Any]) -> bool:
    """Whether two notes are of the same tokenizer; an encoder may be in another folder."""
    return _without_folder(first) == _without_folder(second)


def _without_folder(note: Dict[str, Any]) -> Dict[str, Any]:
    name = note.get("model_name")
    if not isinstance(name, str):
        return note
    return {**note, "model_name": os.path.basename(os.path.normpath(name))}
