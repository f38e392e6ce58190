"""
Raw text to words, by rules alone.
"""

import re
from functools import cache
from typing import Any, List, Optional, Pattern, Sequence, Tuple, Union

from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers import Token, Tokenizer

from dts_ee.characters import is_blank
from dts_ee.corpora.alignment import align_tokens
from dts_ee.corpora.text_reading import word_spans
from dts_ee.document import Document, DocumentError


@Tokenizer.register("spacy_rules")
class SpacyRulesTokenizer(Tokenizer):
    """
    Splits text by the rules that spaCy has for a language; no spaCy model is needed.

    Registered as a `Tokenizer` with name `"spacy_rules"`.

    # Parameters

    language : `str`, optional (default = `"en"`)
        The language's code, as `spacy.blank` takes it.
    split_hyphens : `bool`, optional (default = `True`)
        Whether a hyphen between two letters (`London-based`) or two digits (`1994-1996`) is a token
        of its own. One between a digit and a letter (`5-fluorouracil`) never is.
    """

    def __init__(self, language: str = "en", split_hyphens: bool = True) -> None:
        self._language = language
        self._split_hyphens = split_hyphens

    def tokenize(self, text: str) -> List[Token]:
        """
        The words of a text, with their places in it; white space is not among them.

        # Raises

        `ConfigurationError`
            If spaCy does not have the language, or lacks something for it.
        """
        rules = _load_rules(self._language, self._split_hyphens)
        return [
            Token(word.text, idx=word.idx, idx_end=word.idx + len(word.text))
            for word in rules(text)
            if word.text.strip()
        ]


# Not an attribute of the tokenizer, which is sent to worker processes. spaCy is imported when it is
# first needed, because every command would wait for it.
@cache
def _load_rules(language: str, split_hyphens: bool) -> Any:
    from spacy.lang.char_classes import ALPHA, HYPHENS
    from spacy.util import get_lang_class

    try:
        language_class = get_lang_class(language)
        infixes = _infixes(language_class.Defaults.infixes or (), split_hyphens, ALPHA, HYPHENS)
        # Rules that a tokenizer is given later take as long again to prepare as those it had.
        defaults = type("Defaults", (language_class.Defaults,), {"infixes": infixes})
        pipeline_class = type(language_class.__name__, (language_class,), {"Defaults": defaults})
        return pipeline_class().tokenizer
    except ImportError as error:
        raise ConfigurationError(
            f"spaCy cannot tokenise the language {language!r}: {error}"
        ) from error


def _infixes(
    rules: Sequence[Union[str, Pattern]], split_hyphens: bool, letters: str, hyphens: str
) -> List[Union[str, Pattern]]:
    # Languages differ in whether a hyphen after a digit splits; the corpora agree that it does not.
    infixes = [rule for rule in rules if not re.search(rule, "a-b")]
    marks = hyphens.split("|")
    if not split_hyphens:
        infixes = [rule for rule in infixes if not re.search(rule, "1-2")]
        # The longer dashes separate words, they do not join them.
        marks.remove("-")
    return [*infixes, f"(?<=[{letters}])(?:{'|'.join(marks)})(?=[{letters}])"]


def document_from_text(
    sentence: str, tokenizer: Tokenizer, document_id: Optional[str] = None
) -> Document:
    """
    The document of a raw sentence: its text, its tokens and where they stand; no entities yet.

    # Parameters

    sentence : `str`
        The text.
    tokenizer : `Tokenizer`
        Any that splits text into words; its tokens must stand in the text as they are.
    document_id : `str`, optional (default = `None`)
        The document's identifier.

    # Raises

    `DocumentError`
        If the sentence has no words, or the tokens are not pieces of it.
    """
    if not sentence.strip():
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
    The first character of each token and the one after its last.

    # Parameters

    text : `str`
        The text.
    tokenizer : `Tokenizer`
        Any that splits text into words; its tokens must stand in the text as they are.

    # Raises

    `DocumentError`
        If the tokens are not pieces of the text.
    """
    words = [token.ensure_text() for token in tokenizer.tokenize(text)]
    return list(align_tokens([word for word in words if word.strip()], text))
