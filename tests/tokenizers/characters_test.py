from allennlp.common import Params
from allennlp.data.tokenizers import Tokenizer

from dts_ee.tokenizers import CharactersTokenizer, token_spans


def test_characters_are_tokens():
    text = "马塔 住在\u200b北京。e\u0301!"
    tokens = CharactersTokenizer().tokenize(text)
    assert [token.text for token in tokens] == [*"马塔住在北京。", "e\u0301", "!"]
    assert all(text[token.idx : token.idx_end] == token.text for token in tokens)
    assert token_spans(text, CharactersTokenizer()) == [
        (token.idx, token.idx_end) for token in tokens
    ]


def test_tokenizer_is_registered():
    tokenizer = Tokenizer.from_params(Params({"type": "characters"}))
    assert tokenizer.to_params().as_dict() == {"type": "characters"}
