"""A tokenizer and a sentence splitter together."""

from functools import partial
from typing import Optional

from allennlp.data.tokenizers import Tokenizer
from allennlp.data.tokenizers.sentence_splitter import SentenceSplitter

from dts_ee.corpora.text_reading import TextReading
from dts_ee.tokenizers.named_tokenizers import note_of
from dts_ee.tokenizers.sentence_splitters import RulesSentenceSplitter, find_sentence_starts
from dts_ee.tokenizers.spacy_rules import token_spans


def text_reading(
    tokenizer: Tokenizer,
    sentences: Optional[SentenceSplitter] = None,
    divide_tokens: bool = False,
    windows: int = 1,
    context_sentences: int = 0,
) -> TextReading:
    """
    How text is divided into sentences and tokens.

    # Parameters

    tokenizer : `Tokenizer`
        A tokenizer whose tokens are substrings of the text.
    sentences : `SentenceSplitter`, optional (default = `RulesSentenceSplitter()`)
        The sentence splitter.
    divide_tokens : `bool`, optional (default = `False`)
        Whether a token is divided where an entity begins or ends inside it.
    windows : `int`, optional (default = `1`)
        How many neighbouring sentences of a text become one document.
    context_sentences : `int`, optional (default = `0`)
        See `TextReading`.
    """
    return TextReading(
        partial(token_spans, tokenizer=tokenizer),
        partial(find_sentence_starts, sentences or RulesSentenceSplitter()),
        divide_tokens,
        note_of(tokenizer),
        windows,
        context_sentences,
    )
