import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data.tokenizers import Tokenizer

from dts_ee.tokenizers import note_of, same_note, tokenizer_of, variables_of
from tests.tiny_transformer import build_tiny_transformer

TEXT = "Bob's Oslo-based X."


def words(tokenizer):
    return [token.text for token in tokenizer.tokenize(TEXT)]


@pytest.mark.parametrize(
    ("arguments", "expected", "variables"),
    [
        (["rules"], "Bob 's Oslo - based X.", "TOKENIZER=rules TEXT_LANGUAGE=en"),
        (["rules", "de"], "Bob's Oslo - based X.", "TOKENIZER=rules TEXT_LANGUAGE=de"),
        (
            ["rules-keep-hyphens"],
            "Bob 's Oslo-based X.",
            "TOKENIZER=rules-keep-hyphens TEXT_LANGUAGE=en",
        ),
        (["whitespace"], TEXT, "TOKENIZER=whitespace"),
        (["characters"], " ".join(TEXT.replace(" ", "")), "TOKENIZER=characters"),
    ],
)
def test_tokenizers_by_name(arguments, expected, variables):
    tokenizer = tokenizer_of(*arguments)
    note = note_of(tokenizer)
    assert note is not None
    assert variables_of(note) == variables
    assert words(Tokenizer.from_params(Params(dict(note)))) == words(tokenizer)
    assert " ".join(words(tokenizer)) == expected


def test_words_of_an_encoder(tmp_path):
    folder = build_tiny_transformer(tmp_path / "bert")
    tokenizer = tokenizer_of("word-pieces", encoder=str(folder))
    assert words(tokenizer) == ["Bob", "'", "s", "Oslo", "-", "based", "X", "."]
    chinese = "\u9a6c\u5854 ab\x01\U0001f600c"
    tokens = tokenizer.tokenize(chinese)
    assert [token.text for token in tokens] == ["\u9a6c", "\u5854", "ab\x01\U0001f600c"]
    assert all(chinese[token.idx : token.idx_end] == token.text for token in tokens)
    note = note_of(tokenizer)
    assert note == {"type": "word_pieces", "model_name": str(folder)}
    assert same_note(note, {"type": "word_pieces", "model_name": "elsewhere/bert"})
    assert not same_note(note, {"type": "word_pieces", "model_name": "elsewhere/other"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["words"], "'words' is none of rules, rules-keep-hyphens, whitespace, characters, word-p"),
        (["characters", "zh"], "the tokenizer characters is the same for each language"),
        (["rules", None, "minilm"], "an encoder is for the tokenizer word-pieces, not rules"),
    ],
)
def test_options_that_do_not_fit(arguments, message):
    with pytest.raises(ConfigurationError, match=message):
        tokenizer_of(*arguments)


class OtherTokenizer(Tokenizer):
    pass


def test_a_tokenizer_that_does_not_tell():
    assert note_of(OtherTokenizer()) is None
