from typing import Any, cast

import numpy
import pytest
import torch
from allennlp.common.checks import ConfigurationError
from allennlp.data import Batch, Instance, TextFieldTensors, Vocabulary
from allennlp.data.fields import TextField

from dts_ee.modules.entity_batch import EntityBatch, entity_pairs, flatten_spans
from dts_ee.modules.frozen_encoders.encoder_tokenizer import load_tokenizer
from dts_ee.modules.pair_features import EntityMarkersFeature
from dts_ee.token_indexers import WordPiecesIndexer
from tests.tiny_transformer import build_tiny_transformer
from tests.tokens import tokens_of

FIRST, FIRST_END, SECOND, SECOND_END = "<1>", "</1>", "<2>", "</2>"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return build_tiny_transformer(tmp_path_factory.mktemp("markers") / "bert")


def split(words):
    return tuple(map(str.split, words)) if isinstance(words, tuple) else words.split()


def batch_of(folder, *sentences):
    """
    The entities of sentences, each a pair of its words and its spans. The words are separated by
    spaces, and can be a triple of those before, in and after the sentence.
    """
    indexer = WordPiecesIndexer(str(folder))
    instances = [
        Instance({"tokens": TextField(tokens_of(split(words)), {"pieces": indexer})})
        for words, _ in sentences
    ]
    batch = Batch(instances)
    batch.index_instances(Vocabulary())
    text = cast(TextFieldTensors, batch.as_tensor_dict()["tokens"])
    sentence_ids, starts, ends, counts = flatten_spans(
        [spans for _, spans in sentences], torch.device("cpu")
    )
    vectors, tokens = torch.zeros(len(starts), 1), torch.zeros(len(sentences), 1, 1)
    return EntityBatch(vectors, tokens, sentence_ids, starts, ends, counts, text)


def build(folder, **arguments):
    torch.manual_seed(0)
    return EntityMarkersFeature(str(folder), "pieces", **arguments).eval()


def names(feature, folder, sequence):
    tokenizer: Any = load_tokenizer(str(folder))
    first = len(tokenizer)
    markers = [FIRST, FIRST_END, SECOND, SECOND_END]
    return " ".join(
        markers[id - first] if id >= first else tokenizer.convert_ids_to_tokens(id)
        for id in sequence.tolist()
    )


@pytest.mark.parametrize(
    "spans, expected",
    [
        ([(0, 1), (2, 3)], "<1> a ##b </1> c <2> d </2> e"),
        ([(2, 3), (0, 1)], "<1> a ##b </1> c <2> d </2> e"),
        ([(0, 2), (2, 4)], "<1> a ##b c </1> <2> d e </2>"),
        # One in the other, of one beginning, of one end, the same, and crossing.
        ([(1, 2), (0, 3)], "<1> a ##b <2> c </2> d </1> e"),
        ([(0, 1), (0, 3)], "<1> <2> a ##b </2> c d </1> e"),
        ([(1, 4), (3, 4)], "a ##b <1> c d <2> e </2> </1>"),
        ([(1, 2), (1, 2)], "a ##b <1> <2> c </2> </1> d e"),
        ([(0, 2), (1, 3)], "<1> a ##b <2> c </1> d </2> e"),
    ],
)
def test_where_the_markers_are(folder, spans, expected):
    feature = build(folder)
    ids, word_starts = feature._pieces(batch_of(folder, ("ab c d e", spans)))
    pieces = [(word_starts[0][start], word_starts[0][end]) for start, end in spans]
    sequence, places = feature._marked(ids[0], pieces)
    marked = names(feature, folder, sequence)
    assert marked == f"[CLS] {expected} [SEP]"
    begins_first = spans[0] == min(spans, key=lambda span: (span[0], -span[1]))
    in_order = [marked.split().index(FIRST), marked.split().index(SECOND)]
    assert places == (in_order if begins_first else in_order[::-1])


def test_the_words_around_a_sentence_are_read(folder):
    feature = build(folder)
    context = batch_of(folder, (("x y", "ab c d", "z"), [(0, 1), (2, 3)]), (("", "u v", ""), []))
    ids, word_starts = feature._pieces(context)
    pieces = [(word_starts[0][start], word_starts[0][end]) for start, end in [(0, 1), (2, 3)]]
    marked = names(feature, folder, feature._marked(ids[0], pieces)[0])
    assert marked == "[CLS] x y <1> a ##b </1> c <2> d </2> z [SEP]"
    assert len(ids[1]) == 2


