import pytest
import torch

from dts_ee.modules.entity_batch import entity_pairs, flatten_spans, pair_indices, unordered_pairs


@pytest.mark.parametrize("counts", [[0], [1], [2], [0, 0], [3, 0, 1, 4], [1, 1], [5, 2]])
def test_every_ordered_pair_of_a_sentence_is_there_in_the_documented_order(counts):
    heads, tails = entity_pairs(torch.tensor(counts))
    expected, first = [], 0
    for count in counts:
        expected += [
            (first + head, first + tail)
            for head in range(count)
            for tail in range(count)
            if head != tail
        ]
        first += count
    assert list(zip(heads.tolist(), tails.tolist(), strict=True)) == expected


@pytest.mark.parametrize("counts", [[0], [1], [2], [0, 0], [3, 0, 1, 4], [1, 1], [5, 2]])
def test_every_unordered_pair_of_a_sentence_is_there_once(counts):
    heads, tails = entity_pairs(torch.tensor(counts))
    firsts, seconds, indices = unordered_pairs(torch.tensor(counts), heads, tails)
    pairs = list(zip(firsts.tolist(), seconds.tolist(), strict=True))
    ordered = list(zip(heads.tolist(), tails.tolist(), strict=True))
    assert pairs == [(head, tail) for head, tail in ordered if head < tail]
    assert [pairs[i] for i in indices] == [(min(pair), max(pair)) for pair in ordered]


def test_pairs_are_found_by_their_head_and_tail():
    # Sentences of two, one and three entities: (0, 1) (1, 0), none, (3, 4) (3, 5) (4, 3) (4, 5) ...
    wanted = [(5, 4), (0, 1), (3, 5), (1, 0), (4, 3)]
    heads, tails = torch.tensor(wanted).unbind(1)
    assert pair_indices(torch.tensor([2, 1, 3]), heads, tails).tolist() == [7, 0, 3, 1, 4]
    nothing = torch.zeros(0, dtype=torch.long)
    assert pair_indices(torch.tensor([1, 0]), nothing, nothing).shape == (0,)


def test_spans_are_flattened_sentence_after_sentence():
    sentences, starts, ends, counts = flatten_spans(
        [[(0, 2), (3, 4)], [], [(1, 5)]], torch.device("cpu")
    )
    assert sentences.tolist() == [0, 0, 2]
    assert starts.tolist() == [0, 3, 1]
    assert ends.tolist() == [2, 4, 5]
    assert counts.tolist() == [2, 0, 1]


def test_a_batch_without_entities():
    sentences, starts, ends, counts = flatten_spans([[], []], torch.device("cpu"))
    assert len(sentences) == len(starts) == len(ends) == 0
    assert counts.tolist() == [0, 0]
