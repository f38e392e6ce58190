"""
The folder that a training writes to.
"""

import functools
import glob
import os
import shutil
from os import PathLike
from typing import Any, Union

from dts_ee.compat.patching import replace
from dts_ee.errors import MISTAKE, explain


def remove_folder_of_failed_start() -> None:
    """
    Removes the serialization folder of a training that a user's mistake ended at its start.

    AllenNLP (2.10.1, with any torch) writes the configuration and a log there first, and refuses
    the folder when the mistake is corrected, as it is not empty.
    """
    from allennlp.commands import train

    original = train.train_model

    @functools.wraps(original)
    def train_model(
        params: Any,
        serialization_dir: Union[str, PathLike],
        recover: bool = False,
        force: bool = False,
        **kwargs: Any,
    ) -> Any:
        is_filled = os.path.isdir(serialization_dir) and os.listdir(serialization_dir)
        try:
            return original(params, serialization_dir, recover, force, **kwargs)
        except Exception as error:
            if (
                (force or not is_filled)
                and _is_clear_mistake(error)
                and not glob.glob(os.path.join(glob.escape(str(serialization_dir)), "*.th"))
            ):
                shutil.rmtree(serialization_dir, ignore_errors=True)
            raise

    replace(train, "train_model", train_model)


def _is_clear_mistake(error: Exception) -> bool:
    """Whether the message is enough, so that nobody needs the log."""
    explanation = explain(error)
    return explanation.status == MISTAKE and explanation.is_expected
