"""
Parts of a training that do not depend on how large a corpus is.
"""

from dts_ee.training.repeated_bucket_sampler import RepeatedBucketBatchSampler
from dts_ee.training.trainer import DtsTrainer

__all__ = ["DtsTrainer", "RepeatedBucketBatchSampler"]
