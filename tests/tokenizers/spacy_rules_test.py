import pickle
import sys

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers import CharacterTokenizer, Token, Tokenizer, WhitespaceTokenizer

from dts_ee.document import DocumentError
from dts_ee.tokenizers import SpacyRulesTokenizer, document_from_text


def words(text, **options):
    return [token.text for token in SpacyRulesTokenizer(**options).tokenize(text)]


def test_words_are_found_with_their_places():
    text = " Mr. O'Brien didn't\n pay $1,000 (up 5%). "
    tokens = SpacyRulesTokenizer().tokenize(text)
    assert [token.text for token in tokens] == (
        ["Mr.", "O'Brien", "did", "n't", "pay", "$", "1,000", "(", "up", "5", "%", ")", "."]
    )
    assert all(text[token.idx : token.idx_end] == token.text for token in tokens)


@pytest.mark.parametrize(
    ("text", "split", "whole"),
    [
        ("an Oslo-based firm", "an Oslo - based firm", "an Oslo-based firm"),
        ("in 1994-1996 again", "in 1994 - 1996 again", "in 1994-1996 again"),
        ("some 5-fluorouracil", "some 5-fluorouracil", "some 5-fluorouracil"),
        ("rain\u2014or snow--fell", "rain \u2014 or snow -- fell", "rain \u2014 or snow -- fell"),
    ],
)
def test_hyphens(text, split, whole):
    assert words(text) == split.split()
    assert words(text, split_hyphens=False) == whole.split()


def test_other_languages():
    assert words("C'è dell'acqua.", language="it") == ["C'", "è", "dell'", "acqua", "."]
    with pytest.raises(ConfigurationError, match="cannot tokenise the language 'tlh'"):
        words("nuqneH", language="tlh")


def test_tokenizer_is_registered_and_pickled_after_use():
    tokenizer = Tokenizer.from_params(Params({"type": "spacy_rules", "split_hyphens": False}))
    assert [str(token) for token in tokenizer.tokenize("a-b c")] == ["a-b", "c"]
    copy = pickle.loads(pickle.dumps(tokenizer))
    assert [str(token) for token in copy.tokenize("a-b c")] == ["a-b", "c"]


def test_language_is_not_loaded_before_it_is_needed(monkeypatch):
    monkeypatch.delitem(sys.modules, "spacy.lang.nb", raising=False)
    tokenizer = SpacyRulesTokenizer("nb")
    assert "spacy.lang.nb" not in sys.modules
    assert [str(token) for token in tokenizer.tokenize("hei du")] == ["hei", "du"]
    assert "spacy.lang.nb" in sys.modules


@pytest.mark.parametrize("tokenizer", [SpacyRulesTokenizer(), WhitespaceTokenizer()])
def test_document_of_a_sentence(tokenizer):
    text = " Ann  left Rome\u00a0. "
    document = document_from_text(text, tokenizer, "s1")
    assert document.tokens == ("Ann", "left", "Rome", ".")
    assert document.token_offsets == ((1, 4), (6, 10), (11, 15), (16, 17))
    assert (document.text, document.id, document.entities) == (text, "s1", ())


def test_white_space_tokens_are_left_out():
    assert document_from_text("a b", CharacterTokenizer()).tokens == ("a", "b")


@pytest.mark.parametrize("text", ["", " \n"])
def test_sentence_without_words_is_an_error(text):
    with pytest.raises(DocumentError, match="document s1, field sentence: there are no words"):
        document_from_text(text, SpacyRulesTokenizer(), "s1")


def test_tokens_that_are_no_pieces_of_the_sentence_are_an_error():
    class Pieces(Tokenizer):
        def tokenize(self, text):
            return [Token("play"), Token("##ing")]

    with pytest.raises(DocumentError, match=r"document s1.*tokens\[1\] is '##ing'"):
        document_from_text("playing", Pieces(), "s1")
