from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from dts_ee.analysis.near_duplicates import SimilarPair, shingles, similar_pairs
from dts_ee.document import Document


def test_shingles_are_runs_of_characters_in_lower_case():
    assert shingles(Document(("An", "Elk"))) == {"an el", "n elk"}
    assert shingles(Document(("Hi",))) == {"hi"}


def test_similarity_is_shared_over_all():
    sets = [frozenset("abcd"), frozenset("wxyz"), frozenset("abcde"), frozenset("abcd")]
    assert similar_pairs(sets, 0.8) == [
        SimilarPair(0, 2, 4 / 5),
        SimilarPair(0, 3, 1.0),
        SimilarPair(2, 3, 4 / 5),
    ]
    assert similar_pairs(sets, 0.81) == [SimilarPair(0, 3, 1.0)]


@given(
    st.lists(st.frozensets(st.sampled_from("abcdefgh"), min_size=1), max_size=12),
    st.sampled_from([0.1, 0.25, 0.5, 0.6, 0.75, 0.8, 1.0]),
)
def test_no_pair_is_left_out(sets, threshold):
    expected = [
        (i, j, len(sets[i] & sets[j]) / len(sets[i] | sets[j]))
        for i, j in combinations(range(len(sets)), 2)
    ]
    expected = [pair for pair in expected if pair[2] >= threshold]
    found = similar_pairs(sets, threshold)
    assert sorted(found) == sorted(expected)
    assert [(pair.second, pair.first) for pair in found] == sorted((j, i) for i, j, _ in expected)
