"""
AllenNLP's progress bars.
"""

import functools
import io
import sys
import types
from typing import Any

from dts_ee.compat.patching import replace
from dts_ee.console import shows_log


def show_few_progress_bars() -> None:
    """
    Shows AllenNLP's progress bars only on a terminal, and removes them when they are finished.

    AllenNLP (2.10.1, with any torch) leaves two for each epoch of a training, and writes them into
    files, too. The trainer's are not shown at all: `EpochLines` has one for all epochs. The log has
    all of them, and `--file-friendly-logging` prints them as lines, as before.
    """
    from allennlp.common import logging as common_logging
    from allennlp.common import tqdm as allennlp_tqdm
    from allennlp.training import gradient_descent_trainer
    from transformers.utils import logging as transformers_logging

    if not shows_log():
        # Since transformers 5, loading a model's weights has one.
        transformers_logging.disable_progress_bar()

    original_write = allennlp_tqdm.TqdmToLogsWriter.write
    original_tqdm = allennlp_tqdm.Tqdm.tqdm

    class TrainerWriter(allennlp_tqdm.TqdmToLogsWriter):
        pass

    @functools.wraps(original_write)
    def write(self: allennlp_tqdm.TqdmToLogsWriter, message: str) -> None:
        is_shown = (
            shows_log()
            or common_logging.FILE_FRIENDLY_LOGGING
            or (sys.stderr.isatty() and not isinstance(self, TrainerWriter))
        )
        screen = sys.stderr if is_shown else io.StringIO()
        replace(allennlp_tqdm, "sys", types.SimpleNamespace(stderr=screen))
        original_write(self, message)

    @functools.wraps(original_tqdm)
    def tqdm(*args: Any, **kwargs: Any) -> Any:
        if not shows_log() and not common_logging.FILE_FRIENDLY_LOGGING:
            kwargs = {"leave": not sys.stderr.isatty(), **kwargs}
        return original_tqdm(*args, **kwargs)

    def trainer_tqdm(*args: Any, **kwargs: Any) -> Any:
        return tqdm(*args, **{"file": TrainerWriter(), **kwargs})

    replace(allennlp_tqdm.TqdmToLogsWriter, "write", write)
    replace(allennlp_tqdm.Tqdm, "tqdm", staticmethod(tqdm))
    replace(gradient_descent_trainer, "Tqdm", types.SimpleNamespace(tqdm=trainer_tqdm))
