import pytest
from hypothesis import given
from hypothesis import strategies as st

from dts_ee.corpora.folds import divide_into_folds
from dts_ee.document import DocumentError


@given(st.lists(st.sampled_from("abcdefgh"), min_size=4), st.integers(2, 4), st.integers(0, 9))
def test_every_document_is_in_one_fold_with_its_group(groups, num_folds, seed):
    if len(set(groups)) < num_folds:
        with pytest.raises(DocumentError, match=f"cannot be divided into {num_folds} fold"):
            divide_into_folds(groups, num_folds, seed)
        return
    folds = divide_into_folds(groups, num_folds, seed)
    assert len(folds) == num_folds and all(folds)
    assert sorted(index for fold in folds for index in fold) == list(range(len(groups)))
    assert all(fold == sorted(fold) for fold in folds)
    assert sum(len({groups[index] for index in fold}) for fold in folds) == len(set(groups))
    # The largest fold took its last group when it was the smallest.
    largest_group = max(map(groups.count, groups))
    sizes = list(map(len, folds))
    assert max(sizes) - min(sizes) <= largest_group


def test_sizes_are_balanced_and_the_seed_decides():
    groups = [str(i // 3) for i in range(300)] + [f"single {i}" for i in range(17)]
    one, same, other = (divide_into_folds(groups, 10, seed) for seed in (1, 1, 2))
    assert sorted(map(len, one)) == [31] * 3 + [32] * 7
    assert one == same
    assert one != other


def test_one_fold_is_none():
    with pytest.raises(DocumentError, match="3 texts cannot be divided into 1 fold:"):
        divide_into_folds(["a", "b", "c"], 1, 0)
