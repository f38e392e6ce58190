"""
The folder that a training writes to.
"""

import functools
import glob
import os
import shutil
from os import PathLike
from typing import Any, List, Union

from dts_ee.atomic_files import remove_unfinished_files
from dts_ee.compat.patching import replace, replace_everywhere
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
                and not _checkpoints(serialization_dir)
            ):
                shutil.rmtree(serialization_dir, ignore_errors=True)
            raise

    replace(train, "train_model", train_model)


def recover_from_any_moment() -> None:
    """
    Lets a training be recovered that was cut off before its first checkpoint.

    AllenNLP (2.10.1, with any torch) refuses a folder that is still empty. In distributed training,
    it reads the vocabulary from the folder, which may not be there yet, or only in part. Here, what
    was half written is removed, and without a checkpoint the training starts anew.
    """
    from allennlp.common import Params
    from allennlp.training import util

    original = util.create_serialization_dir

    @functools.wraps(original)
    def create_serialization_dir(
        params: Params, serialization_dir: Union[str, PathLike], recover: bool, force: bool
    ) -> None:
        if os.path.isdir(serialization_dir):
            remove_unfinished_files(serialization_dir)
            recover = recover and bool(os.listdir(serialization_dir))
        original(params, serialization_dir, recover, force)
        if recover and "distributed" in params and not _checkpoints(serialization_dir):
            vocabulary = os.path.join(serialization_dir, "vocabulary")
            shutil.rmtree(vocabulary, ignore_errors=True)
            util.make_vocab_from_params(params.duplicate(), serialization_dir)

    replace_everywhere("allennlp", original, create_serialization_dir)


def _checkpoints(serialization_dir: Union[str, PathLike]) -> List[str]:
    return glob.glob(os.path.join(glob.escape(str(serialization_dir)), "*.th"))


def _is_clear_mistake(error: Exception) -> bool:
    """Whether the message is enough, so that nobody needs the log."""
    explanation = explain(error)
    return explanation.status == MISTAKE and explanation.is_expected
