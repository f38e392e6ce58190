"""
AllenNLP's command `find-lr`.
"""

import functools
import inspect
import os
import sys
from typing import Any

from dts_ee.compat.patching import replace_everywhere
from dts_ee.console import say


def find_learning_rate_of_derived_trainers() -> None:
    """
    Makes `find-lr` take configurations of trainers that are derived from AllenNLP's, and say where
    its picture is.

    AllenNLP (2.10.1, with any torch) refuses every trainer type but `gradient_descent`, and prints
    nothing when it has finished. The search takes no epochs, so that the trainer `gradient_descent`
    stands in for one that is derived from it.
    """
    from allennlp.commands import find_learning_rate
    from allennlp.training import GradientDescentTrainer, Trainer

    original = find_learning_rate.find_learning_rate_model

    @functools.wraps(original)
    def find_learning_rate_model(*args: Any, **kwargs: Any) -> None:
        arguments = inspect.signature(original).bind(*args, **kwargs).arguments
        trainer = arguments["params"].get("trainer")
        name = trainer and trainer.get("type")
        if name and issubclass(Trainer.resolve_class_name(name)[0], GradientDescentTrainer):
            trainer["type"] = "gradient_descent"
        original(*args, **kwargs)
        picture = os.path.join(arguments["serialization_dir"], "lr-losses.png")
        say(
            f"the loss by learning rate is {picture}: take a rate where the loss falls fast, well "
            "below the one where it rises again",
            sys.stdout,
        )

    replace_everywhere("allennlp", original, find_learning_rate_model)
