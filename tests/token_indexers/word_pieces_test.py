from typing import Any, Dict, cast

import pytest
import torch
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch, Instance, TokenIndexer, Vocabulary
from allennlp.data.fields import TextField
from allennlp.data.tokenizers import Token
from transformers import AutoTokenizer

from dts_ee.modules.frozen_encoders.encoder_files import keep_files, transformer_files
from dts_ee.token_indexers import TokensInContext, WordPiecesIndexer
from tests.tiny_transformer import build_tiny_transformer, set_truncation

WORDS = ["The", "bank", "in", "Oslo", "closed", "early", "in", "1998", "."]


def _index(indexer, words):
    return indexer.tokens_to_indices([Token(word) for word in words], Vocabulary())


@pytest.mark.parametrize("kind", ["bert", "mpnet", "roberta"])
def test_pieces_are_the_tokenizers_own(tmp_path, kind):
    folder = build_tiny_transformer(tmp_path / kind, kind)
    indexed = _index(WordPiecesIndexer(str(folder)), WORDS)
    options = {"add_prefix_space": True} if kind == "roberta" else {}
    expected = AutoTokenizer.from_pretrained(str(folder), **options)(
        WORDS, is_split_into_words=True, add_special_tokens=False, truncation=False
    )
    assert indexed["piece_ids"] == expected["input_ids"]
    word_ids = expected.word_ids()
    assert indexed["piece_counts"] == [word_ids.count(i) for i in range(len(WORDS))]
    assert indexed["mask"] == [True] * len(WORDS)


def test_nothing_is_cut_and_nothing_is_padded(tmp_path):
    folder = build_tiny_transformer(tmp_path / "bert", max_length=24)
    set_truncation(folder, 16)
    assert sum(_index(WordPiecesIndexer(str(folder)), WORDS * 20)["piece_counts"]) == 20 * sum(
        map(len, WORDS)
    )
    assert _index(WordPiecesIndexer(str(folder)), ["ab"])["piece_counts"] == [2]


def test_a_word_of_which_nothing_is_left_has_the_unknown_piece(tmp_path):
    folder = build_tiny_transformer(tmp_path / "bert")
    indexed = _index(
        WordPiecesIndexer(str(folder)), ["\u200b", "ab", "\u200b", "\x07", "c", "\xad"]
    )
    unknown = AutoTokenizer.from_pretrained(str(folder)).unk_token_id
    a, b = _index(WordPiecesIndexer(str(folder)), ["ab"])["piece_ids"]
    (c,) = _index(WordPiecesIndexer(str(folder)), ["c"])["piece_ids"]
    assert indexed["piece_counts"] == [1, 2, 1, 1, 1, 1]
    assert indexed["piece_ids"] == [unknown, a, b, unknown, unknown, c, unknown]


def test_a_tokenizer_without_unknown_token_says_which_word_it_cannot_split(tmp_path):
    indexer = WordPiecesIndexer(str(build_tiny_transformer(tmp_path / "bert")))
    indexer._unknown_id = None
    with pytest.raises(ConfigurationError, match="u200b"):
        _index(indexer, ["ab", "\u200b"])


def test_batches_are_padded(tmp_path):
    indexer = WordPiecesIndexer(str(build_tiny_transformer(tmp_path / "bert")))
    fields = [
        TextField([Token(word) for word in words], {"pieces": indexer})
        for words in (["ab", "c"], ["d"])
    ]
    batch = Batch([Instance({"tokens": field}) for field in fields])
    batch.index_instances(Vocabulary())
    tensors = cast(Dict[str, Any], batch.as_tensor_dict())["tokens"]["pieces"]
    assert tensors["piece_ids"].shape == (2, 3)
    assert tensors["piece_counts"].tolist() == [[2, 1], [1, 0]]
    assert tensors["mask"].tolist() == [[True, True], [True, False]]
    assert tensors["mask"].dtype == torch.bool


def test_an_empty_field_has_no_pieces(tmp_path):
    indexer = WordPiecesIndexer(str(build_tiny_transformer(tmp_path / "bert")))
    assert indexer.get_empty_token_list() == _index(indexer, [])


def test_the_vocabulary_is_left_alone(tmp_path):
    indexer = WordPiecesIndexer(str(build_tiny_transformer(tmp_path / "bert")))
    counter: Dict[str, Dict[str, int]] = {}
    indexer.count_vocab_items(Token("ab"), counter)
    assert counter == {}


def test_it_is_built_from_params_and_from_the_kept_files(tmp_path):
    folder = build_tiny_transformer(tmp_path / "bert")
    keep_files("gone", transformer_files(folder), tmp_path / "run")
    params = {"type": "word_pieces", "model_name": "gone", "token_min_padding_length": 3}
    indexer = TokenIndexer.from_params(Params(params), serialization_dir=str(tmp_path / "run"))
    assert _index(indexer, WORDS) == _index(WordPiecesIndexer(str(folder)), WORDS)
    assert indexer.get_padding_lengths(_index(indexer, ["a"]))["mask"] == 3
    with pytest.raises(ConfigurationError, match="gone"):
        TokenIndexer.from_params(Params({"type": "word_pieces", "model_name": "gone"}))


def test_indexers_of_the_same_model_are_equal(tmp_path):
    first = build_tiny_transformer(tmp_path / "first")
    second = build_tiny_transformer(tmp_path / "second")
    assert WordPiecesIndexer(str(first)) == WordPiecesIndexer(str(first))
    assert WordPiecesIndexer(str(first)) != WordPiecesIndexer(str(second))
    assert WordPiecesIndexer(str(first)) != WordPiecesIndexer(
        str(first), token_min_padding_length=2
    )


def test_the_words_around_a_sentence_are_split_too(tmp_path):
    indexer = WordPiecesIndexer(str(build_tiny_transformer(tmp_path / "bert")))
    whole = _index(indexer, ["ab", "\u200b", "cde", "f", "gh"])
    tokens = TokensInContext([Token("cde"), Token("f")], ["ab", "\u200b"], ["gh"])
    indexed = indexer.tokens_to_indices(tokens, Vocabulary())
    assert indexed == {
        "piece_ids": whole["piece_ids"],
        "piece_counts": [3, 1],
        "context": [3, 2],
        "mask": [True, True],
    }
    alone = indexer.tokens_to_indices(TokensInContext(tokens, [], []), Vocabulary())
    assert alone == {**_index(indexer, ["cde", "f"]), "context": [0, 0]}


def test_sentences_with_and_without_words_around_them_are_one_batch(tmp_path):
    indexer = WordPiecesIndexer(str(build_tiny_transformer(tmp_path / "bert")))
    sentences = [TokensInContext([Token("d")], ["ab"], []), TokensInContext([Token("cc")], [], [])]
    batch = Batch(
        [Instance({"tokens": TextField(tokens, {"pieces": indexer})}) for tokens in sentences]
    )
    batch.index_instances(Vocabulary())
    tensors = cast(Dict[str, Any], batch.as_tensor_dict())["tokens"]["pieces"]
    assert tensors["context"].tolist() == [[2, 0], [0, 0]]
    assert tensors["piece_counts"].tolist() == [[1], [2]]
