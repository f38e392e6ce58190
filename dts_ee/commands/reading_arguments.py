"""
Common arguments of the commands that divide raw text into sentences and tokens.
"""

import argparse
from typing import Any, Dict, List, Optional

from dts_ee.corpora.text_reading import TextReading
from dts_ee.tokenizers import (
    TOKENIZERS,
    read_abbreviations,
    sentence_splitter_of,
    text_reading,
    tokenizer_of,
)


def add_sentence_arguments(subparser: argparse.ArgumentParser, default: Optional[str]) -> None:
    """
    Adds how text becomes sentences.

    # Parameters

    subparser : `argparse.ArgumentParser`
        The command's.
    default : `Optional[str]`
        The value without the option; `None` for what the model was trained with.
    """
    shown = "the model's own" if default is None else default
    subparser.add_argument(
        "--sentences",
        default=default,
        metavar="HOW",
        help="how raw text becomes sentences: rules (full stops, blank lines, lists and the like), "
        "lines, whole (each text is one), or the name or folder of a spaCy pipeline "
        f"(default = {shown})",
    )
    subparser.add_argument(
        "--abbreviations",
        metavar="FILE",
        help="abbreviations that end no sentence, for the rules: a file with one on each line, or "
        "a list with commas",
    )


def add_reading_arguments(subparser: argparse.ArgumentParser) -> None:
    """Adds how text becomes sentences and tokens."""
    subparser.add_argument(
        "--tokenizer",
        choices=TOKENIZERS,
        default="rules",
        help="how raw text becomes words: by spaCy's rules for a language, with hyphens between "
        "letters split off or kept, at white space, each character, or where an encoder splits "
        "words (default = %(default)s)",
    )
    subparser.add_argument(
        "--language",
        metavar="CODE",
        help="the language of the rules, such as de (default = en)",
    )
    subparser.add_argument(
        "--encoder",
        metavar="NAME",
        help="the encoder of word-pieces, as in ENCODER of own.jsonnet (default = minilm)",
    )
    add_sentence_arguments(subparser, "rules")
    subparser.add_argument(
        "--divide-tokens",
        action="store_true",
        help="divide a token where an entity begins or ends inside it; a model that is trained on "
        "such tokens finds others in text without annotation",
    )


def reading_from_args(args: argparse.Namespace, tokenizer: Optional[str] = None) -> TextReading:
    """
    How text becomes sentences and tokens by the arguments.

    # Parameters

    args : `argparse.Namespace`
        The arguments.
    tokenizer : `str`, optional (default = `None`)
        The name of another tokenizer, which takes no other arguments.

    # Raises

    `ConfigurationError`
        If options exclude each other, or there is no such file or encoder.
    """
    splitter = sentence_splitter_of(args.sentences, abbreviations_from_args(args))
    if tokenizer is not None:
        return text_reading(tokenizer_of(tokenizer), splitter)
    made = tokenizer_of(args.tokenizer, args.language, args.encoder)
    return text_reading(made, splitter, args.divide_tokens)


def sentence_options(args: argparse.Namespace) -> Dict[str, Any]:
    """The predictor's arguments for how text becomes sentences, as far as they are given."""
    options = {"sentences": args.sentences, "abbreviations": abbreviations_from_args(args)}
    return {name: value for name, value in options.items() if value is not None}


def abbreviations_from_args(args: argparse.Namespace) -> Optional[List[str]]:
    """The abbreviations, if there are any."""
    return None if args.abbreviations is None else read_abbreviations(args.abbreviations)
