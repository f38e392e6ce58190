"""
Distributed training.
"""

import functools
from typing import Any

from dts_ee.compat.patching import replace


def refuse_test_data_in_distributed_training() -> None:
    """
    Makes `evaluate_on_test` an error in distributed training.

    AllenNLP (2.10.1, with any torch) tests in the primary process alone, which has read only its
    part of the test data.
    """
    from allennlp.commands import train
    from allennlp.common.checks import ConfigurationError

    original = train.train_model

    @functools.wraps(original)
    def train_model(params: Any, *args: Any, **kwargs: Any) -> Any:
        if "distributed" in params and params.get("evaluate_on_test"):
            raise ConfigurationError(
                "evaluate_on_test: a distributed training would test on one process's part of the "
                "data alone: leave it out, and use `dts-ee evaluate` on the trained model"
            )
        return original(params, *args, **kwargs)

    replace(train, "train_model", train_model)
