import random

import pytest
from allennlp.common import Params
from allennlp.common.checks import ConfigurationError
from allennlp.data.samplers import BatchSampler, BucketBatchSampler

from dts_ee.dataset_readers import SpertReader
from dts_ee.document import Document


def instances(number: int) -> list:
    reader = SpertReader()
    return [reader.text_to_instance(Document(tokens=("a",) * (i + 1))) for i in range(number)]


def sampler(**settings):
    return BatchSampler.from_params(
        Params({"type": "repeated_bucket", "sorting_keys": ["tokens"], **settings})
    )


# 7 instances in batches of 2 are 4 batches a pass.
@pytest.mark.parametrize("min_batches, passes", [(1, 1), (4, 1), (5, 2), (8, 2), (9, 3), (30, 8)])
def test_an_epoch_has_whole_passes_and_enough_batches(min_batches, passes):
    repeated = sampler(batch_size=2, min_batches=min_batches)
    listed = instances(7)
    batches = list(repeated.get_batch_indices(listed))
    assert len(batches) == repeated.get_num_batches(listed) == 4 * passes
    positions = sorted(position for batch in batches for position in batch)
    assert positions == sorted(list(range(7)) * passes)


def test_one_pass_is_what_bucket_does():
    listed = instances(20)
    random.seed(3)
    expected = list(BucketBatchSampler(4, ["tokens"]).get_batch_indices(listed))
    random.seed(3)
    assert list(sampler(batch_size=4, min_batches=5).get_batch_indices(listed)) == expected


def test_no_instances_make_no_batches():
    repeated = sampler(batch_size=2, min_batches=5)
    assert repeated.get_num_batches([]) == 0
    assert list(repeated.get_batch_indices([])) == []


def test_less_than_one_batch_is_an_error():
    with pytest.raises(ConfigurationError, match="`min_batches` is 0, less than 1"):
        sampler(batch_size=2, min_batches=0)
