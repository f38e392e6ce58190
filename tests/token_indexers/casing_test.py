import pytest
from allennlp.common import Params
from allennlp.data import Token, TokenIndexer, Vocabulary
from allennlp.data.fields import TextField

from dts_ee.token_indexers import CasingIndexer
from dts_ee.token_indexers.casing import CASING_CLASSES, casing_class


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("1987", "numeric"),
        ("rain", "lower"),
        ("été", "lower"),
        ("NATO", "upper"),
        ("I", "upper"),
        ("Oslo", "title"),
        ("1,000", "mainly_numeric"),
        ("a1", "mainly_numeric"),
        ("5th", "contains_digit"),
        ("B-52s", "contains_digit"),
        ("McKay", "other"),
        ("U.S.", "other"),
        ("Oslo-based", "other"),
        (".", "other"),
        ("中国", "other"),
    ],
)
def test_first_class_that_fits(word, expected):
    assert casing_class(word) == expected


def test_indices_begin_at_1_and_padding_is_0():
    indexer = TokenIndexer.from_params(Params({"type": "casing"}))
    assert isinstance(indexer, CasingIndexer)
    text = ["7", "a", "A", "Ab", "7,7", "a7b", "?"]
    field = TextField([Token(word) for word in text], {"casing": indexer})
    field.index(Vocabulary())
    lengths = field.get_padding_lengths()
    assert field.as_tensor(lengths)["casing"]["tokens"].tolist() == [1, 2, 3, 4, 5, 6, 7]
    padded = field.as_tensor(dict.fromkeys(lengths, 9))["casing"]["tokens"]
    assert padded.tolist() == [1, 2, 3, 4, 5, 6, 7, 0, 0]
    assert len(CASING_CLASSES) == 7


def test_vocabulary_stays_empty():
    counter: dict = {}
    CasingIndexer().count_vocab_items(Token("word"), counter)
    assert counter == {}
    assert CasingIndexer().get_empty_token_list() == {"tokens": []}
