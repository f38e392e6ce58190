"""Rule-based tokenization of raw text."""

import re
from functools import cache
from typing import Any, Dict, List, Optional, Pattern, Sequence, Tuple, Union

from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers import Token, Tokenizer

from dts_ee.characters import is_blank
from dts_ee.corpora.alignment import align_tokens
from dts_ee.corpora.text_reading import word_spans
from dts_ee.document import Document, DocumentError
from dts_ee.tokenizers.long_runs import divide_long_runs


@Tokenizer.register("spacy_rules")
class SpacyRulesTokenizer(Tokenizer):
    """
    Splits text by spaCy's rules for a language. No spaCy model is needed.

    Registered as a `Tokenizer` with name `"spacy_rules"`.

    # Parameters

    language : `str`, optional (default = `"en"`)
        The language code, as in `spacy.blank`.
    split_hyphens : `bool`, optional (default = `True`)
        Whether a hyphen between two letters (`London-based`) or two digits (`1994-1996`) is a
        separate token. A hyphen between a digit and a letter (`5-fluorouracil`) never is.
    """

    def __init__(self, language: str = "en", split_hyphens: bool = True) -> None:
        self._language = language
        self._split_hyphens = split_hyphens

    def tokenize(self, text: str) -> List[Token]:
        """
        The words of a text, with their character offsets. White space is left out.

        # Raises

        `ConfigurationError`
            If spaCy does not have the language, or a package for the language is missing.
        """
        rules = _load_rules(self._language, self._split_hyphens)
        return [
            Token(word.text, idx=word.idx, idx_end=word.idx + len(word.text))
            for word in rules(text)
            if word.text.strip()
        ]

    def _to_params(self) -> Dict[str, Any]:
        return {
            "type": "spacy_rules",
            "language": self._language,
            "split_hyphens": self._split_hyphens,
        }


# Not an attribute, because the tokenizer is sent to worker processes. spaCy is imported here, so
# that commands that do not need it start faster.
@cache
def _load_rules(language: str, split_hyphens: bool) -> Any:
    from spacy.lang.char_classes import ALPHA, HYPHENS
    from spacy.util import get_lang_class

    try:
        language_class = get_lang_class(language)
        infixes = _infixes(language_class.Defaults.infixes or (), split_hyphens, ALPHA, HYPHENS)
        # Changing the rules of a finished tokenizer would compile them twice.
        defaults = type("Defaults", (language_class.Defaults,), {"infixes": infixes})
        pipeline_class = type(language_class.__name__, (language_class,), {"Defaults": defaults})
        return divide_long_runs(pipeline_class().tokenizer)
    except ImportError as error:
        # spaCy names the package that a language needs, some in several lines.
        reason = " ".join(str(error).split())
        raise ConfigurationError(
            f"spaCy cannot tokenise the language {language!r}: {reason}"
        ) from error


def _infixes(
    rules: Sequence[Union[str, Pattern]], split_hyphens: bool, letters: str, hyphens: str
) -> List[Union[str, Pattern]]:
    # Some languages split at a hyphen after a digit; the corpora do not.
    infixes = [rule for rule in rules if not re.search(rule, "a-b")]
    marks = hyphens.split("|")
    if not split_hyphens:
        infixes = [rule for rule in infixes if not re.search(rule, "1-2")]
        # Longer dashes still separate words.
        marks.remove("-")
    return [*infixes, f"(?<=[{letters}])(?:{'|'.join(marks)})(?=[{letters}])"]


def document_from_text(
    sentence: str, tokenizer: Tokenizer, document_id: Optional[str] = None
) -> Document:
    """
    Tokenizes a raw sentence into a document without entities.

    # Parameters

    sentence : `str`
        The text.
    tokenizer : `Tokenizer`
        A tokenizer whose tokens are substrings of the text.
    document_id : `str`, optional (default = `None`)
        The document's identifier.

    # Raises

    `DocumentError`
        If the sentence has no words, or the tokens are not substrings of it.
    """
    if is_blank(sentence):
        raise DocumentError("there are no words in the sentence", "sentence", document_id)
    try:
        offsets = token_spans(sentence, tokenizer)
    except DocumentError as error:
        raise error.located(document_id, None) from None
    return Document(
        tokens=tuple(sentence[start:end] for start, end in offsets),
        id=document_id,
        text=sentence,
        token_offsets=tuple(offsets),
    )


def token_spans(text: str, tokenizer: Tokenizer) -> List[Tuple[int, int]]:
    """
    The start and end characters of the tokens of a text (end exclusive).

    # Parameters

    text : `str`
        The text.
    tokenizer : `Tokenizer`
        A tokenizer whose tokens are substrings of the text.

    # Raises

    `DocumentError`
        If the tokens are not substrings of the text.
    """

    def tokenize(raw: str) -> List[Tuple[int, int]]:
        tokens = [token for token in tokenizer.tokenize(raw) if token.ensure_text().strip()]
        spans = [
            (token.idx, token.idx_end)
            for token in tokens
            if token.idx is not None and token.idx_end is not None
        ]
        if len(spans) == len(tokens):
            return spans
        return list(align_tokens([token.ensure_text() for token in tokens], raw))

    return word_spans(text, tokenize)