def test_words_far_from_both_entities_are_left_out(folder):
    feature = build(folder)
    # The encoder takes 24 pieces; 2 are special, and 4 are markers. Three of the others are in the
    # entities, twelve at most three away, and three of those that are four away come first.
    ids = numpy.arange(5, 45)
    sequence, _ = feature._marked(ids, [(10, 12), (30, 31)])
    kept = [*range(5 + 6, 5 + 16), *range(5 + 26, 5 + 34)]
    assert len(sequence) == 24
    assert [id for id in sequence[1:-1].tolist() if id < feature._first_marker] == kept


def test_the_vectors_are_those_of_the_markers_head_first(folder):
    feature = build(folder)
    sentences = [("ab c d e", [(2, 3), (0, 1), (3, 4)]), ("x", [(0, 1)]), ("u v", [(0, 1), (1, 2)])]
    entities = batch_of(folder, *sentences)
    heads, tails = entity_pairs(entities.counts)
    with torch.no_grad():
        values = feature(entities, heads, tails, None)
        assert values.shape == (6 + 2, feature.get_output_dim())
        # "[CLS] <1> a ##b </1> c <2> d </2> e [SEP]"
        tokenizer: Any = load_tokenizer(str(folder))
        first = feature._first_marker
        a, b, c, d, e = tokenizer.convert_tokens_to_ids(["a", "##b", "c", "d", "e"])
        cls, sep = tokenizer.cls_token_id, tokenizer.sep_token_id
        marked = [cls, first, a, b, first + 1, c, first + 2, d, first + 3, e, sep]
        states = feature.trained_layers(input_ids=torch.tensor([marked]))[0][0]
    pairs = list(zip(heads.tolist(), tails.tolist(), strict=True))
    # Entity 0 is "d", entity 1 "ab".
    torch.testing.assert_close(values[pairs.index((1, 0))], torch.cat([states[1], states[6]]))
    torch.testing.assert_close(values[pairs.index((0, 1))], torch.cat([states[6], states[1]]))
    assert not torch.allclose(values[pairs.index((1, 2))], values[pairs.index((1, 0))])


def test_a_pair_is_encoded_once_and_parts_make_no_difference(folder):
    feature, in_parts = build(folder), build(folder, max_pairs_at_once=2)
    assert all(
        torch.equal(value, other)
        for value, other in zip(feature.parameters(), in_parts.parameters(), strict=True)
    )
    entities = batch_of(folder, ("ab c d e", [(0, 1), (1, 2), (2, 3), (3, 4)]))
    heads, tails = entity_pairs(entities.counts)
    sizes = []
    in_parts.trained_layers.register_forward_pre_hook(
        lambda _, args, kwargs: sizes.append(len(kwargs["input_ids"])), with_kwargs=True
    )
    values = feature(entities, heads, tails, None)
    parts = in_parts(entities, heads, tails, None)
    # Twelve ordered pairs are six.
    assert sizes == [2, 2, 2]
    torch.testing.assert_close(values, parts)
    for of in (values, parts):
        of.square().sum().backward()
    for value, other in zip(feature.parameters(), in_parts.parameters(), strict=True):
        torch.testing.assert_close(value.grad, other.grad)


def test_without_pairs_there_is_nothing_to_encode(folder):
    feature = build(folder)
    entities = batch_of(folder, ("ab c", [(0, 1)]))
    values = feature(entities, *entity_pairs(entities.counts), None)
    assert values.shape == (0, feature.get_output_dim())


def test_an_indexer_that_is_not_there(folder):
    entities = batch_of(folder, ("ab c", [(0, 1), (1, 2)]))
    feature = EntityMarkersFeature(str(folder), "words")
    with pytest.raises(ConfigurationError, match="no token indexer 'words'.*are pieces"):
        feature(entities, *entity_pairs(entities.counts), None)


def test_no_pairs_at_once(folder):
    with pytest.raises(ConfigurationError, match="max_pairs_at_once is 0"):
        build(folder, max_pairs_at_once=0)
