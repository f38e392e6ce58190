"""
The output of a training.
"""

import functools
import inspect
import os
import sys
from os import PathLike
from typing import Any, Dict, Union

from dts_ee.compat.patching import replace, replace_everywhere
from dts_ee.console import say


def show_training() -> None:
    """
    Prints the data and parameters of a training, a line for each epoch, the test metrics and the
    archive.

    AllenNLP (2.10.1, with any torch) writes all this only to its log.
    """
    from allennlp.commands import train
    from allennlp.training import gradient_descent_trainer

    from dts_ee.training.epoch_lines import EpochLines

    original_init = train.TrainModel.__init__
    original_finish = train.TrainModel.finish
    original_archive_model = train.archive_model
    original_train_model = train.train_model

    @functools.wraps(original_init)
    def init(self: train.TrainModel, *args: Any, **kwargs: Any) -> None:
        # Imported late, when all patches are applied.
        from dts_ee.training.announcement import announce

        original_init(self, *args, **kwargs)
        announce(self)

    @functools.wraps(original_finish)
    def finish(self: train.TrainModel, metrics: Dict[str, Any]) -> None:
        original_finish(self, metrics)
        from dts_ee.training.epoch_line import figures

        test = figures(metrics, "test_", [])
        if test:
            say(f"test {test}", sys.stdout)

    @functools.wraps(original_archive_model)
    def archive_model(serialization_dir: Union[str, PathLike], *args: Any, **kwargs: Any) -> None:
        original_archive_model(serialization_dir, *args, **kwargs)
        say(f"the model is {os.path.join(serialization_dir, 'model.tar.gz')}", sys.stdout)

    @functools.wraps(original_train_model)
    def train_model(*args: Any, **kwargs: Any) -> Any:
        model = original_train_model(*args, **kwargs)
        arguments = inspect.signature(original_train_model).bind(*args, **kwargs).arguments
        if arguments.get("dry_run"):
            say("a dry run: nothing was trained", sys.stdout)
        return model

    replace(train.TrainModel, "__init__", init)
    replace(train.TrainModel, "finish", finish)
    replace(train, "archive_model", archive_model)
    replace_everywhere("allennlp", original_train_model, train_model)
    callbacks = (*gradient_descent_trainer.DEFAULT_CALLBACKS, EpochLines)
    replace(gradient_descent_trainer, "DEFAULT_CALLBACKS", callbacks)
