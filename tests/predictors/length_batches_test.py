from hypothesis import given
from hypothesis import strategies as st

from dts_ee.predictors.length_batches import batches_by_length

LENGTHS = st.lists(st.integers(1, 60), max_size=40)


@given(lengths=LENGTHS, max_tokens=st.integers(1, 100))
def test_every_sentence_is_in_one_batch_within_the_bound(lengths, max_tokens):
    batches = batches_by_length(lengths, max_tokens)
    assert sorted(i for batch in batches for i in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[i] for i in batch) <= max_tokens
    in_order = [lengths[i] for batch in batches for i in batch]
    assert in_order == sorted(lengths, reverse=True)


@given(lengths=LENGTHS, max_tokens=st.integers(1, 100))
def test_batches_are_as_full_as_the_bound_allows(lengths, max_tokens):
    for batch in batches_by_length(lengths, max_tokens)[:-1]:
        assert (len(batch) + 1) * lengths[batch[0]] > max_tokens


def test_a_long_sentence_does_not_pad_the_others():
    assert batches_by_length([5] * 31 + [1000], 1024) == [[31], list(range(31))]


def test_no_sentences():
    assert batches_by_length([], 1024) == []
