import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.util import get_lang_class

from dts_ee.corpora.sentence_rules import starts_by_rules
from dts_ee.tokenizers import SpacyRulesTokenizer, long_runs, token_spans

PIECES = re.findall(
    r"\S+",
    "\" ( ) ' - . .. / 1 9 a A é 😀 $ % + € km ’s 's n't : :) :( http://a.b/ www. @ , ° C … « 日 _ "
    "* < > = cannot don't Mr. a.m. U.S. 8am ? ! — -- ~ <3 o.O co. mg",
) + [" ", "\u0301", "\u00a0", "\n"]

LANGUAGES = ("en", "fr", "hu", "zh")


def tokens(tokenizer, text):
    return [(token.text, token.idx) for token in tokenizer(text)]


@pytest.fixture(scope="module")
def pairs():
    """spaCy's tokenizers, and those with which also short runs are divided as long ones are."""
    tokenizers = [get_lang_class(language)().tokenizer for language in LANGUAGES]
    divided = list(map(long_runs.divide_long_runs, tokenizers))
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(long_runs, "_LONG", 1)
        yield list(zip(tokenizers, divided, strict=True))


@settings(max_examples=50)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_the_tokens_are_those_of_spacy(pairs, text):
    for spacy_tokenizer, tokenizer in pairs:
        assert tokens(tokenizer, text) == tokens(spacy_tokenizer, text)


@settings(max_examples=20)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join))
def test_the_tokens_of_runs_longer_than_a_window_are_those_of_spacy(pairs, text):
    for spacy_tokenizer, tokenizer in pairs[:2]:
        for repeated in (text * 40, "(" * 70 + text * 30 + ")" * 70):
            assert tokens(tokenizer, repeated) == tokens(spacy_tokenizer, repeated)


@pytest.mark.parametrize(
    "pattern", ['"', "()", ":)", "$", "😀", "’s", "a:a@", "http://", ".'", "- a\n"]
)
def test_time_grows_with_the_length(pattern):
    # With the square of the length, each takes a minute and more.
    text = (pattern * 20_000)[:20_000]
    start = time.process_time()
    starts_by_rules(text, token_spans(text, SpacyRulesTokenizer()), ["z. B.", "a"])
    assert time.process_time() - start < 10
