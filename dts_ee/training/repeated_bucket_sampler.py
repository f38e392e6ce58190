"""
A sampler that repeats a small corpus within an epoch.
"""

from typing import Any, Iterable, List, Sequence

from allennlp.common.checks import ConfigurationError
from allennlp.data import Instance
from allennlp.data.samplers import BatchSampler, BucketBatchSampler


@BatchSampler.register("repeated_bucket")
class RepeatedBucketBatchSampler(BucketBatchSampler):
    """
    AllenNLP's `bucket` sampler, which repeats the instances until an epoch has at least
    `min_batches` batches. If one pass has as many, it is the same as `bucket`.

    It is for training only: an evaluation would count repeated instances.

    With a fixed number of epochs there is a minimum number of optimiser steps, and the schedule of
    the learning rate covers all of them.

    Registered as a `BatchSampler` with name `"repeated_bucket"`.

    # Parameters

    batch_size : `int`
        The number of instances in a batch.
    min_batches : `int`
        The minimum number of batches of an epoch.
    kwargs : `Any`
        Further arguments of `bucket`, such as `sorting_keys`.

    # Raises

    `ConfigurationError`
        If `min_batches` is less than 1.
    """

    def __init__(self, batch_size: int, min_batches: int, **kwargs: Any) -> None:
        super().__init__(batch_size, **kwargs)
        if min_batches < 1:
            raise ConfigurationError(f"`min_batches` is {min_batches}, less than 1")
        self.min_batches = min_batches

    def num_passes(self, instances: Sequence[Instance]) -> int:
        """How often an epoch goes over the instances."""
        batches_in_pass = super().get_num_batches(instances)
        return -(-self.min_batches // batches_in_pass) if batches_in_pass else 1

    def get_batch_indices(self, instances: Sequence[Instance]) -> Iterable[List[int]]:
        for _ in range(self.num_passes(instances)):
            yield from super().get_batch_indices(instances)

    def get_num_batches(self, instances: Sequence[Instance]) -> int:
        return self.num_passes(instances) * super().get_num_batches(instances)
